internal import JSON

extension SchemaGrammar {
  // MARK: Listed values

  /// Writes the values of `enum` and `const` that meet all else that is said.
  mutating func writeValues(_ facts: SchemaFacts, from: Int32, to: Int32) throws(ConstraintError) {
    let strings = try stringRules(facts)
    let numbers = try NumberRules(facts.places)
    var texts: [[UInt8]] = []
    for value in facts.values ?? [] where facts.kinds.contains(ValueKinds(of: value)) {
      switch value {
      case .string(let text): guard try strings.admits(text) else { continue }
      case .integer, .number, .float: guard numbers.admits(value) else { continue }
      case .array, .object:
        let kind: ValueKinds = value.array == nil ? .object : .array
        guard facts.meant.isDisjoint(with: kind) else {
          let place = facts.places.first { $0["enum"] != nil || $0["const"] != nil }
          throw place?.refusal(
            place?["enum"] == nil ? "const" : "enum",
            "values with members or elements can't be held to other keywords beside it")
            ?? ConstraintError(found: value.kind, reason: "it can't be held to other keywords")
        }
      case .null, .bool: break
      }
      texts.append(Array(value.json(.compact).utf8))
    }
    try grammar.choose(texts, from, to)
  }

  // MARK: Strings

  mutating func writeStrings(_ facts: SchemaFacts, from: Int32, to: Int32) throws(ConstraintError) {
    let rules = try stringRules(facts)
    guard rules.isBounded || rules.isPatterned else {
      grammar.call(shapes.string, from, to)
      return
    }
    let inside = try grammar.spell("\"", from: from)
    let behind: Int32
    if rules.isPatterned {
      behind = try grammar.state()
      do {
        try grammar.write(try rules.automaton(), .quoted, from: inside, to: behind)
      } catch {
        throw rules.located(error)
      }
    } else {
      guard rules.least <= rules.most ?? .max else { return }
      do {
        behind = try grammar.repeated(
          shapes.character, rules.least, rules.most, from: inside)
      } catch {
        throw rules.located(error)
      }
    }
    grammar.take(0x22, 0x22, behind, to)
  }

  func stringRules(_ facts: SchemaFacts) throws(ConstraintError) -> StringRules {
    try StringRules(facts.places, work)
  }
}

/// What schemas together say of a string.
struct StringRules {
  private(set) var least = 0
  private(set) var most: Int?
  /// Expressions with where they stand; a format fits the whole string.
  private var expressions: [(text: String, isSearch: Bool, place: SchemaPlace, keyword: String)] =
    []
  /// Who bounds the length, for refusals.
  private var bound: (place: SchemaPlace, keyword: String)?

  private let work: AutomatonWork

  init(_ places: [SchemaPlace], _ work: AutomatonWork) throws(ConstraintError) {
    self.work = work
    for place in places {
      if let count = try place.count("minLength"), count > least {
        least = count
        bound = (place, "minLength")
      }
      if let count = try place.count("maxLength") {
        most = min(most ?? .max, count)
        bound = (place, "maxLength")
      }
      if let pattern = try place.string("pattern") {
        expressions.append((pattern, true, place, "pattern"))
      }
      guard let format = try place.string("format") else { continue }
      if TextFormats.impossible.contains(format) {
        throw place.refusal("format", "this format can't be held to; use pattern")
      }
      if let text = TextFormats.expression(of: format) {
        expressions.append((text, false, place, "format"))
      }
    }
    guard least <= Grammar.stateLimit else {
      throw bound.map { $0.place.refusal($0.keyword, "it is too large") }
        ?? ConstraintError(found: "\(least)", reason: "it is too large")
    }
  }

  var isBounded: Bool { least > 0 || most != nil }
  var isPatterned: Bool { !expressions.isEmpty }

  /// The error with the place of what it is about.
  func located(_ error: ConstraintError) -> ConstraintError {
    guard error.path.isEmpty else { return error }
    let about = expressions.first.map { ($0.place, $0.keyword) } ?? bound
    var error = error
    error.path = about.map { $0.0.name($0.1) } ?? ""
    return error
  }

  /// All strings that fit.
  func automaton() throws(ConstraintError) -> TextAutomaton {
    var all: TextAutomaton?
    for expression in expressions {
      do {
        let own = try work.automaton(expression.text, isSearch: expression.isSearch)
        all = try all?.intersection(own, work) ?? own
      } catch {
        var error = error
        error.path = expression.place.name(expression.keyword)
        throw error
      }
    }
    guard isBounded || all == nil else { return all ?? .everything }
    if all == nil, !isBounded { return .everything }
    let lengths = try TextAutomaton(lengths: least, most, work)
    return try all?.intersection(lengths, work) ?? lengths
  }

  func admits(_ text: String) throws(ConstraintError) -> Bool {
    let length = text.unicodeScalars.count
    guard length >= least, length <= most ?? .max else { return false }
    guard isPatterned else { return true }
    for expression in expressions {
      let automaton: TextAutomaton
      do {
        automaton = try work.automaton(expression.text, isSearch: expression.isSearch)
      } catch {
        var error = error
        error.path = expression.place.name(expression.keyword)
        throw error
      }
      guard automaton.admits(text) else { return false }
    }
    return true
  }
}
