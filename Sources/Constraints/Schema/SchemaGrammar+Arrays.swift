internal import JSON

extension SchemaGrammar {
  mutating func writeArrays(_ facts: SchemaFacts, from: Int32, to: Int32) throws(ConstraintError) {
    var least = 0
    var most: Int?
    var prefix: [[SchemaPlace]] = []
    var rest: [SchemaPlace] = []
    var prefixes: [(first: [SchemaPlace], rest: SchemaPlace?)] = []
    for place in facts.places {
      least = max(least, try place.count("minItems") ?? 0)
      if let count = try place.count("maxItems") { most = min(most ?? .max, count) }
      prefixes.append(try items(of: place))
      if place["unevaluatedItems"].map({ $0 != true }) ?? false {
        most = min(most ?? .max, try named(facts, from: place))
      }
    }
    if facts.places.contains(where: { $0["uniqueItems"]?.bool == true }) {
      guard let most, most <= 1 else {
        let place = facts.places.first { $0["uniqueItems"]?.bool == true }
        throw place?.refusal("uniqueItems", "elements can't be compared by rules; leave it out")
          ?? ConstraintError(found: "true", reason: "elements can't be compared by rules")
      }
    }
    let longest = prefixes.map(\.first.count).max() ?? 0
    for index in 0..<longest {
      prefix.append(
        prefixes.flatMap { part -> [SchemaPlace] in
          index < part.first.count ? [part.first[index]] : part.rest.map { [$0] } ?? []
        })
    }
    rest = prefixes.compactMap(\.rest)
    guard least <= most ?? .max else { return }
    guard least < Grammar.stateLimit else {
      throw facts.places.first { $0["minItems"] != nil }?.refusal("minItems", "it is too large")
        ?? ConstraintError(found: "\(least)", reason: "it is too large")
    }
    try writeList(
      try prefix.map { places throws(ConstraintError) in try rule(for: places) },
      try rule(for: rest), least, most, from: from, to: to)
  }

  /// How many elements are spoken of where one looks that looks again at the others (`unevaluatedItems`).
  private func named(_ facts: SchemaFacts, from closer: SchemaPlace) throws(ConstraintError) -> Int
  {
    var count = 0
    for place in facts.places where place.steps.starts(with: closer.steps) {
      let (first, rest) = try items(of: place)
      if rest != nil { return .max }
      count = max(count, first.count)
    }
    return count
  }

  /// The schemas of the first elements, and that of the others; older drafts call both `items`.
  private func items(
    of place: SchemaPlace
  ) throws(ConstraintError) -> (first: [SchemaPlace], rest: SchemaPlace?) {
    let first = place["prefixItems"]?.array?.isEmpty == true ? [] : try place.schemas("prefixItems")
    if let list = place["items"]?.array {
      guard first == nil else {
        throw place.refusal("items", "beside prefixItems it must be one schema")
      }
      let own = list.isEmpty ? [] : try place.schemas("items") ?? []
      return (own, try place.schema("additionalItems"))
    }
    return (first ?? [], try place.schema("items"))
  }

  private mutating func writeList(
    _ first: [Int32], _ rest: Int32, _ least: Int, _ most: Int?, from: Int32, to: Int32
  ) throws(ConstraintError) {
    let open = try grammar.spell("[", from: from)
    let inside = try grammar.call(shapes.blank, from: open)
    if least == 0 { try grammar.spell("]", from: inside, to: to) }
    guard most != 0 else { return }
    let end = try grammar.state()
    let behind = try grammar.call(shapes.blank, from: end)
    try grammar.spell("]", from: behind, to: to)
    var state = inside
    var count = 0
    // Elements that are counted: those that are named, and as many as there must or may be.
    let counted = max(first.count, least, most ?? 0)
    while count < counted, count < most ?? .max {
      if count > 0 { state = try comma(from: state) }
      state = try grammar.call(count < first.count ? first[count] : rest, from: state)
      count += 1
      if count >= least { grammar.jump(state, end) }
    }
    guard most == nil else { return }
    let loop = try grammar.state()
    if count == 0 {
      state = try grammar.call(rest, from: state)
      grammar.jump(state, end)
    }
    grammar.jump(state, loop)
    grammar.call(rest, try comma(from: loop), loop)
    grammar.jump(loop, end)
  }

  mutating func comma(from state: Int32) throws(ConstraintError) -> Int32 {
    try grammar.call(shapes.blank, from: grammar.spell(",", from: state))
  }
}
