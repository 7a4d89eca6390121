/// What activations are when a product multiplies them.
package enum ProductPrecision: String, Sendable, Hashable {
  /// As they were computed.
  case float32
  /// Rounded to eight bits of mantissa, and the weights with them.
  case bfloat16
  /// Rounded to signed bytes in blocks of 32 with one scale each.
  case int8
}
