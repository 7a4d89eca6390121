package import Engine
internal import JSON
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
  package var answer: AnswerOrder

  /// - Parameters:
  ///   - needsHooks: whether the endpoint is the one with activations.
  ///   - registered: the hooks registered for a model, for requests that use them.
  ///   - time: seconds since 1970, for templates that print the date.
  ///   - response: the body as `/v1/responses` has it, where it came so.
  package init(
    _ fields: Fields, models: ModelTable, needsHooks: Bool, registered: RegisteredHooks,
    time: Int64, response: Fields? = nil
  ) throws(Refusal) {
    model = try models.runnable(fields)
    messages = try MessageReader.messages(fields)
    hooks = try Self.hooks(fields, model: model, isNeeded: needsHooks, registered: registered)
    try fields.refuseUnimplemented(OpenAIMembers.chat)
    encoding = try TensorEncoding(fields) ?? .nested
    output = try CompletionOptions(fields, of: model, isChat: true)
    options = try ChatOptions(fields, time: time)
    answer = try AnswerOrder(
      fields, format: try response?.object("text")?.object("format"), isResponse: response != nil)
    if answer.choice == .none { options.tools = [] }
  }

  static func hooks(
    _ fields: Fields, model: LoadedModel, isNeeded: Bool, registered: RegisteredHooks
  ) throws(Refusal) -> [HookOrder] {
    let list = try fields.objects("activation_hooks") ?? []
    let usesRegistered = try fields.bool("use_registered_hooks") ?? false
    guard !list.isEmpty || usesRegistered else {
      guard isNeeded else { return [] }
      throw .hooksRequired
    }
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
  /// Whether the prompt is repeated before its continuation.
  package var echoes: Bool

  init(_ fields: Fields, of model: LoadedModel, isChat: Bool) throws(Refusal) {
    sampling = try SamplingRequest(fields, of: model, mayBeEmpty: !isChat)
    isStreaming = try fields.bool("stream") ?? false
    count = try fields.integer("n", in: 1...16) ?? 1
    echoes = isChat ? false : try fields.bool("echo") ?? false
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

extension TensorEncoding {
  /// A body's `encoding`; nil where it says nothing.
  init?(_ fields: Fields) throws(Refusal) {
    guard let name = try fields.choice("encoding", TensorEncoding.allCases.map(\.rawValue)),
      let encoding = TensorEncoding(rawValue: name)
    else { return nil }
    self = encoding
  }
}
