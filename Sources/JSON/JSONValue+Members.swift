internal import OrderedCollections

/// What a value holds, if it is of the kind asked for.
extension JSONValue {
  /// The member of an object, or nil for any other value.
  public subscript(name: String) -> JSONValue? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  /// The member of an object; nil where there is none, or null.
  package subscript(present name: String) -> JSONValue? {
    self[name].flatMap { $0.isNull ? nil : $0 }
  }

  /// The text, if this is a string.
  public var string: String? { if case .string(let text) = self { text } else { nil } }

  /// The truth, if this is a boolean.
  public var bool: Bool? { if case .bool(let truth) = self { truth } else { nil } }

  /// The elements, if this is an array.
  public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

  /// The members, if this is an object, in the order of writing.
  public var members: [Member]? {
    if case .object(let members) = self { members.map { Member($0.key, $0.value) } } else { nil }
  }

  /// Whether this is `null`.
  public var isNull: Bool { if case .null = self { true } else { false } }

  /// The number, if this is one.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .float(let value): Double(value)
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// The whole number, if this is one exactly.
  ///
  /// Above 2^53 only those written without fraction and exponent: others had more digits than a double holds.
  public var integer: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): value.magnitude <= 0x1p53 ? Int64(exactly: value) : nil
    case .float(let value): value.magnitude <= 0x1p24 ? Int64(exactly: value) : nil
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// What kind of value this is, for error texts.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .float(let value): String(value)
    case .string(let text): "\"" + String(text.prefix(80)) + "\""
    case .array(let list): "an array of \(list.count)"
    case .object(let members): "an object with \(members.keys.prefix(4).joined(separator: ", "))"
    }
  }
}
