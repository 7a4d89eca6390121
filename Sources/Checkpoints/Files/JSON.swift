/// A small JSON document as a tree: configurations, never headers or vocabularies.
enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// Values that one configuration file may hold.
  static let valueLimit = 1 << 18
  /// Bytes of a configuration file.
  static let byteLimit = 16 << 20

  /// Reads a whole file.
  static func file(_ mapping: Mapping) throws(CheckpointError) -> JSON {
    guard mapping.count <= byteLimit else {
      throw CheckpointError(
        .unsupported, file: mapping.path, .file, expected: "at most \(byteLimit) bytes",
        found: "\(mapping.count)")
    }
    var reader = JSONReader(mapping)
    var budget = valueLimit
    let value = try reader.value(budget: &budget)
    try reader.finish()
    return value
  }

  /// A member of an object; nil where there is none, or null.
  subscript(_ name: String) -> JSON? {
    guard case .object(let members) = self, let value = members[name], value != .null else {
      return nil
    }
    return value
  }

  /// How a refusal names what it found.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "'\(value)'"
    case .array(let elements): "an array of \(elements.count)"
    case .object: "an object"
    }
  }
}
