package import Engine
internal import Frames
package import Hooks
package import Interpretability
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

  package var model: LoadedModel
  package var prompt: Prompt
  package var sampling: SamplingRequest
  package var hooks: [HookOrder]
  package var interventions: [Fields]
  package var analyses: [any LiveAnalysis]
  package var watches: [Watchpoint]
  package var frames: FrameFormat
  package var topLogprobs: Int
  package var isRecorded: Bool
  package var isDetached: Bool
  package var startsPaused: Bool
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
    self.model = model
    prompt = try Self.prompt(fields)
    let shorter = try fields.objects("hooks") ?? []
    hookFields = try registered.fields(
      with: try fields.objects("activation_hooks") ?? shorter, of: model,
      usesRegistered: try fields.bool("use_registered_hooks") ?? false)
    hooks = try HookReader(model.catalogue).orders(hookFields)
    sampling = try SamplingRequest(fields, of: model)
    interventions = try fields.objects("interventions") ?? []
    frames = try FrameFormat(fields.object("frames"))
    topLogprobs = try fields.integer("top_logprobs", in: 0...20) ?? 0
    isRecorded = try fields.bool("record") ?? false
    isDetached = try fields.bool("detach") ?? false
    startsPaused = try fields.choice("start", ["running", "paused"]) == "paused"
    options = try ChatOptions(fields, time: time)
    answer = try AnswerOrder(fields)
    analyses = try AnalysisReader(model).analyses(try fields.objects("analyses") ?? [])
    watches = try WatchReader(model.catalogue).watches(try fields.objects("watch") ?? [])
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
