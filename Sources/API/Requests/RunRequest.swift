package import Engine
internal import Interpretability
package import Tokenizers
package import Runs

/// A body of `POST /v1/runs` or of a socket's `start`.
package struct RunRequest: Sendable {
  /// What the run begins with.
  package enum Prompt: Sendable {
    case messages([ChatMessage])
    case text(String)
    case tokens([Token])
  }

  /// What is asked for, but for what takes long to read: the tokens, what holds its text, interventions, the record.
  package var order: RunOrder
  package var prompt: Prompt
  package var interventions: [Fields]
  package var isRecorded: Bool
  package var options: ChatOptions
  package var answer: AnswerOrder

  /// The body itself, and its hooks with the registered ones, for the recording.
  package var fields: Fields
  package var hookFields: [Fields]

  package init(
    _ fields: Fields, models: ModelTable, registered: RegisteredHooks, time: Int64
  ) throws(Refusal) {
    try self.init(fields, model: try models.runnable(fields), registered: registered, time: time)
  }

  package init(
    _ fields: Fields, model: LoadedModel, registered: RegisteredHooks, time: Int64
  ) throws(Refusal) {
    self.fields = fields
    prompt = try Self.prompt(fields)
    let shorter = try fields.objects("hooks") ?? []
    hookFields = try registered.fields(
      with: try fields.objects("activation_hooks") ?? shorter, of: model,
      usesRegistered: try fields.bool("use_registered_hooks") ?? false)
    let hooks = try HookReader(model.catalogue).orders(hookFields)
    order = RunOrder(model: model, tokens: [], sampling: try SamplingRequest(fields, of: model))
    order.hooks = hooks
    interventions = try fields.objects("interventions") ?? []
    order.frames = try FrameFormat(fields.object("frames"))
    order.topLogprobs = try fields.integer("top_logprobs", in: 0...20) ?? 0
    isRecorded = try fields.bool("record") ?? false
    order.isDetached = try fields.bool("detach") ?? false
    order.startsPaused = try fields.choice("start", ["running", "paused"]) == "paused"
    options = try ChatOptions(fields, time: time)
    answer = try AnswerOrder(fields)
    order.analyses = try AnalysisReader(model).analyses(try fields.objects("analyses") ?? [])
    order.watches = try WatchReader(model.catalogue).watches(try fields.objects("watch") ?? [])
    if case .success(let chat) = model.chat { order.stopTokens.formUnion(chat.stopTokens) }
    if case .messages = prompt { order.operation = .chat }
  }

  static func prompt(_ fields: Fields) throws(Refusal) -> Prompt {
    let given = ["messages", "prompt", "tokens"].filter { fields[$0] != nil }
    guard given.count < 2 else {
      throw .conflict(fields: given, reason: "a run begins with one of them")
    }
    if let text = try fields.string("prompt") { return .text(text) }
    if let tokens = try fields.integers("tokens", in: 0...Int(Int32.max)) {
      return .tokens(tokens.map { Token($0) })
    }
    return .messages(try MessageReader.messages(fields))
  }
}
