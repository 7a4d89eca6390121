internal import JSON

/// A schema with all that it refers to.
struct SchemaDocument: Sendable {
  let root: JSONValue

  /// The schema that a reference names: a pointer within the document, or an anchor.
  ///
  /// - Standard: JSON Schema 2020-12, section 8.2; RFC 6901.
  func target(of reference: String, at place: SchemaPlace) throws(ConstraintError) -> SchemaPlace {
    let own = root["$id"]?.string ?? root["id"]?.string
    var rest = reference[...]
    if let own, !own.isEmpty, rest.hasPrefix(own) { rest = rest.dropFirst(own.count) }
    guard rest.isEmpty || rest.hasPrefix("#") else {
      throw place.refusal("$ref", "only what is in the same document is looked up, by #/...")
    }
    let fragment = String(rest.dropFirst())
    guard let pointer = Self.decoded(fragment) else {
      throw place.refusal("$ref", "its escapes are none")
    }
    if pointer.isEmpty { return SchemaPlace(steps: [], value: root) }
    guard pointer.hasPrefix("/") else {
      if let found = anchored(pointer) { return found }
      throw place.refusal("$ref", "no schema has this anchor")
    }
    var value = root
    var steps: [String] = []
    for part in pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      let step = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
      let next = value.array.flatMap { list in
        Int(step).flatMap { list.indices.contains($0) ? list[$0] : nil }
      }
      guard let found = value[step] ?? next else {
        throw place.refusal("$ref", "nothing is there")
      }
      steps.append(step)
      value = found
      if value["$id"] != nil || value["id"]?.string != nil, !steps.isEmpty {
        throw place.refusal("$ref", "what it names has an $id of its own, which changes references")
      }
    }
    guard value.members != nil || value.bool != nil else {
      throw place.refusal("$ref", "what it names is no schema")
    }
    return SchemaPlace(steps: steps, value: value)
  }

  private static func decoded(_ text: String) -> String? {
    guard text.contains("%") else { return text }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2,
        let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(code)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// The schema with an anchor, looked for where schemas stand.
  private func anchored(_ name: String) -> SchemaPlace? {
    var open = [SchemaPlace(steps: [], value: root)]
    while let place = open.popLast() {
      if place.value["$anchor"]?.string == name { return place }
      for member in place.value.members ?? [] where member.name != "enum" && member.name != "const"
      {
        open.append(place.below(member.name, value: member.value))
      }
      for (index, element) in (place.value.array ?? []).enumerated() {
        open.append(place.below(String(index), value: element))
      }
    }
    return nil
  }
}
