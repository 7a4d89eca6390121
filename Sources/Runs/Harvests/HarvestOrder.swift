package import Engine
internal import Hooks
package import Tokenizers

/// Prompts whose activations are wanted, and nothing that would come behind them.
package struct HarvestOrder: Sendable {
  package let model: LoadedModel
  /// At least one, and none without a token.
  package let prompts: [[Token]]
  /// As frames and events number them.
  package let hooks: [RunHook]
  /// Whether each prompt comes with the ids of its tokens.
  package let tellsTokens: Bool
  /// Bytes that the captures of each prompt take in memory.
  package let captureBytes: [Int]

  /// - Parameter format: of hooks that do not say.
  package init(
    model: LoadedModel, prompts: [[Token]], hooks orders: [HookOrder],
    format: FrameFormat = .exact, tellsTokens: Bool = false
  ) {
    self.model = model
    self.tellsTokens = tellsTokens
    self.prompts = prompts
    hooks = orders.enumerated().map { RunHook(index: $0, order: $1, format: format) }
    var known: [Int: Int] = [:]
    captureBytes = prompts.map { prompt in
      if let bytes = known[prompt.count] { return bytes }
      let estimate = CaptureEstimate(
        orders, catalogue: model.catalogue, promptTokens: prompt.count, maxTokens: 1
      ) { _ in MemoryLayout<Float>.size }
      known[prompt.count] = estimate.bytes
      return estimate.bytes
    }
  }

  /// Tokens of all prompts.
  package var tokenCount: Int { prompts.reduce(0) { $0 + $1.count } }

  /// What the engine is asked for a prompt.
  package func request(_ index: Int) -> GenerationRequest {
    GenerationRequest(reading: prompts[index], model, capturing: hooks.map(\.spec))
  }
}
