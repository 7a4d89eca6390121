internal import Frames
internal import JSON
internal import Tokenizers
internal import Runs

/// One answer in the making: reads a run to its end and tells what each step adds.
struct Completion {
  let index: Int
  let run: Run
  let reader: TopicReader
  let hooks: [RunHook]
  private(set) var choice = CompletionDialect.Choice()
  /// The failure of the run, if it failed.
  private(set) var failure: JSONValue?
  private var text: CompletionText
  private let wantsLogprobs: Bool

  init(index: Int, run: Run, hooks: [RunHook], chat: ChatFormat?, wantsLogprobs: Bool) {
    self.index = index
    self.run = run
    self.hooks = hooks
    self.wantsLogprobs = wantsLogprobs
    reader = TopicReader(run.topic)
    text = CompletionText(chat)
  }

  /// What the next items of the run add to the answer; nil when nothing more will come.
  ///
  /// - Parameter keepsTensors: whether tensors are kept for the whole answer, besides being handed out.
  mutating func next(keepsTensors: Bool) async -> [CompletionDialect.Chunk]? {
    guard let items = await reader.next() else { return nil }
    var chunks: [CompletionDialect.Chunk] = []
    for item in items {
      guard let step = CompletionStep(item, hooks: hooks) else { continue }
      if let chunk = take(step, keepsTensors: keepsTensors) { chunks.append(chunk) }
    }
    return chunks
  }

  /// Tensors of a pass wait for the token they belong to.
  private var pending: [CompletionStep.Tensor] = []

  private mutating func take(
    _ step: CompletionStep, keepsTensors: Bool
  ) -> CompletionDialect.Chunk? {
    switch step {
    case .tensor(let tensor):
      if keepsTensors { choice.tensors.append(tensor) } else { pending.append(tensor) }
      return nil
    case .token(let id, let piece, let logprob, let top):
      var entry: CompletionDialect.TokenLogprob?
      if wantsLogprobs {
        entry = .init(token: id, logprob: logprob, top: top, offset: choice.content.count)
      }
      return add(text.append(id, text: piece), logprob: entry)
    case .text(let rest): return add(text.append(text: rest), logprob: nil)
    case .finished(let reason, let prompt, let completion, let cached):
      let rest = text.finish()
      choice.promptTokens = prompt
      choice.completionTokens = completion
      choice.cachedTokens = cached
      choice.finishReason = text.sawToolCall && reason == "stop" ? "tool_calls" : reason
      var chunk = add(rest, logprob: nil)
      chunk.finishReason = choice.finishReason
      return chunk
    case .failed(let error):
      failure = error
      return nil
    }
  }

  private mutating func add(
    _ delta: ChatDelta, logprob: CompletionDialect.TokenLogprob?
  ) -> CompletionDialect.Chunk {
    choice.content += delta.content
    choice.reasoning += delta.reasoning
    for call in delta.toolCalls { add(call) }
    if let logprob { choice.logprobs.append(logprob) }
    var chunk = CompletionDialect.Chunk(index: index, delta: delta, logprob: logprob)
    chunk.tensors = pending
    pending.removeAll()
    return chunk
  }

  private mutating func add(_ call: ToolCallDelta) {
    if choice.toolCalls.indices.contains(call.index) {
      choice.toolCalls[call.index].arguments += call.arguments
    } else {
      choice.toolCalls.append(
        ToolCall(
          id: "call_\(run.id)_\(call.index)", name: call.name ?? "", arguments: call.arguments))
    }
  }
}
