internal import JSON

/// What plain schemas together say of a value: its kind, its values, its bounds.
struct SchemaFacts {
  var kinds = ValueKinds.all
  /// Kinds that the keywords speak of, where no type is named: the others fit too, but nobody means them.
  var meant: ValueKinds = []
  /// The values that `enum` and `const` leave; nil where neither is there.
  var values: [JSONValue]?
  var required: Set<String> = []
  let places: [SchemaPlace]

  init(_ places: [SchemaPlace]) throws(ConstraintError) {
    self.places = places
    for place in places {
      try readType(place)
      for (keyword, kinds) in SchemaKeywords.kinds where place[keyword] != nil {
        meant.formUnion(kinds)
      }
      if let list = place["enum"] {
        guard let elements = list.array, !elements.isEmpty else {
          throw place.refusal("enum", "it must be an array with values")
        }
        keep(elements)
      }
      if let value = place["const"] { keep([value]) }
      if let list = place["required"], list.bool == nil {
        guard let names = list.array?.map(\.string), !names.contains(nil) else {
          throw place.refusal("required", "it must be an array of strings")
        }
        required.formUnion(names.compactMap { $0 })
      }
    }
  }

  /// The kinds that are written.
  var written: ValueKinds {
    meant.isEmpty || kinds != .all ? kinds : meant
  }

  private mutating func readType(_ place: SchemaPlace) throws(ConstraintError) {
    guard let type = place["type"] else { return }
    let names = type.array ?? [type]
    var named: ValueKinds = []
    for name in names {
      guard let known = ValueKinds.names.first(where: { $0.0 == name.string }) else {
        throw place.refusal(
          "type",
          "it must be one or several of \(ValueKinds.names.map(\.0).joined(separator: ", "))")
      }
      named.formUnion(known.1)
    }
    kinds.formIntersection(named)
  }

  private mutating func keep(_ list: [JSONValue]) {
    guard let before = values else {
      values = list
      return
    }
    let wanted = Set(list.map(\.normal))
    values = before.filter { wanted.contains($0.normal) }
  }
}

/// What plain schemas together say of the members of an object.
struct ObjectRules {
  /// One schema's own members, patterns, and what it says of all others.
  struct Part {
    let place: SchemaPlace
    let names: [String: SchemaPlace]
    let order: [String]
    let patterns: [(pattern: String, schema: SchemaPlace)]
    let additional: SchemaPlace?
  }

  let parts: [Part]
  /// Schemas that look again at members which no part of theirs has named (`unevaluatedProperties`).
  private let closers: [SchemaPlace]
  /// Whether members that nobody names are given up.
  var isClosed: Bool { !closers.isEmpty }

  private let work: AutomatonWork

  init(_ places: [SchemaPlace], _ work: AutomatonWork) {
    self.work = work
    parts = places.map { place in
      let members = (try? place.named("properties")) ?? []
      return Part(
        place: place,
        names: Dictionary(members.map { ($0.name, $0.schema) }) { first, _ in first },
        order: members.map(\.name),
        patterns: ((try? place.named("patternProperties")) ?? []).map { ($0.name, $0.schema) },
        additional: (try? place.schema("additionalProperties")) ?? nil)
    }
    closers = places.filter { $0["unevaluatedProperties"].map { $0 != true } ?? false }
  }

  /// All names, in the order of their first appearance.
  var names: [String] {
    var seen: Set<String> = []
    return parts.flatMap(\.order).filter { seen.insert($0).inserted }
  }

  /// The schemas that a member must meet.
  func places(of name: String) -> [SchemaPlace] {
    parts.flatMap { part -> [SchemaPlace] in
      var places = part.names[name].map { [$0] } ?? []
      for (pattern, schema) in part.patterns where fits(name, pattern) {
        places.append(schema)
      }
      return places.isEmpty ? part.additional.map { [$0] } ?? [] : places
    }
  }

  /// Whether a member is named where those look that look again.
  func mayHave(_ name: String) -> Bool {
    closers.allSatisfy { closer in
      parts.contains { part in
        part.place.steps.starts(with: closer.steps)
          && (part.names[name] != nil || part.patterns.contains { fits(name, $0.pattern) })
      }
    }
  }

  private func fits(_ name: String, _ pattern: String) -> Bool {
    (try? work.automaton(pattern, isSearch: true))?.admits(name) ?? true
  }
}
