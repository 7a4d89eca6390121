internal import HTTP
internal import Engine
internal import Hooks
internal import Tokenizers
internal import Runs

extension Routes {
  /// `POST /v1/chat/completions`.
  func chat(_ request: Request) async throws(Refusal) -> Reply {
    try await chat(request, withActivations: false)
  }

  /// `POST /v1/chat/completions/with_activations`.
  func chatWithActivations(_ request: Request) async throws(Refusal) -> Reply {
    try await chat(request, withActivations: true)
  }

  private func chat(_ request: Request, withActivations: Bool) async throws(Refusal) -> Reply {
    let fields = try Fields(body: request.body)
    let chat = try ChatRequest(
      fields, models: service.models, needsHooks: withActivations, registered: service.hooks,
      time: Int64(service.clock))
    let prompt = try service.tokens(of: chat.messages, options: chat.options, model: chat.model)
    var order = RunOrder(model: chat.model, tokens: prompt.tokens, sampling: chat.output.sampling)
    let format = try? chat.model.chat.get()
    if let format {
      order.stopTokens.formUnion(format.stopTokens)
      order.keepsSpecialText = format.writesChannels
    }
    order.hooks = chat.hooks
    order.frames = .exact
    return try await answer(
      request, order, chat.output, chat: format,
      encoding: withActivations ? chat.encoding : nil)
  }

  /// `POST /v1/completions`.
  func complete(_ request: Request) async throws(Refusal) -> Reply {
    let fields = try Fields(body: request.body)
    let model = try service.models.runnable(fields)
    guard let prompts = try fields.strings("prompt"), let prompt = prompts.first else {
      throw .missing(field: "prompt")
    }
    guard prompts.count == 1 else {
      throw .outOfRange(
        field: "prompt", found: "\(prompts.count) prompts", allowed: "one prompt per request")
    }
    let output = try CompletionOptions(fields, of: model, isChat: false)
    let tokens = try model.tokenizer.tokens(of: prompt, field: "prompt")
    let order = RunOrder(model: model, tokens: tokens, sampling: output.sampling)
    return try await answer(request, order, output, chat: nil, encoding: nil, isChat: false)
  }

  /// Begins as many runs as answers are wanted, and answers from them.
  private func answer(
    _ request: Request, _ base: RunOrder, _ output: CompletionOptions, chat: ChatFormat?,
    encoding: TensorEncoding?, isChat: Bool = true
  ) async throws(Refusal) -> Reply {
    guard encoding == nil || output.count == 1 else {
      throw .conflict(
        fields: ["n", "activation_hooks"], reason: "activations are of one answer")
    }
    var order = base
    order.topLogprobs = output.topLogprobs
    order.awaitsViewer = false
    var runs: [Run] = []
    for index in 0..<output.count {
      order.sampling.options.seed = base.sampling.options.seed &+ UInt64(index)
      runs.append(try await service.start(order, bytesPerNumber: encoding.map(bytesPerNumber)))
    }
    var ids: [String] = []
    for hook in order.hooks where !ids.contains(hook.spec.hookID) { ids.append(hook.spec.hookID) }
    let dialect = CompletionDialect(
      isChat: isChat, id: (isChat ? "chatcmpl-" : "cmpl-") + Service.token(length: 24),
      created: service.clock, model: order.model.info.id, tokenizer: order.model.tokenizer,
      wantsLogprobs: output.wantsLogprobs,
      includesUsage: output.includesUsage && output.isStreaming, encoding: encoding, hookIDs: ids)
    let answer = CompletionAnswer(dialect: dialect, runs: runs, chat: chat)
    guard output.isStreaming else { return try await answer.whole() }
    return await answer.stream(CompletionAnswer.Framing(request))
  }

  /// What a number weighs in an answer.
  private func bytesPerNumber(_ encoding: TensorEncoding) -> Int {
    switch encoding {
    case .nested, .list: 12
    case .base64: 6
    case .none: 4
    }
  }
}
