/// What becomes of every name that a family's configuration may hold.
///
/// A name is read, or without effect on what a pass computes, or refused unless it has the value that changes nothing.
/// A name in none of the three is not understood: it is listed (``ModelConfiguration/unknownFields``), never applied.
/// Names and defaults are those of the family's configuration class in transformers; `Tests/References/configurations`
/// keeps what the library says, and a test holds this to it.
struct ConfigurationKeys: Sendable {
  typealias Value = ConfigurationFields.Value

  /// What stands where a file leaves a name out, and whether null may stand there.
  enum Default: Sendable, Equatable {
    /// The value; null is refused.
    case value(Value)
    /// The value where the name is absent; null means none.
    case orNull(Value)
    /// The value where the name is absent; null is refused, though the library's class may hold it.
    case needed(Value)
    /// Absent and null both mean none, or a number that follows from others.
    case none
    /// Absent, it follows from others; null is refused, since the library cannot compute with it.
    case derived
  }

  /// Names that are read.
  var used: [String: Default] = [:]
  /// Other spellings of names that are read; where both stand in a file the other spelling wins, as in transformers.
  var aliases: [String: String] = [:]
  /// Names that may only have one of these values; null always may.
  var fixed: [String: [Value]] = [:]
  /// Names without effect on what a pass computes: training, printing, other heads, sampling.
  var idle: Set<String> = []

  func knows(_ name: String) -> Bool {
    used[name] != nil || aliases[name] != nil || fixed[name] != nil || idle.contains(name)
  }

  /// These keys and others, which win.
  func with(
    used more: [String: Default] = [:], aliases others: [String: String] = [:],
    fixed values: [String: [Value]] = [:], idle silent: Set<String> = []
  ) -> ConfigurationKeys {
    var keys = self
    for name in Set(more.keys).union(values.keys).union(silent) { keys.remove(name) }
    keys.used.merge(more) { $1 }
    keys.aliases.merge(others) { $1 }
    keys.fixed.merge(values) { $1 }
    keys.idle.formUnion(silent)
    return keys
  }

  /// These keys and all of others, which win.
  func with(_ other: ConfigurationKeys) -> ConfigurationKeys {
    with(used: other.used, aliases: other.aliases, fixed: other.fixed, idle: other.idle)
  }

  /// These keys without some.
  func without(_ names: String...) -> ConfigurationKeys {
    var keys = self
    for name in names { keys.remove(name) }
    return keys
  }

  private mutating func remove(_ name: String) {
    used[name] = nil
    fixed[name] = nil
    idle.remove(name)
  }
}

extension ConfigurationKeys.Default: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral
{
  init(integerLiteral value: Int) { self = .value(.integer(value)) }
  init(floatLiteral value: Double) { self = .value(.number(value)) }
  init(booleanLiteral value: Bool) { self = .value(.bool(value)) }
  init(stringLiteral value: String) { self = .value(.string(value)) }
  init(nilLiteral: ()) { self = .none }

  /// The value that stands for an absent name.
  var value: ConfigurationFields.Value? {
    switch self {
    case .value(let value), .orNull(let value), .needed(let value): value
    case .none, .derived: nil
    }
  }
}
