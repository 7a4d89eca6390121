internal import Constraints
internal import Engine
internal import JSON
internal import Tokenizers

/// What a request wants its answer to be: its text, and its calls.
package struct AnswerOrder: Sendable {
  /// Whether and what is to be called.
  enum ToolChoice: Sendable, Equatable {
    case none, auto, required
    case named(String)
  }

  /// What the text must be; nil where it may be anything.
  let content: AnswerContent?
  /// Where that stands in the request.
  let path: String
  let choice: ToolChoice
  /// Whether one answer may have several calls.
  let isParallel: Bool
  /// The functions, and whether each is held to its schema where the model may choose.
  private let tools: [(tool: CallableTool, isStrict: Bool)]

  /// - Parameter isResponse: whether tools and formats stand in the body as `/v1/responses` has them.
  init(_ fields: Fields, format: Fields? = nil, isResponse: Bool = false) throws(Refusal) {
    let found = try AnswerMembers.content(fields, format: format)
    content = found?.content
    path = found?.path ?? ""
    choice = try Self.choice(fields)
    isParallel = try fields.bool("parallel_tool_calls") ?? true
    var tools: [(tool: CallableTool, isStrict: Bool)] = []
    for (index, one) in (try fields.objects("tools") ?? []).enumerated() {
      guard let function = try one.object("function"), let name = try function.string("name")
      else { continue }
      let place = isResponse ? "tools[\(index)].parameters" : function.name("parameters")
      tools.append(
        (
          CallableTool(name: name, parameters: function["parameters"], path: place),
          try function.bool("strict") ?? false
        ))
    }
    self.tools = tools
    if content != nil, try fields.bool("continue_final_message") ?? false {
      throw .conflict(
        fields: ["continue_final_message", path],
        reason: "what the answer must be would begin in the middle of a message")
    }
    if case .named(let name) = choice, !tools.contains(where: { $0.tool.name == name }) {
      throw .unknownValue(
        field: "tool_choice", found: "\"\(name.prefix(80))\"", allowed: tools.map(\.tool.name))
    }
    if choice == .required, tools.isEmpty {
      throw .conflict(fields: ["tool_choice", "tools"], reason: "there is nothing to call")
    }
  }

  private static func choice(_ fields: Fields) throws(Refusal) -> ToolChoice {
    guard let value = fields["tool_choice"] else { return .auto }
    guard value.members != nil else {
      switch try fields.choice("tool_choice", ["auto", "none", "required"]) {
      case "none": return .none
      case "required": return .required
      default: return .auto
      }
    }
    let object = try fields.object("tool_choice")
    _ = try object?.choice("type", ["function"])
    // Responses name the function beside the type.
    let inner = try object?.object("function") ?? object
    guard let name = try inner?.string("name") else {
      throw .missing(field: "tool_choice.function.name")
    }
    return .named(name)
  }

  // MARK: Constraints

  /// The calls that answers are held to; nil where the model may do as it likes.
  private func calls(_ layout: AnswerLayout) throws(Refusal) -> AnswerCalls? {
    switch choice {
    case .none: return nil
    case .required, .named:
      guard layout.hasCalls else {
        throw .notImplemented(
          field: "tool_choice", found: "a call that must be made",
          reason: "the chat template of this model knows of no calls; auto leaves it to the model")
      }
      let wanted = tools.filter { choice == .required || choice == .named($0.tool.name) }
      return AnswerCalls(
        tools: wanted.map(\.tool), areNeeded: true, areParallel: isParallel && choice == .required)
    case .auto:
      guard !tools.isEmpty, layout.hasCalls,
        content != nil || !isParallel || tools.contains(where: \.isStrict)
      else { return nil }
      let all = tools.map { tool, isStrict in
        isStrict ? tool : CallableTool(name: tool.name, parameters: nil, path: tool.path)
      }
      return AnswerCalls(tools: all, areNeeded: false, areParallel: isParallel)
    }
  }

  /// What the answers of a model are held to; nil where they may be anything.
  ///
  /// - Parameter marks: what the model sets around the parts of an answer; nil for plain text.
  func constraint(
    _ model: LoadedModel, _ marks: AnswerMarks? = nil
  ) throws(Refusal) -> Constraint? {
    let layout = AnswerLayout(marks, model.tokenizer)
    let calls = try calls(layout)
    guard content != nil || calls != nil else { return nil }
    let content = content ?? .text
    let kind = calls?.areNeeded == true ? "tool_choice" : content.kind
    let tools = (calls?.tools ?? []).map { tool -> JSONValue in
      [.string(tool.name), tool.parameters ?? .null]
    }
    let source = [
      content.source, JSONValue.array(tools).json(.compact),
      "\(calls?.areNeeded ?? false) \(calls?.areParallel ?? false) \(layout)",
    ].joined(separator: "\n")
    do {
      return try model.constraint(kind, source: source, controls: layout.controls) {
        () throws(ConstraintError) in
        try Grammar.answer(content, at: path, calls, in: layout)
      }
    } catch {
      let field = error.path.isEmpty ? (path.isEmpty ? "tools" : path) : error.path
      throw .notImplemented(field: field, found: error.found, reason: error.reason)
    }
  }
}

extension AnswerContent {
  /// What is equal for equal contents only.
  fileprivate var source: String {
    switch self {
    case .text, .jsonObject: kind
    case .schema(let schema): kind + schema.json(.compact)
    case .regex(let text), .grammar(let text): kind + text
    case .choice(let texts): kind + JSONValue.array(texts.map { .string($0) }).json(.compact)
    }
  }
}

extension AnswerLayout {
  init(_ marks: AnswerMarks?, _ tokenizer: Tokenizer) {
    self.init()
    guard let marks else { return }
    // A mark is a token of its own where the vocabulary makes one of control; otherwise it is text.
    func mark(_ text: String) -> Mark {
      guard let token = tokenizer.token(spelt: text), tokenizer.isSpecial(token) else {
        return .text(text)
      }
      return .control(token)
    }
    if marks.thinks {
      thought = Thought(
        open: mark(AnswerMarks.thought.open), close: mark(AnswerMarks.thought.close),
        hasBegun: marks.isInThought)
    }
    switch marks.calls {
    case .none: calls = .none
    case .tagged(let open, let close): calls = .tagged(open: mark(open), close: mark(close))
    case .listed(let open, let close):
      calls = .listed(open: mark(open), close: close.isEmpty ? nil : mark(close))
    case .named(let open, let arguments):
      calls = .named(open: mark(open), arguments: mark(arguments))
    case .bare: calls = .bare
    }
    channels = marks.channels.map {
      Channels(
        start: $0.start, channel: $0.channel, message: $0.message, constrain: $0.constrain,
        end: $0.end)
    }
  }
}
