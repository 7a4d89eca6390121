/// How products treat activations.
package enum Numerics: String, CaseIterable, Sendable {
  /// Float32 activations against exactly decoded weights: what is captured is what the weights compute.
  case exact
  /// Activations rounded to 8-bit blocks of 32 where the instruction set gains from it.
  case fast
}
