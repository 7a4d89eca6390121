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
    let service = service
    let fields = try await service.fields(of: request)
    let (chat, (base, parser, stops)) = try await service.turn(bytes: fields.byteCount) {
      () throws(Refusal) in
      let chat = try ChatRequest(
        fields, models: service.models, needsHooks: withActivations, registered: service.hooks,
        time: Int64(service.clock))
      return (chat, try chatOrder(chat, request.remarks))
    }
    var order = base
    order.hooks = chat.hooks
    order.frames = .exact
    let encoding = withActivations || !chat.hooks.isEmpty ? chat.encoding : nil
    guard encoding == nil || chat.output.count == 1 else {
      throw .conflict(
        fields: ["n", "activation_hooks"], reason: "activations are of one answer")
    }
    return try await answer(
      request,
      jobs(order, chat.output, first: 0).map {
        var job = $0
        job.stops = stops
        return job
      }, chat.output, parser: parser, encoding: encoding)
  }

  /// The run that answers a conversation, what sorts its text, and what ends it where the engine does not look for it.
  func chatOrder(
    _ chat: ChatRequest, _ remarks: RequestRemarks
  ) throws(Refusal) -> (RunOrder, ChatOutputParser?, [String]) {
    let prompt = try service.tokens(of: chat.messages, options: chat.options, model: chat.model)
    var order = RunOrder(model: chat.model, tokens: prompt.tokens, sampling: chat.output.sampling)
    order.operation = .chat
    let format = try? chat.model.chat.get()
    if let format {
      order.stopTokens.formUnion(format.stopTokens)
      order.keepsSpecialText = format.writesChannels
    }
    let marks = format?.answerMarks(chat.options, prompt)
    chat.answer.hold(
      &order, to: try chat.answer.constraint(chat.model, marks), telling: remarks)
    let parser = format?.outputParser(chat.options, prompt)
    // A stop string is looked for in what the answer says, not in thoughts, calls and what is around them.
    let stops = parser == nil ? [] : order.sampling.stop
    if parser != nil { order.sampling.stop = [] }
    order.awaitsViewer = false
    return (order, parser, stops)
  }

  /// `POST /v1/completions`.
  func complete(_ request: Request) async throws(Refusal) -> Reply {
    let fields = try await service.fields(of: request)
    let model = try service.models.runnable(fields)
    try fields.refuseUnimplemented(OpenAIMembers.completions)
    let output = try CompletionOptions(fields, of: model, isChat: false)
    let answer = try AnswerOrder(fields)
    let (prompts, constraint) = try await service.turn(bytes: fields.byteCount) {
      () throws(Refusal) in
      (try CompletionPrompt.prompts(fields, of: model), try answer.constraint(model))
    }
    guard prompts.count * output.count <= CompletionPrompt.limit else {
      throw .outOfRange(
        field: "n", found: "\(output.count) answers to each of \(prompts.count) prompts",
        allowed: "at most \(CompletionPrompt.limit) answers in all")
    }
    let hooks = try ChatRequest.hooks(
      fields, model: model, isNeeded: false, registered: service.hooks)
    let encoding = try TensorEncoding(fields) ?? .nested
    guard hooks.isEmpty || (prompts.count * output.count == 1 && output.sampling.maxTokens != 0)
    else {
      throw .conflict(
        fields: [output.sampling.maxTokens == 0 ? "max_tokens" : "n", "activation_hooks"],
        reason: "activations are of one answer, of at least one token")
    }
    var all: [CompletionJob] = []
    for prompt in prompts {
      var order = RunOrder(model: model, tokens: prompt.tokens, sampling: output.sampling)
      order.hooks = hooks
      answer.hold(&order, to: constraint, telling: request.remarks)
      if !hooks.isEmpty { order.frames = .exact }
      for var job in jobs(order, output, first: all.count) {
        if output.echoes {
          job.prompt = prompt
          if output.wantsLogprobs { job.scoring = PromptScoring(top: output.topLogprobs) }
        }
        all.append(job)
      }
    }
    return try await self.answer(
      request, all, output, parser: nil, encoding: hooks.isEmpty ? nil : encoding, isChat: false)
  }

  /// As many answers to a prompt as are wanted, each with a seed of its own.
  private func jobs(_ base: RunOrder, _ output: CompletionOptions, first: Int) -> [CompletionJob] {
    (0..<output.count).map { index in
      var order = base
      order.topLogprobs = output.topLogprobs
      order.awaitsViewer = false
      order.sampling.options.seed = base.sampling.options.seed &+ UInt64(index)
      return CompletionJob(index: first + index, order: order)
    }
  }

  private func answer(
    _ request: Request, _ jobs: [CompletionJob], _ output: CompletionOptions,
    parser: ChatOutputParser?,
    encoding: TensorEncoding?, isChat: Bool = true
  ) async throws(Refusal) -> Reply {
    guard let order = jobs.first?.order else { throw .missing(field: "prompt") }
    var ids: [String] = []
    for hook in order.hooks where !ids.contains(hook.spec.hookID) { ids.append(hook.spec.hookID) }
    let dialect = CompletionDialect(
      isChat: isChat, id: (isChat ? "chatcmpl-" : "cmpl-") + Service.token(length: 24),
      created: service.clock, model: order.model.info.id, tokenizer: order.model.tokenizer,
      wantsLogprobs: output.wantsLogprobs,
      includesUsage: output.includesUsage && output.isStreaming, count: output.count,
      encoding: encoding, hookIDs: ids)
    let answer = CompletionAnswer(
      dialect: dialect, service: service, jobs: jobs, parser: parser,
      bytesPerNumber: encoding.map(bytesPerNumber), work: service.work)
    guard output.isStreaming else { return try await answer.whole() }
    return try await answer.stream(CompletionAnswer.Framing(request))
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
