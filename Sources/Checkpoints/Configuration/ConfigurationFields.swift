internal import JSON

/// Typed, range-checked reading of configuration values, whatever file they come from.
///
/// Every refusal names the field, what it may be and what it is.
struct ConfigurationFields {
  /// A field's value as its file has it.
  enum Value: Equatable, Sendable {
    case integer(Int)
    case number(Double)
    case bool(Bool)
    case string(String)
    case integers([Int])
    case numbers([Double])
    case strings([String])
    case bools([Bool])
    case other(String)
  }

  let file: String
  /// Finds a field by the file's own name; nil where it is absent or null.
  let look: (String) throws(CheckpointError) -> Value?
  /// True for families nobody here knows: their missing sizes read as the range's lower bound, so that the
  /// refusal can come from whoever lists the known families.
  let isLenient: Bool
  /// What the file itself calls a field that is asked for by this name; refusals say it.
  var spelling: (String) -> String = { $0 }
  /// How many values may stand for a size, one a layer and all of them equal, as GGUF writes some; nil in other files.
  var listCount: Int?

  /// The first of the names that is there, as an integer in the range; nil where none is.
  func integer(_ names: String..., in range: ClosedRange<Int>) throws(CheckpointError) -> Int? {
    try integer(names, in: range)
  }

  func integer(_ names: [String], in range: ClosedRange<Int>) throws(CheckpointError) -> Int? {
    guard let (name, value) = try first(names) else { return nil }
    return try integer(value, name, in: range)
  }

  /// As above, and refused where no name is there.
  func required(_ names: String..., in range: ClosedRange<Int>) throws(CheckpointError) -> Int {
    if let (name, value) = try first(names) { return try integer(value, name, in: range) }
    if isLenient { return range.lowerBound }
    throw missing(names)
  }

  /// A finite number in the range.
  func number(_ names: String..., in range: ClosedRange<Double>) throws(CheckpointError) -> Double?
  {
    try number(names, in: range)
  }

  func number(_ names: [String], in range: ClosedRange<Double>) throws(CheckpointError) -> Double? {
    guard let (name, value) = try first(names) else { return nil }
    let number: Double
    switch value {
    case .integer(let whole): number = Double(whole)
    case .number(let any): number = any
    default: throw wrong(name, "a number", value)
    }
    guard range.contains(number) else {
      throw wrong(name, "a number from \(range.lowerBound) to \(range.upperBound)", value)
    }
    return number
  }

  func bool(_ names: String...) throws(CheckpointError) -> Bool? {
    guard let (name, value) = try first(names) else { return nil }
    guard case .bool(let flag) = value else { throw wrong(name, "true or false", value) }
    return flag
  }

  func string(_ names: String...) throws(CheckpointError) -> String? {
    guard let (name, value) = try first(names) else { return nil }
    guard case .string(let text) = value else { throw wrong(name, "a string", value) }
    return text
  }

  func strings(_ name: String) throws(CheckpointError) -> [String]? {
    guard let value = try look(name) else { return nil }
    if case .integers(let empty) = value, empty.isEmpty { return [] }
    guard case .strings(let list) = value else { throw wrong(name, "an array of strings", value) }
    return list
  }

  func bools(_ name: String) throws(CheckpointError) -> [Bool]? {
    guard let value = try look(name) else { return nil }
    guard case .bools(let list) = value else { throw wrong(name, "an array of booleans", value) }
    return list
  }

  func numbers(_ name: String) throws(CheckpointError) -> [Double]? {
    guard let value = try look(name) else { return nil }
    switch value {
    case .integers(let list): return list.map(Double.init)
    case .numbers(let list): return list
    default: throw wrong(name, "an array of numbers", value)
    }
  }

  /// One integer or a list of them.
  func integers(_ name: String, in range: ClosedRange<Int>) throws(CheckpointError) -> [Int]? {
    guard let value = try look(name) else { return nil }
    let list: [Int]
    switch value {
    case .integer(let one): list = [one]
    case .integers(let many): list = many
    default: throw wrong(name, "integers", value)
    }
    guard list.allSatisfy(range.contains) else {
      throw wrong(name, "integers from \(range.lowerBound) to \(range.upperBound)", value)
    }
    return list
  }

  /// True where the file has a value of that name.
  func has(_ name: String) throws(CheckpointError) -> Bool { try look(name) != nil }

  func wrong(_ name: String, _ expected: String, _ found: Value) -> CheckpointError {
    wrong(name, expected, found: found.text)
  }

  func wrong(_ name: String, _ expected: String, found: String) -> CheckpointError {
    CheckpointError(.mismatch, file: file, .field(spelling(name)), expected: expected, found: found)
  }

  func unsupported(_ name: String, _ expected: String, found: String) -> CheckpointError {
    CheckpointError(
      .unsupported, file: file, .field(spelling(name)), expected: expected, found: found)
  }

  private func missing(_ names: [String]) -> CheckpointError {
    CheckpointError(
      .missing, file: file, .field(names.first ?? ""), expected: "a value", found: "none")
  }

  private func first(_ names: [String]) throws(CheckpointError) -> (String, Value)? {
    for name in names {
      if let value = try look(name) { return (name, value) }
    }
    return nil
  }

  private func integer(_ value: Value, _ name: String, in range: ClosedRange<Int>)
    throws(CheckpointError) -> Int
  {
    let expected = "an integer from \(range.lowerBound) to \(range.upperBound)"
    let whole: Int
    switch value {
    case .integer(let any): whole = any
    case .number(let any):
      guard let exact = Int(exactly: any) else { throw wrong(name, expected, value) }
      whole = exact
    case .integers(let list) where listCount != nil:
      guard list.count == listCount else {
        throw wrong(name, "\(listCount ?? 0) integers, one a layer", found: "\(list.count)")
      }
      guard let one = list.first, list.allSatisfy({ $0 == one }) else {
        throw unsupported(name, "the same size in every layer", found: value.text)
      }
      whole = one
    default: throw wrong(name, expected, value)
    }
    guard range.contains(whole) else { throw wrong(name, expected, value) }
    return whole
  }
}

extension ConfigurationFields.Value {
  var text: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .string(let value): "'\(value)'"
    case .integers(let list): "\(list.prefix(8))"
    case .numbers(let list): "\(list.prefix(8))"
    case .strings(let list): "\(list.prefix(8))"
    case .bools(let list): "\(list.prefix(8))"
    case .other(let text): text
    }
  }

  /// A JSON value; nil for null.
  init?(_ json: JSONValue) {
    switch json {
    case .null: return nil
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(Int(value))
    case .number(let value): self = .number(value)
    case .float(let value): self = .number(Double(value))
    case .string(let value): self = .string(value)
    case .array(let elements): self = Self.list(elements)
    case .object:
      self = .other(json.members?.isEmpty == true ? "an object without members" : "an object")
    }
  }

  private static func list(_ elements: [JSONValue]) -> Self {
    let integers = elements.compactMap {
      if case .integer(let value) = $0 { Int(value) } else { nil }
    }
    if integers.count == elements.count { return .integers(integers) }
    let numbers = elements.compactMap { element -> Double? in
      switch element {
      case .integer(let value): Double(value)
      case .number(let value): value
      default: nil
      }
    }
    if numbers.count == elements.count { return .numbers(numbers) }
    let strings = elements.compactMap { if case .string(let value) = $0 { value } else { nil } }
    if strings.count == elements.count { return .strings(strings) }
    return .other("a mixed array of \(elements.count)")
  }
}
