internal import JSON

/// A schema within a document of schemas.
struct SchemaPlace: Sendable {
  /// The names and indices that lead to it.
  let steps: [String]
  let value: JSONValue
  /// What is equal for equal places only.
  let key: String

  init(steps: [String], value: JSONValue) {
    self.steps = steps
    self.value = value
    key = steps.map { $0.replacing("~", with: "~0").replacing("/", with: "~1") }
      .joined(separator: "/")
  }

  /// The place for people to read: `properties.a.anyOf[0]`.
  var path: String {
    steps.reduce("") { path, step in
      step.allSatisfy(\.isNumber) && !step.isEmpty
        ? "\(path)[\(step)]" : path.isEmpty ? step : "\(path).\(step)"
    }
  }

  func name(_ keyword: String) -> String { path.isEmpty ? keyword : path + "." + keyword }

  func refusal(_ keyword: String, _ reason: String) -> ConstraintError {
    ConstraintError(
      path: name(keyword), found: value[keyword]?.kind ?? value.kind, reason: reason)
  }

  // MARK: Members

  /// A member that is there; null counts, since `const` may be null.
  subscript(keyword: String) -> JSONValue? { value[keyword] }

  func below(_ steps: String..., value: JSONValue) -> SchemaPlace {
    SchemaPlace(steps: self.steps + steps, value: value)
  }

  /// A schema that stands under a keyword.
  func schema(_ keyword: String) throws(ConstraintError) -> SchemaPlace? {
    guard let inner = value[keyword] else { return nil }
    guard inner.isSchema else {
      throw refusal(keyword, "it must be a schema: an object, true or false")
    }
    return below(keyword, value: inner)
  }

  /// The schemas of a list.
  func schemas(_ keyword: String) throws(ConstraintError) -> [SchemaPlace]? {
    guard let list = value[keyword] else { return nil }
    guard let elements = list.array, elements.allSatisfy(\.isSchema), !elements.isEmpty else {
      throw refusal(keyword, "it must be an array of schemas")
    }
    return elements.enumerated().map { below(keyword, String($0), value: $1) }
  }

  /// The schemas of an object, by their names.
  func named(_ keyword: String) throws(ConstraintError) -> [(name: String, schema: SchemaPlace)] {
    guard let object = value[keyword] else { return [] }
    guard let members = object.members, members.allSatisfy({ $0.value.isSchema }) else {
      throw refusal(keyword, "it must be an object of schemas")
    }
    return members.map { ($0.name, below(keyword, $0.name, value: $0.value)) }
  }

  /// A count, which may be written with a fraction of zero.
  func count(_ keyword: String) throws(ConstraintError) -> Int? {
    guard let number = value[keyword] else { return nil }
    guard let whole = number.integer, whole >= 0 else {
      throw refusal(keyword, "it must be a whole number from 0 on")
    }
    return Int(clamping: whole)
  }

  func string(_ keyword: String) throws(ConstraintError) -> String? {
    guard let value = value[keyword] else { return nil }
    guard let text = value.string else { throw refusal(keyword, "it must be a string") }
    return text
  }
}

extension JSONValue {
  fileprivate var isSchema: Bool { members != nil || bool != nil }
}
