/// How products treat numbers.
package enum Numerics: String, CaseIterable, Sendable {
  /// Float32 activations against exactly decoded weights: what is captured is what the weights compute.
  case exact
  /// Prompt chunks in bfloat16, activations and decoded weights rounded to 8 bits of mantissa, sums in float32.
  ///
  /// About twice as fast where the processor multiplies bfloat16 (AVX512-BF16), the same as ``exact`` elsewhere.
  /// Decoding a token stays exact: it waits for memory, not for arithmetic.
  case fast
}
