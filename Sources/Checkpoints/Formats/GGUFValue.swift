/// One metadata value of a GGUF file.
enum GGUFValue: Sendable, Equatable {
  case integer(Int)
  /// A whole number of 2^63 or more: no key that is read may have it.
  case unsigned(UInt64)
  case number(Double)
  case bool(Bool)
  case string(String)
  case array(GGUFArray)
  /// Arrays in an array: walked, never decoded.
  case nested(count: Int)

  /// The type numbers of the format's metadata.
  enum Code: UInt32, Sendable {
    case uint8 = 0, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64
    case float64

    /// Bytes of one value, or nil where the length is in the file.
    var width: Int? {
      switch self {
      case .uint8, .int8, .bool: 1
      case .uint16, .int16: 2
      case .uint32, .int32, .float32: 4
      case .uint64, .int64, .float64: 8
      case .string, .array: nil
      }
    }
  }

  /// How a refusal names what it found.
  var kind: String {
    switch self {
    case .integer: "an integer"
    case .unsigned(let value): "\(value)"
    case .number: "a number"
    case .bool: "a boolean"
    case .string: "a string"
    case .nested(let count): "an array of \(count) arrays"
    case .array(let array): "an array of \(array.count) \(array.element)"
    }
  }
}

/// An array in a GGUF file's metadata: walked when the file is opened, decoded only where it is wanted.
struct GGUFArray: Sendable, Equatable {
  let element: GGUFValue.Code
  let count: Int
  /// Where the first element lies in the file.
  let offset: Int
}
