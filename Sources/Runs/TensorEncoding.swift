/// How a captured tensor is written inside a JSON answer.
package enum TensorEncoding: String, Sendable, CaseIterable {
  /// Arrays nested after the shape.
  case nested
  /// One flat array, row-major.
  case list
  /// Little-endian row-major bytes of the dtype, in base64.
  case base64
  /// The description only.
  case none
}
