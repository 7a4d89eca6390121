/// Expressions, loosest binding first.
extension JinjaParser {
  /// An expression, with `a if b else c`.
  mutating func expression() throws(TemplateError) -> JinjaExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw fault("at most \(Self.depthLimit) levels") }
    var value = try disjunction()
    while take(word: "if") {
      let condition = try disjunction()
      let other: JinjaExpression? = take(word: "else") ? try expression() : nil
      try count()
      value = .conditional(value, if: condition, else: other)
    }
    return value
  }

  /// What a loop runs over: an `if` after it is the loop's.
  mutating func expressionWithoutCondition() throws(TemplateError) -> JinjaExpression {
    try disjunction()
  }

  /// A value of `set`: `a, b` makes a tuple.
  mutating func expressionOrTuple() throws(TemplateError) -> JinjaExpression {
    let first = try expression()
    guard token.kind == .symbol(",") else { return first }
    var items = [first]
    while take(","), token.kind != .blockEnd { items.append(try expression()) }
    return .tuple(items)
  }

  /// Counts an operator of the current tag.
  private mutating func count() throws(TemplateError) {
    chain += 1
    guard chain <= Self.chainLimit else { throw fault("at most \(Self.chainLimit) operators") }
  }

  private mutating func disjunction() throws(TemplateError) -> JinjaExpression {
    var left = try conjunction()
    while take(word: "or") {
      try count()
      left = .or(left, try conjunction())
    }
    return left
  }

  private mutating func conjunction() throws(TemplateError) -> JinjaExpression {
    var left = try negation()
    while take(word: "and") {
      try count()
      left = .and(left, try negation())
    }
    return left
  }

  private mutating func negation() throws(TemplateError) -> JinjaExpression {
    var negations = 0
    while take(word: "not") { negations += 1 }
    let value = try comparison()
    return negations == 0 ? value : negations % 2 == 1 ? .not(value) : .not(.not(value))
  }

  private mutating func comparison() throws(TemplateError) -> JinjaExpression {
    let line = token.line
    let first = try sum()
    var rest: [(JinjaExpression.Comparison, JinjaExpression)] = []
    while let comparison = comparisonSign() {
      try count()
      rest.append((comparison, try sum()))
    }
    return rest.isEmpty ? first : .comparison(first, rest, line: line)
  }

  private mutating func comparisonSign() -> JinjaExpression.Comparison? {
    switch token.kind {
    case .symbol(let symbol):
      guard let found = JinjaExpression.Comparison(rawValue: symbol) else { return nil }
      advance()
      return found
    case .name("in"):
      advance()
      return .contained
    case .name("not"):
      guard tokens.indices.contains(position + 1), tokens[position + 1].kind == .name("in") else {
        return nil
      }
      position += 2
      return .notContained
    default: return nil
    }
  }

  private mutating func sum() throws(TemplateError) -> JinjaExpression {
    var left = try concatenation()
    while let operation = operation(["+", "-"]) {
      let line = token.line
      try count()
      left = .operation(operation, left, try concatenation(), line: line)
    }
    return left
  }

  private mutating func concatenation() throws(TemplateError) -> JinjaExpression {
    var left = try product()
    while let operation = operation(["~"]) {
      let line = token.line
      try count()
      left = .operation(operation, left, try product(), line: line)
    }
    return left
  }

  private mutating func product() throws(TemplateError) -> JinjaExpression {
    var left = try power()
    while let operation = operation(["*", "/", "//", "%"]) {
      let line = token.line
      try count()
      left = .operation(operation, left, try power(), line: line)
    }
    return left
  }

  private mutating func power() throws(TemplateError) -> JinjaExpression {
    var left = try signed(filters: true)
    while let operation = operation(["**"]) {
      let line = token.line
      try count()
      left = .operation(operation, left, try signed(filters: true), line: line)
    }
    return left
  }

  private mutating func operation(_ symbols: [String]) -> JinjaExpression.Operation? {
    guard case .symbol(let symbol) = token.kind, symbols.contains(symbol) else { return nil }
    advance()
    return JinjaExpression.Operation(rawValue: symbol)
  }

  private mutating func signed(filters: Bool) throws(TemplateError) -> JinjaExpression {
    let line = token.line
    var negative = false
    var signs = false
    while token.kind == .symbol("-") || token.kind == .symbol("+") {
      negative = negative != (token.kind == .symbol("-"))
      signs = true
      advance()
    }
    var value = try postfix(try primary())
    if signs, negative { value = .negate(value, line: line) }
    return filters ? try filtersAndTests(value) : value
  }

  private mutating func primary() throws(TemplateError) -> JinjaExpression {
    let found = token
    advance()
    switch found.kind {
    case .name("true"), .name("True"): return .bool(true)
    case .name("false"), .name("False"): return .bool(false)
    case .name("none"), .name("None"): return .none
    case .name(let name): return .name(name)
    case .integer(let value): return .integer(value)
    case .float(let value): return .float(value)
    case .string(var text):
      // Strings in a row are one string.
      while case .string(let more) = token.kind {
        text += more
        advance()
      }
      return .string(text)
    case .symbol("("): return try parenthesis()
    case .symbol("["): return .list(try list(end: "]"))
    case .symbol("{"): return try dictionary()
    default:
      position -= found.kind == .end ? 0 : 1
      throw fault("an expression")
    }
  }

  private mutating func parenthesis() throws(TemplateError) -> JinjaExpression {
    if take(")") { return .tuple([]) }
    let first = try expression()
    if take(")") { return first }
    try demand(",")
    return .tuple([first] + (try list(end: ")")))
  }

  private mutating func list(end: String) throws(TemplateError) -> [JinjaExpression] {
    var items: [JinjaExpression] = []
    while !take(end) {
      items.append(try expression())
      if take(end) { break }
      try demand(",")
    }
    return items
  }

  private mutating func dictionary() throws(TemplateError) -> JinjaExpression {
    var members: [(key: JinjaExpression, value: JinjaExpression)] = []
    while !take("}") {
      let key = try expression()
      try demand(":")
      members.append((key, try expression()))
      if take("}") { break }
      try demand(",")
    }
    return .dictionary(members)
  }

  /// Members, items, slices and calls.
  private mutating func postfix(
    _ start: JinjaExpression
  ) throws(TemplateError) -> JinjaExpression {
    var value = start
    while true {
      let line = token.line
      if take(".") {
        try count()
        if case .integer(let index) = token.kind {
          advance()
          value = .item(value, .integer(index), line: line)
        } else {
          value = .member(value, try name(), line: line)
        }
      } else if take("[") {
        try count()
        value = try subscripted(value, line)
      } else if token.kind == .symbol("(") {
        try count()
        value = .call(value, try arguments(), line: line)
      } else {
        return value
      }
    }
  }

  private mutating func subscripted(
    _ value: JinjaExpression, _ line: Int
  ) throws(TemplateError) -> JinjaExpression {
    var bounds: [JinjaExpression?] = [nil]
    while !take("]") {
      if take(":") {
        bounds.append(nil)
        guard bounds.count <= 3 else { throw fault("']'") }
      } else {
        guard bounds[bounds.count - 1] == nil else { throw fault("']'") }
        bounds[bounds.count - 1] = try expression()
      }
    }
    if bounds.count == 1 {
      guard let index = bounds[0] else { throw fault("an index") }
      return .item(value, index, line: line)
    }
    return .slice(
      value, from: bounds[0], to: bounds[1], step: bounds.count > 2 ? bounds[2] : nil, line: line)
  }

  mutating func arguments() throws(TemplateError) -> JinjaExpression.Arguments {
    var arguments = JinjaExpression.Arguments()
    try demand("(")
    while !take(")") {
      if case .name(let name) = token.kind, tokens.indices.contains(position + 1),
        tokens[position + 1].kind == .symbol("=")
      {
        position += 2
        arguments.named.append((name, try expression()))
      } else if token.kind == .symbol("*"), arguments.spread == nil {
        advance()
        arguments.spread = try expression()
      } else if token.kind == .symbol("**"), arguments.namedSpread == nil {
        advance()
        arguments.namedSpread = try expression()
      } else {
        arguments.positional.append(try expression())
      }
      if take(")") { break }
      try demand(",")
    }
    return arguments
  }

  mutating func filter() throws(TemplateError) -> JinjaExpression.Filter {
    let line = token.line
    let name = try name()
    guard branches > 0 || JinjaFilters.names.contains(name) else {
      throw .unreadable(line: line, expected: "a known filter", found: name)
    }
    let arguments = token.kind == .symbol("(") ? try arguments() : JinjaExpression.Arguments()
    return JinjaExpression.Filter(name: name, arguments: arguments, line: line)
  }

  private mutating func filtersAndTests(
    _ start: JinjaExpression
  ) throws(TemplateError) -> JinjaExpression {
    var value = start
    while true {
      let line = token.line
      if take("|") {
        try count()
        value = .filtered(value, try filter())
      } else if take(word: "is") {
        try count()
        value = try test(of: value, line)
      } else if token.kind == .symbol("(") {
        try count()
        value = .call(value, try arguments(), line: line)
      } else {
        return value
      }
    }
  }

  private mutating func test(
    of value: JinjaExpression, _ line: Int
  ) throws(TemplateError) -> JinjaExpression {
    let negated = take(word: "not")
    let name = try self.name()
    guard JinjaTests.names.contains(name) else {
      throw .unreadable(line: line, expected: "a known test", found: name)
    }
    var arguments: [JinjaExpression] = []
    if token.kind == .symbol("(") {
      let given = try self.arguments()
      guard given.named.isEmpty, given.spread == nil, given.namedSpread == nil else {
        throw .unreadable(
          line: line, expected: "arguments by their places", found: "others for the test '\(name)'")
      }
      arguments = given.positional
    } else if startsArgument {
      arguments = [try postfix(try primary())]
    }
    return .test(value, name, arguments, negated: negated, line: line)
  }

  /// Whether the next element begins a test's argument without parentheses.
  private var startsArgument: Bool {
    switch token.kind {
    case .name(let word): !["else", "or", "and", "is", "if", "in", "not"].contains(word)
    case .string, .integer, .float: true
    case .symbol(let symbol): symbol == "[" || symbol == "{"
    default: false
    }
  }
}
