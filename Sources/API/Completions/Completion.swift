internal import Engine
internal import Frames
internal import JSON
internal import Tokenizers
internal import Runs
internal import Streams

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
  /// Tokens whose text has not been handed out: a stop string may still take it.
  private var waiting: [CompletionDialect.TokenLogprob] = []
  /// Code points of the answer that were handed out.
  private var shown = 0

  /// Looks for stop strings in the answer, where the engine does not.
  private var matcher: StopMatcher
  /// Tokens that were generated up to one.
  private var tokens = 0

  /// - Parameter echo: the prompt, where it is repeated before the answer.
  init(
    index: Int, run: Run, hooks: [RunHook], parser: ChatOutputParser?, stops: [String],
    wantsLogprobs: Bool,
    echo: CompletionDialect.Echo? = nil
  ) {
    self.index = index
    self.run = run
    self.hooks = hooks
    self.wantsLogprobs = wantsLogprobs
    reader = TopicReader(run.topic)
    text = CompletionText(parser, run.order.model.tokenizer)
    choice.echo = echo
    matcher = StopMatcher(stops)
  }

  /// What the next items of the run add to the answer; nil when nothing more will come.
  ///
  /// - Parameter keepsTensors: whether tensors are kept for the whole answer, besides being handed out.
  mutating func next(keepsTensors: Bool) async -> [CompletionDialect.Chunk]? {
    guard let items = await reader.next() else { return nil }
    var chunks: [CompletionDialect.Chunk] = []
    for item in items {
      if let event = item.activation {
        let tensor = CapturedTensor(event, hooks: hooks)
        if keepsTensors { choice.tensors.append(tensor) } else { pending.append(tensor) }
      } else if let contents = item.contents, let chunk = take(contents) {
        chunks.append(chunk)
      }
    }
    return chunks
  }

  /// Tensors of a pass wait for the token they belong to.
  private var pending: [CapturedTensor] = []

  /// What an event adds; nil where it says nothing to a completion.
  private mutating func take(_ contents: EventContents) -> CompletionDialect.Chunk? {
    switch contents {
    case .token where matcher.isStopped, .text where matcher.isStopped: return nil
    case .token(let id, let piece, let logprob, let top):
      guard let id = Token(exactly: id) else { return nil }
      tokens += 1
      let piece = text.append(id, text: piece)
      if !piece.delta.reasoning.isEmpty { choice.reasoningTokens += 1 }
      // Who has the prompt repeated counts its tokens from the end, and so wants one entry for each that is generated.
      let isListed = choice.echo != nil
      if wantsLogprobs, let start = piece.start ?? (isListed ? text.length : nil) {
        // What a mask forbids can't be drawn, and so is no alternative.
        let top = top.filter(\.logprob.isFinite).compactMap { entry in
          Token(exactly: entry.tokenID).map { (id: $0, logprob: entry.logprob) }
        }
        waiting.append(.init(token: id, logprob: logprob, top: top, offset: start))
      }
      return add(piece.delta)
    case .text(let rest): return add(text.append(text: rest))
    case .runFinished(let reason, let usage, _):
      let rest = matcher.isStopped ? ChatDelta() : text.finish()
      func count(_ value: JSONValue?) -> Int { Int(value?.integer ?? 0) }
      choice.promptTokens = count(usage["prompt_tokens"])
      choice.completionTokens =
        matcher.isStopped ? tokens : count(usage["completion_tokens"])
      choice.cachedTokens = count(usage["prompt_tokens_details"]?["cached_tokens"])
      let ended = matcher.isStopped ? "stop" : reason
      choice.finishReason = text.sawToolCall && ended == "stop" ? "tool_calls" : ended
      var chunk = add(rest, isLast: true)
      chunk.finishReason = choice.finishReason
      return chunk
    case .error(let error):
      failure = error
      return nil
    default: return nil
    }
  }

  private mutating func add(
    _ given: ChatDelta, isLast: Bool = false
  ) -> CompletionDialect.Chunk {
    var delta = given
    let wasStopped = matcher.isStopped
    delta.content = matcher.append(delta.content)
    if isLast { delta.content += matcher.finish() }
    // What was drawn behind the stop string is nobody's.
    if matcher.isStopped, !wasStopped { run.cancel() }
    choice.content += delta.content
    choice.reasoning += delta.reasoning
    for call in delta.toolCalls { add(call) }
    shown += delta.content.unicodeScalars.count
    var chunk = CompletionDialect.Chunk(index: index, delta: delta)
    chunk.logprobs = certain()
    choice.logprobs += chunk.logprobs
    chunk.tensors = pending
    pending.removeAll()
    return chunk
  }

  /// Tokens whose text is in the answer now, with offsets behind a repeated prompt.
  private mutating func certain() -> [CompletionDialect.TokenLogprob] {
    let count = choice.echo == nil ? waiting.prefix { $0.offset < shown }.count : waiting.count
    defer { waiting.removeFirst(count) }
    let before = choice.echo?.text.unicodeScalars.count ?? 0
    return waiting.prefix(count).map { entry in
      var entry = entry
      entry.offset += before
      return entry
    }
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
