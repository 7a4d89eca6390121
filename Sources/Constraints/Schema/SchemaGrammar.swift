internal import JSON

/// Writes a JSON schema as rules, each for some schemas that must all be met.
///
/// What is written always fits the schema; not all that fits is written: members come in the order of the schema, and
/// none that it does not name unless it speaks of further ones; blanks are few; numbers have no more digits than a
/// double tells apart. What can't be held to is refused by its path.
struct SchemaGrammar {
  var grammar: Grammar
  let shapes: JSONShapes
  var cases: SchemaCases
  let work: AutomatonWork
  /// The rule of schemas that must all be met, by their places.
  private var rules: [[String]: Int32] = [:]
  /// Rules that are not written yet.
  private var waiting: [(rule: Int32, places: [SchemaPlace])] = []
  private static let ruleLimit = 1 << 14

  private init(_ schema: JSONValue, _ grammar: Grammar, _ shapes: JSONShapes, _ work: AutomatonWork)
  {
    self.grammar = grammar
    self.shapes = shapes
    self.work = work
    cases = SchemaCases(SchemaDocument(root: schema), work)
  }

  /// The rule of a value that meets all of some schemas.
  mutating func rule(for places: [SchemaPlace]) throws(ConstraintError) -> Int32 {
    let needed = places.filter { $0.value != true && $0.value.members?.isEmpty != true }
    if needed.isEmpty { return shapes.value }
    let key = Array(Set(needed.map(\.key))).sorted()
    if let known = rules[key] { return known }
    guard rules.count < Self.ruleLimit else {
      throw ConstraintError(
        path: places.first?.path ?? "", found: "more than \(Self.ruleLimit) schemas",
        reason: "the whole is too large to follow")
    }
    let rule = try grammar.rule()
    rules[key] = rule
    waiting.append((rule, needed))
    return rule
  }

  private mutating func writeAll() throws(ConstraintError) {
    while let (rule, places) = waiting.popLast() {
      for all in try cases.cases(of: places) {
        try write(
          all, from: grammar.start(of: rule), to: grammar.end(of: rule),
          path: places.first?.path ?? "")
      }
    }
  }

  /// Writes the values of one case.
  private mutating func write(
    _ places: [SchemaPlace], from: Int32, to: Int32, path: String
  ) throws(ConstraintError) {
    let facts = try SchemaFacts(places)
    if facts.values != nil { return try writeValues(facts, from: from, to: to) }
    let kinds = facts.written
    if kinds.contains(.null) { try grammar.spell("null", from: from, to: to) }
    if kinds.contains(.bool) {
      try grammar.choose(["true", "false"].map { Array($0.utf8) }, from, to)
    }
    if !kinds.isDisjoint(with: .number) {
      try writeNumbers(facts, allowsFractions: kinds.contains(.fraction), from: from, to: to)
    }
    if kinds.contains(.string) { try writeStrings(facts, from: from, to: to) }
    if kinds.contains(.array) { try writeArrays(facts, from: from, to: to) }
    if kinds.contains(.object) { try writeObjects(facts, from: from, to: to) }
  }
}

extension SchemaGrammar {
  /// Writes the rule of a schema into a grammar.
  static func rule(
    of schema: JSONValue, in grammar: inout Grammar, _ shapes: JSONShapes, _ work: AutomatonWork
  ) throws(ConstraintError) -> Int32 {
    guard schema.members != nil || schema.bool != nil else {
      throw ConstraintError(found: schema.kind, reason: "a schema is an object, true or false")
    }
    var writer = SchemaGrammar(schema, grammar, shapes, work)
    let rule = try writer.rule(for: [SchemaPlace(steps: [], value: schema)])
    try writer.writeAll()
    grammar = writer.grammar
    return rule
  }
}
