internal import Engine
internal import Hooks
internal import JSON
internal import Runs
internal import Tokenizers

/// A body of `/v1/score`: texts whose probability behind a prompt is wanted.
struct ScoreRequest: Sendable {
  /// A text behind the prompt.
  struct Text: Sendable {
    /// The prompt's tokens and the text's.
    let tokens: [Token]
    /// The first position that is the text's.
    let first: Int
  }

  /// What a text's pass told.
  struct Answer: Sendable {
    let scores: [PromptScore]
    let tensors: [HarvestedPrompt.Tensor]
  }

  let model: LoadedModel
  let texts: [Text]
  let top: Int
  let hooks: [RunHook]
  let encoding: TensorEncoding

  /// - Parameters:
  ///   - registered: hooks that requests may name as registered.
  ///   - budget: bytes that the captures of all texts may take in the answer.
  init(
    _ fields: Fields, models: ModelTable, registered: RegisteredHooks, budget: Int
  ) throws(Refusal) {
    model = try models.runnable(fields)
    top = try fields.integer("top_logprobs", in: 0...20) ?? 0
    let list = try fields["texts"].map { value throws(Refusal) in
      guard let list = value.array else {
        throw fields.wrong("texts", "an array of strings or of arrays of token ids", value)
      }
      return list
    }
    guard let list else { throw .missing(field: "texts") }
    guard (1...CompletionPrompt.limit).contains(list.count) else {
      throw .outOfRange(
        field: "texts", found: "\(list.count) texts", allowed: "1 to \(CompletionPrompt.limit)")
    }
    let prompt = fields["prompt"]
    var texts: [Text] = []
    for (index, value) in list.enumerated() {
      texts.append(try Self.text(value, "texts[\(index)]", behind: prompt, model))
    }
    self.texts = texts
    let orders = try registered.orders(
      with: try fields.objects("activation_hooks") ?? [], of: model,
      usesRegistered: try fields.bool("use_registered_hooks") ?? false)
    let captured = HarvestOrder(model: model, prompts: texts.map(\.tokens), hooks: orders)
    hooks = captured.hooks
    encoding =
      try fields.choice("encoding", TensorEncoding.allCases.map(\.rawValue))
      .flatMap { TensorEncoding(rawValue: $0) } ?? .nested
    // Numbers in decimal have up to three times the bytes that they have in memory.
    let kept = captured.captureBytes.reduce(0) { $0 + min($1, budget + 1) }
    let bytes = encoding == .base64 ? kept : kept * 3
    guard bytes <= budget else { throw .captureTooLarge(estimate: bytes, limit: budget) }
  }

  /// Two texts are read as one, since tokens may reach over where they meet: then the first of these is the text's.
  private static func text(
    _ value: JSONValue, _ field: String, behind prompt: JSONValue?, _ model: LoadedModel
  ) throws(Refusal) -> Text {
    guard let prompt else {
      return Text(tokens: try CompletionPrompt(value, field, model).tokens, first: 1)
    }
    let before = try CompletionPrompt(prompt, "prompt", model).tokens
    if let start = prompt.string, let text = value.string {
      let whole = try model.tokens(ofPrompt: start + text, field: field)
      let shared = zip(before, whole).prefix { $0 == $1 }.count
      return Text(tokens: whole, first: max(min(shared, whole.count), 1))
    }
    let behind: [Token]
    if let text = value.string {
      behind = try model.tokens(ofPrompt: text, field: field, isWhole: false)
    } else {
      behind = try CompletionPrompt(value, field, model).tokens
    }
    return Text(tokens: before + behind, first: max(before.count, 1))
  }

  /// How likely each token of a text is, and what the same pass captured.
  func answer(to index: Int, on engine: Engine) async throws(Refusal) -> Answer {
    let text = texts[index]
    let read: PromptReading
    do {
      read = try await engine.read(
        text.tokens, model, scoring: PromptScoring(from: text.first, top: top),
        capturing: hooks.map(\.spec))
    } catch {
      throw .engine(error)
    }
    do {
      let captured = try HarvestedPrompt(read.captures, of: index, hooks: hooks)
      return Answer(scores: read.scores, tensors: captured.tensors)
    } catch {
      throw .outOfMemory
    }
  }

  /// Each once, though a hook may want input and output.
  private var hookIDs: [String] {
    var seen: Set<String> = []
    return hooks.map(\.spec.hookID).filter { seen.insert($0).inserted }
  }

  func json(_ answers: [Answer]) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("object", "scores")
      writer.member("model", model.info.id)
      writer.array("scores") { writer in
        for (index, answer) in answers.enumerated() {
          writer.object { writer in
            write(answer.scores, index, &writer)
            guard !hooks.isEmpty else { return }
            writer.name("activations")
            writer.activations(
              answer.tensors.map(CapturedTensor.init), ids: hookIDs,
              encoding: encoding)
          }
        }
      }
      let count = texts.reduce(0) { $0 + $1.tokens.count }
      writer.object("usage") {
        $0.member("prompt_tokens", count)
        $0.member("completion_tokens", 0)
        $0.member("total_tokens", count)
      }
    }
  }

  private func write(_ list: [PromptScore], _ index: Int, _ writer: inout JSONWriter) {
    // Sums of singles in double precision.
    let sum = list.reduce(0) { $0 + Double($1.score.logprob) }
    writer.member("index", index)
    writer.member("logprob", sum)
    writer.member("mean_logprob", list.isEmpty ? nil : sum / Double(list.count))
    writer.member("is_greedy", list.allSatisfy { $0.rank == 0 })
    writer.member("first_position", texts[index].first)
    writer.array("tokens") { writer in
      for score in list {
        writer.object { writer in
          write(score.score, &writer)
          writer.member("rank", score.rank)
          writer.array("top") { writer in
            for one in score.top { writer.object { write(one, &$0) } }
          }
        }
      }
    }
  }

  private func write(_ score: TokenScore, _ writer: inout JSONWriter) {
    writer.member("token_id", Int(score.token))
    writer.member("token", model.tokenizer.name(of: score.token))
    writer.name("logprob")
    writer.number(score.logprob)
  }
}
