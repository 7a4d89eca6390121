/// A JSON value that holds no others.
package enum JSONScalar: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits.
  case integer(Int64)
  case number(Double)
  case string(String)
}
