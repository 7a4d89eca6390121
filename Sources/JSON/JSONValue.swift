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
  /// - Parameter refuse: makes the reader's own error of the first fault.
  package init<Failure>(
    parsing bytes: [UInt8], _ rules: JSONRules = JSONRules(),
    refuse: @escaping (JSONFault) -> Failure
  ) throws(Failure) {
    var scanner = try JSONScanner(bytes, rules, refuse: refuse)
    self = try scanner.value()
    try scanner.end()
  }

  /// Parses a whole document by the plain rules.
  package init(parsing bytes: [UInt8]) throws(JSONFault) {
    try self.init(parsing: bytes) { $0 }
  }

  /// A value that holds no others.
  package init(_ scalar: JSONScalar) {
    self =
      switch scalar {
      case .null: .null
      case .bool(let flag): .bool(flag)
      case .integer(let whole): .integer(whole)
      case .number(let number): .number(number)
      case .string(let text): .string(text)
      }
  }

  /// The member of an object, or nil for any other value.
  package subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The member of an object; nil where there is none, or null.
  package subscript(present key: String) -> JSONValue? {
    self[key].flatMap { $0.isNull ? nil : $0 }
  }

  package var text: String? { if case .string(let text) = self { text } else { nil } }
  package var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  package var elements: [JSONValue]? { if case .array(let list) = self { list } else { nil } }
  package var members: [(name: String, value: JSONValue)]? {
    if case .object(let members) = self { members.map { ($0.key, $0.value) } } else { nil }
  }
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
