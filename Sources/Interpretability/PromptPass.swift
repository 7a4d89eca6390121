package import Engine
package import Hooks
package import Tokenizers

/// One pass over a prompt with everything that was captured: what the analyses are made of.
package enum PromptPass {
  /// Runs the prompt once through the engine, among whatever else it is doing.
  ///
  /// A cancelled task cancels the pass: it ends between two chunks of the prompt.
  /// - Throws: `EngineError.cancelled` then, and ``EngineError`` where the prompt or an intervention is refused or the pass fails.
  package static func run(
    _ tokens: [Token], on engine: Engine, _ model: LoadedModel, capturing points: [HookPoint],
    positions: Selection.Positions = .all, interventions: [Intervention] = []
  ) async throws(EngineError) -> CapturedPass {
    try await run(
      tokens, on: engine, model, captures: points.map { CaptureSpec(analysing: $0, positions) },
      interventions: interventions)
  }

  /// The same, each point with positions of its own.
  static func run(
    _ tokens: [Token], on engine: Engine, _ model: LoadedModel, captures: [CaptureSpec],
    interventions: [Intervention]
  ) async throws(EngineError) -> CapturedPass {
    let request = GenerationRequest(
      model: model, tokens: tokens, maxTokens: 1, sampling: SamplingOptions(temperature: 0),
      captures: captures, interventions: interventions)
    let batch: CaptureBatch? = try await engine.run(request, keeping: nil) { kept, event in
      if case .captures(let batch) = event { kept = batch }
    }
    return CapturedPass(batch, of: captures)
  }
}
