package import Engine
package import Hooks
internal import Synchronization
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
    guard !Task.isCancelled else { throw .cancelled }
    let captures = points.map { CaptureSpec(analysing: $0, positions) }
    let request = GenerationRequest(
      model: model, tokens: tokens, maxTokens: 1, sampling: SamplingOptions(temperature: 0),
      captures: captures, interventions: interventions)
    let collector = Collector()
    let generation = try await engine.start(request, sink: collector)
    let outcome = await withTaskCancellationHandler {
      await collector.outcome()
    } onCancel: {
      generation.cancel()
    }
    return CapturedPass(try outcome.get(), of: captures)
  }
}

/// Waits for the one pass of a prompt.
private final class Collector: GenerationSink {
  typealias Outcome = Result<CaptureBatch?, EngineError>

  private struct State {
    var batch: CaptureBatch?
    var outcome: Outcome?
    var waiting: CheckedContinuation<Outcome, Never>?
  }

  private let state = Mutex(State())

  func receive(_ event: GenerationEvent, of generation: Generation) {
    switch event {
    case .captures(let batch): state.withLock { $0.batch = batch }
    case .finished(.cancelled, _): finish { _ in .failure(.cancelled) }
    case .finished: finish { .success($0) }
    case .failed(let error): finish { _ in .failure(error) }
    default: break
    }
  }

  private func finish(_ outcome: (CaptureBatch?) -> Outcome) {
    let (waiting, result) = state.withLock { state in
      let result = outcome(state.batch)
      state.outcome = result
      defer { state.waiting = nil }
      return (state.waiting, result)
    }
    waiting?.resume(returning: result)
  }

  func outcome() async -> Outcome {
    await withCheckedContinuation { continuation in
      let done = state.withLock { state -> Outcome? in
        if state.outcome == nil { state.waiting = continuation }
        return state.outcome
      }
      if let done { continuation.resume(returning: done) }
    }
  }
}
