internal import Engine

/// One JSON object per line: `start`, one `token` per pass, `end`.
struct RunJSONView: RunView {
  private let console: Console
  private let hooks: RunHooks
  private let model: ModelInfo
  private let promptTokens: Int
  private var measured: RunMeasurement?
  private var answer = ""

  init(console: Console, hooks: RunHooks, model: ModelInfo, promptTokens: Int) {
    self.console = console
    self.hooks = hooks
    self.model = model
    self.promptTokens = promptTokens
  }

  mutating func begin() throws {
    try console.json(
      Start(model: model.id, family: model.family, layers: model.layers, promptTokens: promptTokens)
    )
  }

  mutating func show(_ event: GenerationEvent) throws {
    switch event {
    case .captures(let batch): measured = RunMeasurement(batch, hooks)
    case .token(let step, let token, let text, let score, _):
      answer += text
      try console.json(
        TokenLine(
          step: step, token: Int(token), text: text, logprob: score.logprob,
          residualNorms: measured?.residualNorms ?? [], hooks: measured?.tensors ?? []))
      measured = nil
    case .text(let text): answer += text
    case .finished(let reason, let summary):
      try console.json(End(text: answer, reason: reason, summary))
    case .failed(let error): throw CommandFailure(error)
    default: break
    }
  }

  private struct Start: Encodable {
    let event = "start"
    let model: String
    let family: String
    let layers: Int
    let promptTokens: Int

    enum CodingKeys: String, CodingKey {
      case event, model, family, layers
      case promptTokens = "prompt_tokens"
    }
  }

  private struct TokenLine: Encodable {
    let event = "token"
    let step: Int
    let token: Int
    let text: String
    let logprob: Float
    let residualNorms: [Float]
    let hooks: [RunMeasurement.Tensor]

    enum CodingKeys: String, CodingKey {
      case event, step, token, text, logprob, hooks
      case residualNorms = "residual_norms"
    }
  }

  private struct End: Encodable {
    let event = "end"
    let text: String
    let finishReason: String
    let promptTokens: Int
    let completionTokens: Int
    let promptTokensPerSecond: Double
    let tokensPerSecond: Double

    init(text: String, reason: FinishReason, _ summary: GenerationSummary) {
      self.text = text
      finishReason = reason.rawValue
      promptTokens = summary.promptTokens
      completionTokens = summary.completionTokens
      promptTokensPerSecond = Figures.perSecond(
        summary.promptTokens - summary.reusedTokens, summary.promptSeconds)
      tokensPerSecond = Figures.perSecond(summary.completionTokens - 1, summary.decodeSeconds)
    }

    enum CodingKeys: String, CodingKey {
      case event, text
      case finishReason = "finish_reason"
      case promptTokens = "prompt_tokens"
      case completionTokens = "completion_tokens"
      case promptTokensPerSecond = "prompt_tokens_per_second"
      case tokensPerSecond = "tokens_per_second"
    }
  }
}
