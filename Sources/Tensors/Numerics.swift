/// How products treat numbers.
package enum Numerics: String, CaseIterable, Sendable {
  /// Float32 activations against exactly decoded weights: what is captured is what the weights compute.
  case exact
  /// Rounded activations with sums in float32: what is captured is what this arithmetic computes.
  ///
  /// Before Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K weights, of prompts and of tokens being decoded alike,
  /// activations become signed bytes in blocks of 32 with one scale each, each off by at most 1/254 of its block's
  /// largest; the weights stay as they are. Other weights of prompts and their activations are rounded to bfloat16
  /// (8 bits of mantissa) where the processor multiplies that (AVX512-BF16). All else is ``exact``: what a matrix gets,
  /// ``Roundings`` tells.
  case fast
}
