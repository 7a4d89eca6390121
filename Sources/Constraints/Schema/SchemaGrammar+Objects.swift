internal import JSON

extension SchemaGrammar {
  /// Members that nobody names: what their names may be, and the rule of their values.
  private struct Further {
    let names: TextAutomaton
    let value: Int32
  }

  mutating func writeObjects(_ facts: SchemaFacts, from: Int32, to: Int32) throws(ConstraintError) {
    for place in facts.places {
      // Faults of form are told before anything is looked up.
      _ = try place.named("properties")
      for (pattern, _) in try place.named("patternProperties") {
        _ = try automaton(of: pattern, at: place)
      }
      _ = try place.schema("additionalProperties")
    }
    let rules = ObjectRules(facts.places, work)
    let nameRules = try propertyNames(facts)
    var names = rules.names
    for name in facts.required.sorted() where !names.contains(name) { names.append(name) }
    let known = Set(names)
    var members: [(key: [UInt8], value: Int32, isNeeded: Bool)] = []
    for name in names {
      let isNeeded = facts.required.contains(name)
      if !rules.mayHave(name) || nameRules?.admits(name) == false {
        if isNeeded { return }
        continue
      }
      let key = Array((JSONValue.string(name).json(.compact) + ":").utf8)
      members.append((key, try rule(for: rules.places(of: name)), isNeeded))
    }
    var least = 0
    var most: Int?
    for place in facts.places {
      least = max(least, try place.count("minProperties") ?? 0)
      if let count = try place.count("maxProperties") { most = min(most ?? .max, count) }
    }
    let further = try further(facts, rules, known: known, nameRules)
    // Further members may repeat a name, so they can't make up a count.
    var counted = further
    if least > 1, !further.isEmpty {
      guard least <= members.count else {
        let place = facts.places.first { $0["minProperties"] != nil }
        throw place?.refusal(
          "minProperties", "further members may repeat a name; name the members in properties")
          ?? ConstraintError(found: "\(least)", reason: "members can't be counted")
      }
      counted = []
    }
    guard least <= most ?? .max, least <= members.count || !counted.isEmpty else { return }
    try writeMembers(members, counted, least, most, from: from, to: to)
  }

  private func automaton(
    of pattern: String, at place: SchemaPlace
  ) throws(ConstraintError) -> TextAutomaton {
    do {
      return try work.automaton(pattern, isSearch: true)
    } catch {
      var error = error
      error.path = place.name("patternProperties")
      throw error
    }
  }

  /// What the names of all members must be; nil where nothing is said of them.
  private mutating func propertyNames(
    _ facts: SchemaFacts
  ) throws(ConstraintError) -> TextAutomaton? {
    var all: TextAutomaton?
    for place in facts.places {
      guard let schema = try place.schema("propertyNames") else { continue }
      let cases = try cases.cases(of: [schema])
      guard cases.count == 1, let only = cases.first else {
        if cases.isEmpty {
          let none = TextAutomaton.everything.complement
          all = try all?.intersection(none, work) ?? none
          continue
        }
        throw place.refusal("propertyNames", "names with a choice can't be followed")
      }
      let own = try SchemaFacts(only)
      var automaton =
        own.kinds.contains(.string)
        ? try StringRules(only, work).automaton() : TextAutomaton.everything.complement
      if let values = own.values {
        automaton = try automaton.intersection(
          TextAutomaton(texts: values.compactMap(\.string), work), work)
      }
      all = try all?.intersection(automaton, work) ?? automaton
    }
    return all
  }

  /// The kinds of members that nobody names, apart from each other.
  private mutating func further(
    _ facts: SchemaFacts, _ rules: ObjectRules, known: Set<String>, _ nameRules: TextAutomaton?
  ) throws(ConstraintError) -> [Further] {
    let patterned = rules.parts.filter { !$0.patterns.isEmpty }
    guard !rules.isClosed else { return [] }
    guard patterned.count <= 1 else {
      throw patterned[1].place.refusal(
        "patternProperties", "only one of the schemas that must be met together may have it")
    }
    let additional = rules.parts.compactMap { part in
      part.patterns.isEmpty ? part.additional : nil
    }
    let wantsOthers =
      rules.parts.contains { $0.additional != nil }
      || (known.isEmpty && patterned.isEmpty
        && !facts.places.contains { $0["properties"] != nil })
    guard wantsOthers || !patterned.isEmpty else { return [] }
    // Names that are written as they are: no escapes, so that none is spelt in two ways.
    let plain = try TextAutomaton(
      .repeated(.scalars(Grammar.escaped.complement), least: 0, most: nil), isSearch: false, work)
    var names = try plain.intersection(
      TextAutomaton(texts: known.sorted(), work).complement, work)
    if let nameRules { names = try names.intersection(nameRules, work) }
    guard let part = patterned.first else {
      return [Further(names: names, value: try rule(for: additional))]
    }
    var automata: [TextAutomaton] = []
    for (pattern, _) in part.patterns {
      automata.append(try automaton(of: pattern, at: part.place))
    }
    var all: [Further] = []
    for (index, (_, schema)) in part.patterns.enumerated() {
      var own = try names.intersection(automata[index], work)
      // A name that fits several patterns would have to meet several schemas; it is not written.
      for (other, automaton) in automata.enumerated() where other != index {
        own = try own.intersection(automaton.complement, work)
      }
      all.append(Further(names: own, value: try rule(for: [schema] + additional)))
    }
    if let others = part.additional {
      for automaton in automata { names = try names.intersection(automaton.complement, work) }
      all.append(Further(names: names, value: try rule(for: [others] + additional)))
    }
    return all
  }

  /// Writes members in their order, those that need not be left out or not.
  private mutating func writeMembers(
    _ members: [(key: [UInt8], value: Int32, isNeeded: Bool)], _ further: [Further],
    _ least: Int, _ most: Int?, from: Int32, to: Int32
  ) throws(ConstraintError) {
    let open = try grammar.spell("{", from: from)
    let inside = try grammar.call(shapes.blank, from: open)
    // The end of an object with members; a blank may stand before it.
    let end = try grammar.state()
    try grammar.spell("}", from: try grammar.call(shapes.blank, from: end), to: to)
    // How many there were is told apart only as far as it matters.
    let top = max(least, most.map { $0 + 1 } ?? 1, 1)
    guard top <= 1 << 12 else {
      throw ConstraintError(
        found: "a count of \(top) members", reason: "at most \(1 << 12) can be counted")
    }
    var states: [Int: Int32] = [0: inside]
    for member in members {
      var next: [Int: Int32] = [:]
      for (count, state) in states.sorted(by: { $0.key < $1.key }) {
        if !member.isNeeded { try join(state, &next, count) }
        guard count + 1 <= most ?? .max else { continue }
        let begin = count == 0 ? state : try comma(from: state)
        let key = try grammar.spell(member.key, from: begin)
        let spaced = try grammar.call(shapes.space, from: key)
        let behind = try grammar.call(member.value, from: spaced)
        try join(behind, &next, min(count + 1, top))
      }
      states = next
    }
    try writeFurther(further, &states, top, most)
    for (count, state) in states where count >= least && count <= most ?? .max {
      if count == 0 {
        try grammar.spell("}", from: state, to: to)
      } else {
        grammar.jump(state, end)
      }
    }
  }

  private mutating func join(
    _ state: Int32, _ states: inout [Int: Int32], _ count: Int
  ) throws(ConstraintError) {
    if states[count] == nil { states[count] = try grammar.state() }
    if let target = states[count] { grammar.jump(state, target) }
  }

  private mutating func writeFurther(
    _ further: [Further], _ states: inout [Int: Int32], _ top: Int, _ most: Int?
  ) throws(ConstraintError) {
    guard !further.isEmpty else { return }
    let member = try grammar.rule()
    for one in further {
      let quote = try grammar.spell("\"", from: grammar.start(of: member))
      let name = try grammar.state()
      try grammar.write(one.names, .plain, from: quote, to: name)
      let colon = try grammar.spell("\":", from: name)
      grammar.call(one.value, try grammar.call(shapes.space, from: colon), grammar.end(of: member))
    }
    for count in 0...top {
      guard let state = states[count], count + 1 <= most ?? .max else { continue }
      let begin = count == 0 ? state : try comma(from: state)
      let behind = try grammar.call(member, from: begin)
      let next = min(count + 1, top)
      if states[next] == nil { states[next] = try grammar.state() }
      if let target = states[next] { grammar.jump(behind, target) }
    }
  }
}
