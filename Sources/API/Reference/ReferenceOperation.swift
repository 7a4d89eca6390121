package import JSON

/// One operation of the interface, as people and programs read about it.
package struct ReferenceOperation: Sendable {
  /// What can be told to an operation: in its path, its query, a field of its head, or a member of its body.
  package struct Parameter: Sendable {
    /// Where it is told.
    package enum Place: String, Sendable { case path, query, header, body }

    package let name: String
    package let place: Place
    /// 1 for a member of the parameter before it that has depth 0.
    package var depth = 0
    package let isRequired: Bool
    /// Types and choices in words, such as `integer, 0 to 20, default 0`.
    package let kind: String
    package let description: String
    /// What to put in its place; nil where a description has none.
    package let example: JSONValue?
  }

  /// How an operation answers when all is well.
  package enum Answer: Sendable { case json, events, bytes, page, socket }

  package let id: String
  package let tag: String
  package let method: String
  package let path: String
  package let summary: String
  package let parameters: [Parameter]
  /// The first example of its body.
  package let example: JSONValue?
  package let answer: Answer
  /// Statuses with what they mean, in the order of the document.
  package let statuses: [(code: String, meaning: String)]
}

extension ReferenceDocument {
  private static let methods: Set = ["get", "post", "put", "delete", "patch"]

  /// The operations in the order of the document.
  package var operations: [ReferenceOperation] {
    (value["paths"]?.members ?? []).flatMap { path in
      (path.value.members ?? []).filter { Self.methods.contains($0.name) }.map { entry in
        operation(entry, path: path.name, shared: path.value["parameters"]?.array ?? [])
      }
    }
  }

  private func operation(
    _ entry: JSONValue.Member, path: String, shared: [JSONValue]
  ) -> ReferenceOperation {
    let facts = entry.value
    let content = facts["requestBody"]?["content"]?["application/json"]
    let told = (shared + (facts["parameters"]?.array ?? [])).map(parameter)
    let statuses = (facts["responses"]?.members ?? []).map { member in
      (
        code: member.name, meaning: resolved(member.value)["description"]?.string ?? ""
      )
    }
    return ReferenceOperation(
      id: facts["operationId"]?.string ?? "", tag: facts["tags"]?.array?.first?.string ?? "",
      method: entry.name.uppercased(), path: path, summary: facts["summary"]?.string ?? "",
      parameters: told + members(content?["schema"] ?? .null),
      example: content?["examples"]?.members?.first?.value["value"], answer: answer(facts),
      statuses: statuses)
  }

  private func answer(_ facts: JSONValue) -> ReferenceOperation.Answer {
    let responses = facts["responses"]?.members ?? []
    if responses.contains(where: { $0.name == "101" }) { return .socket }
    let success = responses.first { $0.name.hasPrefix("2") }.map { resolved($0.value) }
    let types = success?["content"]?.members?.map(\.name) ?? []
    if types.contains("application/json") { return .json }
    if types.contains("text/event-stream") { return .events }
    return types.contains("application/octet-stream") ? .bytes : .page
  }

  private func parameter(_ value: JSONValue) -> ReferenceOperation.Parameter {
    let facts = resolved(value)
    return ReferenceOperation.Parameter(
      name: facts["name"]?.string ?? "",
      place: facts["in"]?.string.flatMap { .init(rawValue: $0) } ?? .query,
      isRequired: facts["required"]?.bool ?? false, kind: kind(facts["schema"] ?? .null),
      description: facts["description"]?.string ?? "", example: facts["example"])
  }

  /// The members of a body: its own, then those of `allOf` parts; below each, the members of what it lists.
  private func members(_ schema: JSONValue) -> [ReferenceOperation.Parameter] {
    var explained: Set<JSONValue> = []
    return own(schema).flatMap { name, value, isRequired in
      let inner = value["items"] ?? value
      // The same message under two names is told once.
      let isNew = inner["$ref"] != nil && explained.insert(inner).inserted
      return [member(name, value, isRequired, depth: 0)]
        + (isNew ? own(inner).map { member($0, $1, $2, depth: 1) } : [])
    }
  }

  private func own(_ schema: JSONValue) -> [(name: String, value: JSONValue, isRequired: Bool)] {
    let whole = resolved(schema)
    let required = Set((whole["required"]?.array ?? []).compactMap(\.string))
    let members = (whole["properties"] ?? resolved(whole["items"] ?? .null)["properties"])?.members
    return (members ?? []).map { ($0.name, $0.value, required.contains($0.name)) }
      + (whole["allOf"]?.array ?? []).flatMap(own)
  }

  private func member(
    _ name: String, _ value: JSONValue, _ isRequired: Bool, depth: Int
  ) -> ReferenceOperation.Parameter {
    let description = value["description"] ?? resolved(value)["description"]
    return ReferenceOperation.Parameter(
      name: name, place: .body, depth: depth, isRequired: isRequired, kind: kind(value),
      description: description?.string ?? "", example: nil)
  }
}
