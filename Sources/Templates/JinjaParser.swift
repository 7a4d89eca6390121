/// Reads the elements of a template into statements.
struct JinjaParser {
  /// Deeper nesting of blocks and expressions is refused.
  static let depthLimit = 64
  /// More operators in one tag are refused: a tree must not be higher than a thread's stack.
  static let chainLimit = 1024

  let tokens: [JinjaToken]
  var position = 0
  var depth = 0
  /// Operators of the tag that is being read.
  var chain = 0
  private var loops = 0
  /// Branches around what is read: a filter that is not known there fails only where it is used.
  var branches = 0

  init(_ tokens: [JinjaToken]) { self.tokens = tokens }

  mutating func template() throws(TemplateError) -> [JinjaStatement] {
    let statements = try statements(until: [])
    guard token.kind == .end else { throw fault("the end of the template") }
    return statements
  }

  /// The next element; the last is `end`, which is never passed.
  var token: JinjaToken {
    tokens.indices.contains(position) ? tokens[position] : JinjaToken(kind: .end, line: 0)
  }

  func fault(_ expected: String) -> TemplateError {
    .unreadable(line: token.line, expected: expected, found: token.spelling)
  }

  mutating func advance() { if token.kind != .end { position += 1 } }

  mutating func take(_ symbol: String) -> Bool {
    guard token.kind == .symbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func take(word: String) -> Bool {
    guard token.kind == .name(word) else { return false }
    advance()
    return true
  }

  mutating func demand(_ symbol: String) throws(TemplateError) {
    guard take(symbol) else { throw fault("'\(symbol)'") }
  }

  mutating func name() throws(TemplateError) -> String {
    guard case .name(let name) = token.kind else { throw fault("a name") }
    advance()
    return name
  }

  mutating func demandBlockEnd() throws(TemplateError) {
    guard token.kind == .blockEnd else { throw fault("'%}'") }
    advance()
  }

  /// Reads statements up to a block tag with one of these names, whose `{%` and name are taken too.
  mutating func statements(until ends: [String]) throws(TemplateError) -> [JinjaStatement] {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw fault("at most \(Self.depthLimit) levels") }
    var statements: [JinjaStatement] = []
    while true {
      chain = 0
      switch token.kind {
      case .data(let text):
        statements.append(.text(text))
        advance()
      case .outputBegin:
        let line = token.line
        advance()
        statements.append(.output(try expression(), line: line))
        guard token.kind == .outputEnd else { throw fault("'}}'") }
        advance()
      case .blockBegin:
        advance()
        guard case .name(let word) = token.kind else { throw fault("a statement") }
        if ends.contains(word) { return statements }
        statements.append(try statement(word))
      default:
        guard ends.isEmpty else { throw fault(ends.joined(separator: " or ")) }
        return statements
      }
    }
  }

  private mutating func statement(_ word: String) throws(TemplateError) -> JinjaStatement {
    let line = token.line
    advance()
    switch word {
    case "if": return try choose(line)
    case "for": return try loop(line)
    case "set": return try set(line)
    case "macro":
      let name = try name()
      return .macro(try macro(name, end: "endmacro"))
    case "call":
      let parameters = token.kind == .symbol("(") ? try self.parameters() : []
      let callee = try expression()
      let body = try block(end: "endcall")
      return .call(
        callee, JinjaMacro(name: "caller", parameters: parameters, body: body), line: line)
    case "filter":
      let filters = try filters()
      return .filter(filters, body: try block(end: "endfilter"), line: line)
    case "generation": return .plain(try block(end: "endgeneration"))
    case "break", "continue":
      guard loops > 0 else { throw fault("a loop around '\(word)'") }
      try demandBlockEnd()
      return word == "break" ? .leave : .skip
    default:
      throw .unreadable(line: line, expected: "a known statement", found: word)
    }
  }

  /// `%}`, a body, and its end tag.
  private mutating func block(end: String) throws(TemplateError) -> [JinjaStatement] {
    try demandBlockEnd()
    let body = try statements(until: [end])
    advance()
    try demandBlockEnd()
    return body
  }

  private mutating func choose(_ line: Int) throws(TemplateError) -> JinjaStatement {
    var branches: [(condition: JinjaExpression?, body: [JinjaStatement])] = []
    var condition: JinjaExpression? = try expression()
    while true {
      try demandBlockEnd()
      let ends = condition == nil ? ["endif"] : ["elif", "else", "endif"]
      self.branches += 1
      branches.append((condition, try statements(until: ends)))
      self.branches -= 1
      let word = try name()
      if word == "endif" { break }
      condition = word == "elif" ? try expression() : nil
    }
    try demandBlockEnd()
    return .choose(branches, line: line)
  }

  private mutating func loop(_ line: Int) throws(TemplateError) -> JinjaStatement {
    let target = try targets()
    guard take(word: "in") else { throw fault("in") }
    let items = try expressionWithoutCondition()
    let condition: JinjaExpression? = take(word: "if") ? try expression() : nil
    if take(word: "recursive") { throw fault("a loop that is not recursive") }
    try demandBlockEnd()
    loops += 1
    let body = try statements(until: ["else", "endfor"])
    loops -= 1
    var otherwise: [JinjaStatement] = []
    if try name() == "else" {
      try demandBlockEnd()
      otherwise = try statements(until: ["endfor"])
      advance()
    }
    try demandBlockEnd()
    return .loop(
      JinjaLoop(
        target: target, items: items, condition: condition, body: body, otherwise: otherwise),
      line: line)
  }

  private mutating func targets() throws(TemplateError) -> JinjaTarget {
    let bracket = take("(")
    var names = [try name()]
    while take(",") { names.append(try name()) }
    if bracket { try demand(")") }
    return names.count == 1 ? .name(names[0]) : .names(names)
  }

  private mutating func set(_ line: Int) throws(TemplateError) -> JinjaStatement {
    let target = try targets()
    if case .name(let name) = target {
      if take(".") {
        let member = try self.name()
        try demand("=")
        let value = try expressionOrTuple()
        try demandBlockEnd()
        return .set(.member(name, member), value, line: line)
      }
      if token.kind != .symbol("=") {
        let filters = token.kind == .symbol("|") ? try self.filters(leading: true) : []
        return .setBlock(name, filters, body: try block(end: "endset"), line: line)
      }
    }
    try demand("=")
    let value = try expressionOrTuple()
    try demandBlockEnd()
    return .set(target, value, line: line)
  }

  private mutating func macro(
    _ name: String, end: String
  ) throws(TemplateError) -> JinjaMacro {
    let parameters = try parameters()
    return JinjaMacro(name: name, parameters: parameters, body: try block(end: end))
  }

  private mutating func parameters() throws(TemplateError) -> [(
    name: String, fallback: JinjaExpression?
  )] {
    var parameters: [(name: String, fallback: JinjaExpression?)] = []
    try demand("(")
    while !take(")") {
      if !parameters.isEmpty { try demand(",") }
      if take(")") { break }
      let name = try name()
      parameters.append((name, take("=") ? try expression() : nil))
    }
    return parameters
  }

  /// Names of filters with `|` between them.
  private mutating func filters(
    leading: Bool = false
  ) throws(TemplateError) -> [JinjaExpression.Filter] {
    if leading { try demand("|") }
    var filters = [try filter()]
    while take("|") { filters.append(try filter()) }
    return filters
  }
}
