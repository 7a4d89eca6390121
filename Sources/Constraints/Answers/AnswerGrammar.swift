internal import JSON

/// Writes the rules of a whole answer: what is constrained, and the marks that a model sets around it.
struct AnswerGrammar {
  var grammar = Grammar()
  let layout: AnswerLayout
  private let shapes: JSONShapes
  private let controls: [Int32]
  private var path = ""
  private let work = AutomatonWork()
  /// Any text, up to the next control token.
  private let anything: Int32
  /// Thoughts of one answer, each in its message.
  private static let thoughts = 4
  /// Calls of one answer.
  private static let calls = 16

  init(_ layout: AnswerLayout) throws(ConstraintError) {
    self.layout = layout
    controls = layout.controls
    shapes = try JSONShapes(&grammar)
    anything = try grammar.rule()
    let start = grammar.start(of: anything)
    let loop = try grammar.state()
    grammar.jump(start, loop)
    try grammar.write(.all, .plain, from: loop, to: loop)
    grammar.jump(loop, grammar.end(of: anything))
    grammar.root = try grammar.rule()
  }

  /// - Parameter path: where the content stands in the request.
  mutating func write(
    _ content: AnswerContent, at path: String, _ calls: AnswerCalls?
  ) throws(ConstraintError) {
    self.path = path
    let from = grammar.start(of: grammar.root)
    let to = grammar.end(of: grammar.root)
    if let channels = layout.channels {
      return try write(content, calls, channels, from: from, to: to)
    }
    let answer = try behindThought(from)
    guard let calls else { return try write(content, from: answer, to: to) }
    if calls.areNeeded {
      try write(calls, from: answer, to: to)
    } else if content == .text {
      let text = try textBeforeCalls(from: answer)
      grammar.jump(text, to)
      try write(calls, from: layout.calls == .bare ? answer : text, to: to)
    } else {
      try write(content, from: answer, to: to)
      try write(calls, from: answer, to: to)
    }
  }

  // MARK: Marks

  private mutating func write(
    _ mark: AnswerLayout.Mark, from state: Int32
  ) throws(ConstraintError) -> Int32 {
    switch mark {
    case .control(let token): try control(token, from: state)
    case .text(let text): try grammar.spell(text, from: state)
    }
  }

  private mutating func control(_ token: Int32, from state: Int32) throws(ConstraintError) -> Int32
  {
    let place = controls.firstIndex(of: token) ?? 0
    return try grammar.control(Grammar.firstControl + UInt16(clamping: place), from: state)
  }

  /// Any text in which a mark does not stand.
  private mutating func text(
    without mark: AnswerLayout.Mark, from state: Int32
  ) throws(ConstraintError) -> Int32 {
    guard case .text(let text) = mark else { return try grammar.call(anything, from: state) }
    let spelt = Expression.sequence(text.unicodeScalars.map { .scalars(ScalarRanges($0)) })
    let rest = try TextAutomaton(spelt, isSearch: true, work).complement
    let behind = try grammar.state()
    try grammar.write(rest, .plain, from: state, to: behind)
    return behind
  }

  /// Some line ends or spaces, as models set them between the parts of an answer.
  private mutating func gap(_ most: Int, from state: Int32) throws(ConstraintError) -> Int32 {
    let end = try grammar.state()
    var state = state
    grammar.jump(state, end)
    for _ in 0..<most {
      let next = try grammar.state()
      for byte in " \n".utf8 { grammar.take(byte, byte, state, next) }
      grammar.jump(next, end)
      state = next
    }
    return end
  }

  private mutating func behindThought(_ from: Int32) throws(ConstraintError) -> Int32 {
    guard let thought = layout.thought else { return from }
    let answer = try grammar.state()
    var inside = from
    if !thought.hasBegun {
      grammar.jump(from, answer)
      inside = try write(thought.open, from: from)
    }
    let said = try text(without: thought.close, from: inside)
    grammar.jump(try gap(3, from: try write(thought.close, from: said)), answer)
    return answer
  }

  // MARK: Content

  private mutating func write(
    _ content: AnswerContent, from: Int32, to: Int32
  ) throws(ConstraintError) {
    do {
      try writeContent(content, from: from, to: to)
    } catch {
      var error = error
      error.path = [path, error.path].filter { !$0.isEmpty }.joined(separator: ".")
      throw error
    }
  }

  private mutating func writeContent(
    _ content: AnswerContent, from: Int32, to: Int32
  ) throws(ConstraintError) {
    switch content {
    case .text: grammar.call(anything, from, to)
    case .jsonObject: grammar.call(shapes.object, from, to)
    case .schema(let schema): grammar.call(try rule(of: schema), from, to)
    case .regex(let pattern):
      let automaton = try work.automaton(pattern, isSearch: false)
      try grammar.write(automaton, .plain, from: from, to: to)
    case .choice(let texts): try grammar.choose(texts.map { Array($0.utf8) }, from, to)
    case .grammar(let text): grammar.call(try GrammarNotation.write(text, into: &grammar), from, to)
    }
  }

  private mutating func rule(of schema: JSONValue) throws(ConstraintError) -> Int32 {
    try SchemaGrammar.rule(of: schema, in: &grammar, shapes, work)
  }

  // MARK: Calls

  private mutating func textBeforeCalls(from state: Int32) throws(ConstraintError) -> Int32 {
    switch layout.calls {
    case .tagged(let open, _), .listed(let open, _), .named(let open, _):
      return try text(without: open, from: state)
    case .none: return try grammar.call(anything, from: state)
    case .bare:
      // A call stands in place of the text, which must not begin like one.
      let behind = try grammar.state()
      let words = try work.automaton("(\\s*[^{\\s][\\s\\S]*)?", isSearch: false)
      try grammar.write(words, .plain, from: state, to: behind)
      return behind
    }
  }

  private mutating func write(
    _ calls: AnswerCalls, from: Int32, to: Int32
  ) throws(ConstraintError) {
    switch layout.calls {
    case .none: return
    case .bare:
      grammar.call(try object(calls.tools, arguments: "parameters"), from, to)
    case .tagged(let open, let close):
      let one = try grammar.rule()
      let begun = try gap(1, from: try write(open, from: grammar.start(of: one)))
      let behind = try grammar.call(
        try object(calls.tools, arguments: "arguments"), from: begun)
      grammar.jump(try write(close, from: try gap(1, from: behind)), grammar.end(of: one))
      try several(one, calls, from: from, to: to, between: "\n")
    case .listed(let open, let close):
      let one = try object(calls.tools, arguments: "arguments")
      let inside = try grammar.spell("[", from: try write(open, from: from))
      let behind = try grammar.state()
      try several(one, calls, from: inside, to: behind, between: ", ")
      let end = try grammar.spell("]", from: behind)
      grammar.jump(
        try close.map { mark throws(ConstraintError) in try write(mark, from: end) } ?? end, to)
    case .named(let open, let arguments):
      let one = try grammar.rule()
      let begun = try write(open, from: grammar.start(of: one))
      for tool in calls.tools {
        let named = try grammar.spell(tool.name, from: begun)
        grammar.call(
          try parameters(of: tool), try write(arguments, from: named), grammar.end(of: one))
      }
      try several(one, calls, from: from, to: to, between: "")
    }
  }

  private mutating func several(
    _ one: Int32, _ calls: AnswerCalls, from: Int32, to: Int32, between: String
  ) throws(ConstraintError) {
    var state = try grammar.call(one, from: from)
    grammar.jump(state, to)
    guard calls.areParallel else { return }
    for _ in 1..<Self.calls {
      state = try grammar.call(one, from: try grammar.spell(between, from: state))
      grammar.jump(state, to)
    }
  }

  /// A call as an object.
  private mutating func object(
    _ tools: [CallableTool], arguments: String
  ) throws(ConstraintError) -> Int32 {
    let rule = try grammar.rule()
    for tool in tools {
      var state = try grammar.spell("{\"name\":", from: grammar.start(of: rule))
      state = try grammar.call(shapes.space, from: state)
      state = try grammar.spell(JSONValue.string(tool.name).json(.compact) + ",", from: state)
      state = try grammar.call(shapes.space, from: state)
      state = try grammar.spell("\"\(arguments)\":", from: state)
      state = try grammar.call(shapes.space, from: state)
      state = try grammar.call(try parameters(of: tool), from: state)
      try grammar.spell("}", from: state, to: grammar.end(of: rule))
    }
    return rule
  }

  /// The arguments of a function: an object, whatever its schema says besides.
  private mutating func parameters(of tool: CallableTool) throws(ConstraintError) -> Int32 {
    guard let schema = tool.parameters else { return shapes.object }
    guard schema.members != nil else {
      throw ConstraintError(
        path: tool.path, found: schema.kind, reason: "the schema of arguments is an object")
    }
    guard schema["type"] != nil || schema["$ref"] != nil || schema["anyOf"] != nil else {
      // Arguments are an object also where nobody says so.
      return try rule(
        of: JSONValue(members: [.init("type", "object")] + (schema.members ?? [])), at: tool)
    }
    return try rule(of: schema, at: tool)
  }

  private mutating func rule(
    of schema: JSONValue, at tool: CallableTool
  ) throws(ConstraintError) -> Int32 {
    do {
      return try rule(of: schema)
    } catch {
      var error = error
      error.path = error.path.isEmpty ? tool.path : tool.path + "." + error.path
      throw error
    }
  }

  // MARK: Channels

  /// - Standard: OpenAI Harmony; the prompt has named the author of the first message.
  private mutating func write(
    _ content: AnswerContent, _ calls: AnswerCalls?, _ channels: AnswerLayout.Channels,
    from: Int32, to: Int32
  ) throws(ConstraintError) {
    let ready = try grammar.state()
    var state = from
    grammar.jump(state, ready)
    for _ in 0..<Self.thoughts {
      let named = try grammar.spell("analysis", from: try control(channels.channel, from: state))
      let begun = try control(channels.message, from: named)
      let said = try grammar.call(anything, from: begun)
      let ended = try control(channels.end, from: said)
      state = try grammar.spell("assistant", from: try control(channels.start, from: ended))
      grammar.jump(state, ready)
    }
    if calls?.areNeeded != true {
      let named = try grammar.spell("final", from: try control(channels.channel, from: ready))
      let begun =
        content.isValue
        ? try message(channels, from: named) : try control(channels.message, from: named)
      try write(content, from: begun, to: to)
    }
    for tool in calls?.tools ?? [] {
      // The recipient stands before or behind the channel; models write both.
      let recipient = " to=functions." + tool.name
      let before = try grammar.spell(
        "commentary",
        from: try control(channels.channel, from: try grammar.spell(recipient, from: ready)))
      let after = try grammar.spell(
        "commentary" + recipient, from: try control(channels.channel, from: ready))
      let named = try grammar.state()
      grammar.jump(before, named)
      grammar.jump(after, named)
      grammar.call(try parameters(of: tool), try message(channels, from: named), to)
    }
  }

  /// The end of a message's head, with the word that JSON follows or without.
  private mutating func message(
    _ channels: AnswerLayout.Channels, from named: Int32
  ) throws(ConstraintError) -> Int32 {
    let ready = try grammar.state()
    grammar.jump(named, ready)
    for begun in [named, try grammar.spell(" ", from: named)] {
      let typed = try grammar.spell("json", from: try control(channels.constrain, from: begun))
      grammar.jump(typed, ready)
    }
    return try control(channels.message, from: ready)
  }
}

extension Grammar {
  /// The rules of a whole answer in the layout of a model.
  ///
  /// Control tokens are symbols in the order of ``AnswerLayout/controls``.
  ///
  /// - Throws: `ConstraintError` with the path of what can't be held to.
  package static func answer(
    _ content: AnswerContent, at path: String = "", _ calls: AnswerCalls? = nil,
    in layout: AnswerLayout = AnswerLayout()
  ) throws(ConstraintError) -> Grammar {
    var writer = try AnswerGrammar(layout)
    try writer.write(content, at: path, calls)
    return writer.grammar
  }
}
