package import OrderedCollections

/// A JSON value that keeps the order of an object's members.
///
/// Templates print tool descriptions as they were given, so order is part of the prompt; Foundation's
/// decoders lose it.
///
/// - Standard: RFC 8259. Of several members with one name the last counts.
package indirect enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits.
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(OrderedDictionary<String, JSONValue>)

  /// Parses a whole document.
  ///
  /// - Throws: `JSONError` with the byte offset of the first fault.
  package init(parsing bytes: [UInt8]) throws(JSONError) {
    var scanner = try JSONScanner(bytes)
    self = try scanner.value()
    try scanner.end()
  }

  /// The member of an object, or nil for any other value.
  package subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  package var text: String? { if case .string(let text) = self { text } else { nil } }
  package var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  package var elements: [JSONValue]? { if case .array(let list) = self { list } else { nil } }
  package var isNull: Bool { self == .null }

  package var whole: Int64? {
    switch self {
    case .integer(let value): value
    // Larger ones may be rounded: they were written with more digits than a double holds.
    case .number(let value): abs(value) <= 0x1p53 ? Int64(exactly: value) : nil
    default: nil
    }
  }

  /// What kind of value this is, for error texts.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .string(let text): "\"" + String(text.prefix(80)) + "\""
    case .array(let list): "an array of \(list.count)"
    case .object(let members): "an object with \(members.keys.prefix(4).joined(separator: ", "))"
    }
  }
}
