public import OrderedCollections

/// A JSON document as a value; objects keep the order of their members, which is part of a prompt.
///
/// Numbers from tensors may be NaN or infinite here; JSON has only `null` for them.
///
/// - Standard: RFC 8259. Of several members with one name the last counts.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits.
  case integer(Int64)
  case number(Double)
  /// A single-precision number, written with the digits a single needs.
  case float(Float)
  case string(String)
  case array([JSONValue])
  case object(OrderedDictionary<String, JSONValue>)

  /// One member of an object.
  public struct Member: Sendable, Hashable {
    /// The key.
    public var name: String
    /// What it stands for.
    public var value: JSONValue

    /// Pairs a key and a value.
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// An object; of several members with one name the last counts.
  public init(members: [Member]) {
    self = .object(
      OrderedDictionary(members.lazy.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
  }

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

  /// Parses a whole document by the plain rules of RFC 8259; nesting is bounded, so hostile depth costs no stack.
  public init(parsing bytes: [UInt8]) throws(JSONFault) {
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
}
