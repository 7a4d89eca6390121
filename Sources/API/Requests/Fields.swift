package import JSON
internal import OrderedCollections

/// The members of a JSON object in a request, read one by one with refusals that name field and value.
///
/// Unknown members are ignored, `null` counts as absent, and nothing is converted: a number in a string is refused.
package struct Fields: Sendable {
  /// The object.
  package let value: JSONValue
  /// Where it stands in the body: empty, or `activation_hooks[2].`.
  let path: String
  /// Bytes of the body that it is a part of; 0 where it was made of none.
  let byteCount: Int

  init(_ value: JSONValue, path: String = "", byteCount: Int = 0) throws(Refusal) {
    guard case .object = value else {
      guard path.isEmpty else {
        throw .wrongType(field: String(path.dropLast()), expected: "an object", found: value.kind)
      }
      throw .notAnObject(found: value.kind)
    }
    self.value = value
    self.path = path
    self.byteCount = byteCount
  }

  /// Reads a whole body.
  package init(body: [UInt8]) throws(Refusal) {
    guard body.contains(where: { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }) else {
      throw .bodyRequired
    }
    let value: JSONValue
    do {
      value = try JSONValue(parsing: body, JSONRules(values: Self.valueLimit)) { $0 }
    } catch {
      throw .malformedJSON(offset: error.offset, expected: error.expected, found: error.found)
    }
    try self.init(value, byteCount: body.count)
  }

  /// Values that a body may hold: a few bytes of it can become hundreds in memory.
  private static let valueLimit = 2 << 20

  /// An empty body stands for an object without members where every member is optional.
  package init(optionalBody body: [UInt8]) throws(Refusal) {
    if body.allSatisfy({ [0x20, 0x09, 0x0a, 0x0d].contains($0) }) {
      try self.init(.object([:]))
    } else {
      try self.init(body: body)
    }
  }

  /// A member that is there and not null.
  package subscript(name: String) -> JSONValue? { value[present: name] }

  /// A member's full name, for refusals.
  func name(_ member: String) -> String { path + member }

  func wrong(_ member: String, _ expected: String, _ found: JSONValue) -> Refusal {
    .wrongType(field: name(member), expected: expected, found: found.kind)
  }

  // MARK: Scalars

  package func string(_ member: String) throws(Refusal) -> String? {
    guard let value = self[member] else { return nil }
    guard let text = value.string else { throw wrong(member, "a string", value) }
    return text
  }

  package func bool(_ member: String) throws(Refusal) -> Bool? {
    guard let value = self[member] else { return nil }
    guard let flag = value.bool else { throw wrong(member, "true or false", value) }
    return flag
  }

  package func integer(
    _ member: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(Refusal) -> Int? {
    guard let value = self[member] else { return nil }
    guard let whole = value.integer else { throw wrong(member, "an integer", value) }
    guard range.contains(Int(whole)) else { throw outside(member, value, range) }
    return Int(whole)
  }

  package func number(
    _ member: String,
    in range: ClosedRange<Double> = -.greatestFiniteMagnitude ... .greatestFiniteMagnitude
  ) throws(Refusal) -> Double? {
    guard let value = self[member] else { return nil }
    guard let number = value.double else { throw wrong(member, "a number", value) }
    guard range.contains(number) else {
      throw .outOfRange(
        field: name(member), found: value.kind,
        allowed: "from \(brief(range.lowerBound)) to \(brief(range.upperBound))")
    }
    return number
  }

  /// One of a list of texts.
  package func choice(_ member: String, _ allowed: [String]) throws(Refusal) -> String? {
    guard let text = try string(member) else { return nil }
    guard allowed.contains(text) else {
      throw .unknownValue(field: name(member), found: "\"\(text.prefix(80))\"", allowed: allowed)
    }
    return text
  }

  // MARK: Collections

  package func object(_ member: String) throws(Refusal) -> Fields? {
    guard let value = self[member] else { return nil }
    return try Fields(value, path: name(member) + ".", byteCount: byteCount)
  }

  package func objects(_ member: String) throws(Refusal) -> [Fields]? {
    guard let value = self[member] else { return nil }
    guard let list = value.array else { throw wrong(member, "an array of objects", value) }
    var result: [Fields] = []
    for (index, element) in list.enumerated() {
      result.append(
        try Fields(element, path: name(member) + "[\(index)].", byteCount: byteCount))
    }
    return result
  }

  package func integers(
    _ member: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(Refusal) -> [Int]? {
    guard let value = self[member] else { return nil }
    guard let list = value.array else { throw wrong(member, "an array of integers", value) }
    var result: [Int] = []
    for (index, element) in list.enumerated() {
      guard let whole = element.integer else {
        throw wrong("\(member)[\(index)]", "an integer", element)
      }
      guard range.contains(Int(whole)) else { throw outside("\(member)[\(index)]", element, range) }
      result.append(Int(whole))
    }
    return result
  }

  package func floats(_ member: String) throws(Refusal) -> [Float]? {
    guard let value = self[member] else { return nil }
    guard let list = value.array else { throw wrong(member, "an array of numbers", value) }
    var result: [Float] = []
    for (index, element) in list.enumerated() {
      guard let number = element.double, Float(number).isFinite else {
        throw wrong("\(member)[\(index)]", "a number", element)
      }
      result.append(Float(number))
    }
    return result
  }

  /// One text or several.
  package func strings(_ member: String) throws(Refusal) -> [String]? {
    guard let value = self[member] else { return nil }
    if let text = value.string { return [text] }
    guard let list = value.array else {
      throw wrong(member, "a string or an array of strings", value)
    }
    var result: [String] = []
    for (index, element) in list.enumerated() {
      guard let text = element.string else {
        throw wrong("\(member)[\(index)]", "a string", element)
      }
      result.append(text)
    }
    return result
  }

  private func outside(
    _ member: String, _ value: JSONValue, _ range: ClosedRange<Int>
  ) -> Refusal {
    let allowed =
      range.upperBound == .max
      ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    return .outOfRange(field: name(member), found: value.kind, allowed: allowed)
  }

  private func brief(_ bound: Double) -> String {
    Int(exactly: bound).map(String.init) ?? String(bound)
  }
}
