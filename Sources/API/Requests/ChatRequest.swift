package import Engine
package import Tokenizers
package import Runs

/// A body of `/v1/chat/completions`, with or without activations, read in the documented order:
/// body, model, messages, hooks, then everything else.
package struct ChatRequest: Sendable {
  package var model: LoadedModel
  package var messages: [ChatMessage]
  package var options: ChatOptions
  package var hooks: [HookOrder]
  package var encoding: TensorEncoding
  package var output: CompletionOptions

  /// - Parameters:
  ///   - needsHooks: whether the endpoint is the one with activations.
  ///   - registered: the hooks registered for a model, for requests that use them.
  ///   - time: seconds since 1970, for templates that print the date.
  package init(
    _ fields: Fields, models: ModelTable, needsHooks: Bool, registered: RegisteredHooks,
    time: Int64
  ) throws(Refusal) {
    model = try models.runnable(fields)
    messages = try MessageReader.messages(fields)
    hooks = try Self.hooks(fields, model: model, isNeeded: needsHooks, registered: registered)
    encoding =
      try fields.choice("encoding", TensorEncoding.allCases.map(\.rawValue))
      .flatMap { TensorEncoding(rawValue: $0) } ?? .nested
    output = try CompletionOptions(fields, of: model, isChat: true)
    options = try ChatOptions(fields, time: time)
  }

  private static func hooks(
    _ fields: Fields, model: LoadedModel, isNeeded: Bool, registered: RegisteredHooks
  ) throws(Refusal) -> [HookOrder] {
    guard isNeeded else { return [] }
    let list = try fields.objects("activation_hooks") ?? []
    let usesRegistered = try fields.bool("use_registered_hooks") ?? false
    guard !list.isEmpty || usesRegistered else { throw .hooksRequired }
    return try registered.orders(
      with: list, of: model, usesRegistered: usesRegistered)
  }
}

/// What chat and text completions have in common besides the prompt.
package struct CompletionOptions: Sendable {
  package var sampling: SamplingRequest
  package var isStreaming: Bool
  /// How many answers are wanted.
  package var count: Int
  package var wantsLogprobs: Bool
  package var topLogprobs: Int
  /// Whether a stream ends with a chunk of token counts.
  package var includesUsage: Bool

  init(_ fields: Fields, of model: LoadedModel, isChat: Bool) throws(Refusal) {
    sampling = try SamplingRequest(fields, of: model)
    isStreaming = try fields.bool("stream") ?? false
    count = try fields.integer("n", in: 1...16) ?? 1
    if isChat {
      wantsLogprobs = try fields.bool("logprobs") ?? false
      topLogprobs = try fields.integer("top_logprobs", in: 0...20) ?? 0
    } else {
      topLogprobs = try fields.integer("logprobs", in: 0...20) ?? -1
      wantsLogprobs = topLogprobs >= 0
      topLogprobs = max(topLogprobs, 0)
    }
    includesUsage = try fields.object("stream_options")?.bool("include_usage") ?? false
  }
}
