internal import Engine
internal import Hooks
internal import Interpretability
internal import Recordings
internal import Runs
internal import Synchronization
internal import Tokenizers

/// A body of `POST /v1/analyses` that asks for an attribution graph.
struct GraphRequest: Sendable {
  static let name = "attribution_graph"
  /// Links that a graph may have before it is pruned.
  static let mostLinks = 1 << 20
  static let presetNodes = 1400

  let model: LoadedModel
  let tokens: [Token]
  let options: AttributionOptions
  let isStreaming: Bool
  let isDetached: Bool

  /// - Parameters:
  ///   - budget: bytes that the pass and the work on it may take.
  ///   - tokens: the prompt's, read already.
  init(
    _ fields: Fields, model: LoadedModel, tokens: [Token], budget: Int
  ) throws(Refusal) {
    self.model = model
    self.tokens = tokens
    isStreaming = try fields.bool("stream") ?? false
    isDetached = try fields.bool("detach") ?? false
    let reader = AnalysisReader(model)
    let answer = try reader.token(fields, "answer")
    let wrong = try reader.token(fields, "wrong")
    if wrong != nil, answer == nil { throw .missing(field: "answer") }
    if let answer, answer == wrong {
      throw .conflict(
        fields: ["answer", "wrong"], reason: "both are token \(answer), whose difference is 0")
    }
    let nodes = try fields.number("node_threshold", in: 0...1) ?? 0.8
    let most = try fields.integer("max_nodes", in: 1...1_000_000)
    options = AttributionOptions(
      nodeThreshold: nodes, edgeThreshold: try fields.number("edge_threshold", in: 0...1) ?? 0.98,
      mostNodes: most ?? (nodes < 1 ? Self.presetNodes : .max), answer: answer, wrong: wrong)
    try check(budget: budget)
  }

  /// Bounds memory and time before anything is computed.
  private func check(budget: Int) throws(Refusal) {
    guard !tokens.isEmpty else { throw .engine(.emptyPrompt) }
    guard tokens.count <= model.info.contextLength else {
      throw .engine(
        .contextOverflow(
          promptTokens: tokens.count, maxTokens: 1, contextLength: model.info.contextLength))
    }
    let bytes = AttributionGraph.bytes(model.catalogue, positions: tokens.count)
    guard bytes <= Double(budget) else {
      throw .captureTooLarge(estimate: Int(min(bytes, 1e18)), limit: budget)
    }
    let layout = AttributionGraph.layout(model.catalogue, positions: tokens.count)
    let targets = AttributionOptions.mostTargets
    let kept = Double(min(options.mostNodes, layout.count) + tokens.count)
    let links = min(
      layout.pairs(targets: targets), kept * (kept + 1) / 2 + Double(targets) * kept)
    guard links <= Double(Self.mostLinks) else {
      let allowed = Int(Double(Self.mostLinks * 2).squareRoot()) - tokens.count - 2 * targets
      throw .outOfRange(
        field: "max_nodes",
        found: options.mostNodes == .max ? "none" : "\(options.mostNodes)",
        allowed:
          "at most \(max(1, allowed)) for a prompt of \(tokens.count) tokens, whose graph might have "
          + "\(Int(links)) links")
    }
  }
}

extension Service {
  /// The tokens that a graph is made of, and whose model they are.
  func graphSource(_ fields: Fields) async throws(Refusal) -> (model: LoadedModel, tokens: [Token])
  {
    if let id = try fields.string("run_id") { return try await graphSource(run: id, fields) }
    if fields["step"] != nil { throw .missing(field: "run_id") }
    let model = try models.runnable(fields)
    let time = Int64(clock)
    let tokens = try await turn(bytes: fields.byteCount) { () throws(Refusal) in
      switch try RunRequest.prompt(fields) {
      case .text(let text): try model.tokens(ofPrompt: text, field: "prompt")
      case .tokens(let tokens): tokens
      case .messages(let messages):
        try self.tokens(of: messages, options: ChatOptions(fields, time: time), model: model)
          .tokens
      }
    }
    return (model, tokens)
  }

  /// What a pass of a run read: its prompt, and what it had generated before.
  private func graphSource(
    run id: String, _ fields: Fields
  ) async throws(Refusal) -> (model: LoadedModel, tokens: [Token]) {
    for other in ["prompt", "messages", "tokens"] where fields[other] != nil {
      throw .conflict(fields: ["run_id", other], reason: "a graph is of one of them")
    }
    if let replay = try self.run(id) as? Replay { return try await graphSource(replay, fields) }
    let run = try computed(id)
    try checkModel(fields, is: run.order.model.info.id)
    let ledger = run.ledger
    let (tokens, interventions) = (ledger.tokens, ledger.interventions)
    if let intervention = interventions.first {
      throw .conflict(
        fields: ["run_id"],
        reason:
          "the run's passes are changed by intervention \(intervention.id), and a graph is of the "
          + "model as it is; send its tokens instead")
    }
    let read = try Self.read(tokens, prompt: run.order.tokens.count, fields)
    return (run.order.model, read)
  }

  /// What a pass of a recorded run read, on the model that it was recorded with.
  private func graphSource(
    _ replay: Replay, _ fields: Fields
  ) async throws(Refusal) -> (model: LoadedModel, tokens: [Token]) {
    let reader = replay.reader
    let text = try await files.perform { () throws(Refusal) in try RecordedText(reader) }
    let metadata = reader.metadata
    guard let model = try await model(hash: metadata.modelHash, isWhole: metadata.isWholeHash)
    else {
      throw .conflict(
        fields: ["run_id"],
        reason:
          "recording \(replay.recordingID) was made with \(metadata.model), whose bytes (\(metadata.modelHash ?? "no hash")) are "
          + "those of no model that is loaded; load that one, or send the tokens and a model instead"
      )
    }
    try checkModel(fields, is: model.info.id)
    return (model, try Self.read(text.prompt + text.made, prompt: text.prompt.count, fields))
  }

  private func checkModel(_ fields: Fields, is id: String) throws(Refusal) {
    guard let model = try fields.string("model"), model != id else { return }
    throw .conflict(fields: ["run_id", "model"], reason: "the run is of \(id)")
  }

  /// The tokens that a step's pass read.
  private static func read(
    _ tokens: [Token], prompt: Int, _ fields: Fields
  ) throws(Refusal) -> [Token] {
    let made = max(0, tokens.count - prompt)
    let step = try fields.integer("step") ?? max(0, made - 1)
    guard (0...made).contains(step) else {
      throw .outOfRange(
        field: "step", found: "\(step)",
        allowed: "from 0 to \(made), the run having made \(made) tokens")
    }
    return Array(tokens.prefix(prompt + step))
  }
}
