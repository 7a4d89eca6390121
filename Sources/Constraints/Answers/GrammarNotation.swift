/// Reads grammars in llama.cpp's notation (GBNF): rules of texts, sets, groups and repetitions.
///
/// - Standard: `grammars/README.md` of llama.cpp.
struct GrammarNotation {
  private var cursor: NotationCursor
  private var depth = 0
  private var grammar: Grammar
  private var rules: [String: Int32] = [:]
  private var written: Set<String> = []
  private static let lengthLimit = 1 << 18
  private static let depthLimit = 64
  private static let countLimit = 1 << 12

  /// - Returns: the rule that is called root.
  static func write(_ text: String, into grammar: inout Grammar) throws(ConstraintError) -> Int32 {
    guard text.utf8.count <= lengthLimit else {
      throw ConstraintError(
        found: "\(text.utf8.count) bytes", reason: "at most \(lengthLimit) are read")
    }
    var reader = GrammarNotation(cursor: NotationCursor(text), grammar: grammar)
    let root = try reader.readRules()
    grammar = reader.grammar
    return root
  }

  private init(cursor: NotationCursor, grammar: Grammar) {
    self.cursor = cursor
    self.grammar = grammar
  }

  private var next: Unicode.Scalar? { cursor.next }
  private var position: Int {
    get { cursor.position }
    set { cursor.position = newValue }
  }

  private func refusal(_ reason: String) -> ConstraintError {
    let line = cursor.scalars.prefix(cursor.position).count { $0 == "\n" } + 1
    let found = next.map { "\"\(String($0))\"" } ?? "its end"
    return ConstraintError(found: found, reason: "line \(line) of the grammar: \(reason)")
  }

  private mutating func take(_ text: String) -> Bool { cursor.take(text) }

  /// Passes over blanks and comments; over line ends only where a rule may go on.
  private mutating func skip(lines: Bool) {
    while let scalar = next {
      if scalar == "#" {
        while next != nil, next != "\n" { position += 1 }
      } else if scalar == " " || scalar == "\t" || (lines && (scalar == "\n" || scalar == "\r")) {
        position += 1
      } else {
        return
      }
    }
  }

  private mutating func name() -> String? {
    var name = String.UnicodeScalarView()
    while let scalar = next, scalar.isASCII,
      scalar.properties.isAlphabetic || scalar == "-" || scalar == "_"
        || (0x30...0x39).contains(scalar.value)
    {
      name.append(scalar)
      position += 1
    }
    return name.isEmpty ? nil : String(name)
  }

  private mutating func rule(_ name: String) throws(ConstraintError) -> Int32 {
    if let known = rules[name] { return known }
    let rule = try grammar.rule()
    rules[name] = rule
    return rule
  }

  // MARK: Rules

  private mutating func readRules() throws(ConstraintError) -> Int32 {
    skip(lines: true)
    while next != nil {
      guard let name = name() else { throw refusal("a rule begins with its name") }
      skip(lines: false)
      guard take("::=") else { throw refusal("behind the name \(name) stands ::=") }
      guard written.insert(name).inserted else { throw refusal("\(name) stands twice") }
      skip(lines: true)
      let rule = try rule(name)
      try choice(from: grammar.start(of: rule), to: grammar.end(of: rule), isNested: false)
      skip(lines: true)
    }
    guard let root = rules["root"], written.contains("root") else {
      throw ConstraintError(found: "no rule root", reason: "a grammar begins with the rule root")
    }
    if let missing = rules.keys.sorted().first(where: { !written.contains($0) }) {
      throw ConstraintError(found: "no rule \(missing)", reason: "a rule calls it")
    }
    return root
  }

  private mutating func choice(
    from: Int32, to: Int32, isNested: Bool
  ) throws(ConstraintError) {
    try sequence(from: from, to: to, isNested: isNested)
    while true {
      let before = position
      skip(lines: true)
      guard take("|") else {
        if !isNested { position = before }
        return
      }
      skip(lines: true)
      try sequence(from: from, to: to, isNested: isNested)
    }
  }

  private mutating func sequence(
    from: Int32, to: Int32, isNested: Bool
  ) throws(ConstraintError) {
    var state = from
    while true {
      skip(lines: isNested)
      guard let part = try part() else { break }
      state = try repeated(part, from: state)
    }
    grammar.jump(state, to)
  }

  /// One part as a rule of its own; nil where the sequence ends.
  private mutating func part() throws(ConstraintError) -> Int32? {
    guard let scalar = next else { return nil }
    switch scalar {
    case "\"":
      position += 1
      return try text()
    case "[":
      position += 1
      return try set()
    case ".":
      position += 1
      return try one(of: .all)
    case "(":
      position += 1
      depth += 1
      defer { depth -= 1 }
      guard depth <= Self.depthLimit else { throw refusal("too many groups within each other") }
      skip(lines: true)
      let rule = try grammar.rule()
      try choice(from: grammar.start(of: rule), to: grammar.end(of: rule), isNested: true)
      skip(lines: true)
      guard take(")") else { throw refusal("a group without an end") }
      return rule
    default:
      guard let name = name() else {
        guard scalar == "\n" || scalar == "\r" || scalar == "|" || scalar == ")" else {
          throw refusal("a text, a set, a group or a rule is wanted")
        }
        return nil
      }
      return try rule(name)
    }
  }

  private mutating func repeated(_ part: Int32, from: Int32) throws(ConstraintError) -> Int32 {
    if take("*") { return try grammar.repeated(part, 0, nil, from: from) }
    if take("+") { return try grammar.repeated(part, 1, nil, from: from) }
    if take("?") { return try grammar.repeated(part, 0, 1, from: from) }
    guard take("{") else { return try grammar.call(part, from: from) }
    let least = try count() ?? 0
    let isOpen = take(",")
    let most = isOpen ? try count() : least
    guard take("}"), least <= most ?? .max else { throw refusal("a count that is none") }
    return try grammar.repeated(part, least, most, from: from)
  }

  private mutating func count() throws(ConstraintError) -> Int? {
    let value = cursor.number(atMost: Self.countLimit)
    guard value ?? 0 <= Self.countLimit else {
      throw refusal("a count of more than \(Self.countLimit)")
    }
    return value
  }

  // MARK: Characters

  private mutating func one(of set: ScalarRanges) throws(ConstraintError) -> Int32 {
    let rule = try grammar.rule()
    try grammar.write(set, .plain, from: grammar.start(of: rule), to: grammar.end(of: rule))
    return rule
  }

  private mutating func text() throws(ConstraintError) -> Int32 {
    let rule = try grammar.rule()
    var state = grammar.start(of: rule)
    while let scalar = next, scalar != "\"" {
      guard scalar != "\n" else { throw refusal("a text without an end") }
      state = try grammar.spell(String(try character()), from: state)
    }
    guard take("\"") else { throw refusal("a text without an end") }
    grammar.jump(state, grammar.end(of: rule))
    return rule
  }

  private mutating func set() throws(ConstraintError) -> Int32 {
    let isExcluded = take("^")
    var ranges: [ClosedRange<UInt32>] = []
    while let scalar = next, scalar != "]" {
      let low = try character()
      guard cursor.isInRange else {
        ranges.append(low.value...low.value)
        continue
      }
      position += 1
      let high = try character()
      guard low <= high else { throw refusal("a range that is none") }
      ranges.append(low.value...high.value)
    }
    guard take("]") else { throw refusal("a set without an end") }
    let set = ScalarRanges(ranges)
    return try one(of: isExcluded ? set.complement : set)
  }

  private mutating func character() throws(ConstraintError) -> Unicode.Scalar {
    guard let scalar = next else { throw refusal("a character is wanted") }
    position += 1
    guard scalar == "\\" else { return scalar }
    guard let escape = next else { throw refusal("a backslash at its end") }
    position += 1
    switch escape {
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "x": return try code(2)
    case "u": return try code(4)
    case "U": return try code(8)
    case "\\", "\"", "[", "]", "-", "^": return escape
    default: throw refusal("an escape that is not known")
    }
  }

  private mutating func code(_ digits: Int) throws(ConstraintError) -> Unicode.Scalar {
    let text = cursor.hexadecimal(digits)
    guard text.utf8.count == digits, let value = UInt32(text, radix: 16),
      let scalar = Unicode.Scalar(value)
    else { throw refusal("a code that is no character") }
    return scalar
  }
}
