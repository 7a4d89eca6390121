package import Engine
package import Hooks
internal import Synchronization
package import Tokenizers

/// One pass over a prompt with everything that was captured: what the analyses are made of.
package struct PromptPass: Sendable {
  /// A captured tensor `dimensions` behind the batch axis, row-major.
  package struct Tensor: Sendable {
    package let dimensions: [Int]
    package let values: [Float]

    /// Row `index` of the last axis, all other axes flattened.
    func row(_ index: Int) -> ArraySlice<Float> {
      let width = dimensions.last ?? 1
      return values[index * width..<(index + 1) * width]
    }
  }

  package let tensors: [HookPoint: Tensor]

  /// Runs the prompt once through the engine, among whatever else it is doing.
  ///
  /// - Throws: ``EngineError`` where the prompt or an intervention is refused or the pass fails.
  package static func run(
    _ tokens: [Token], on engine: Engine, _ model: LoadedModel, capturing points: [HookPoint],
    positions: Selection.Positions = .all, interventions: [Intervention] = []
  ) async throws(EngineError) -> PromptPass {
    let captures = points.map { point in
      CaptureSpec(
        hookID: point.name, layerName: point.name, component: point.site.component,
        isInput: false, point: point, selection: Selection(positions: positions))
    }
    let request = GenerationRequest(
      model: model, tokens: tokens, maxTokens: 1, sampling: SamplingOptions(temperature: 0),
      captures: captures, interventions: interventions)
    let collector = Collector()
    _ = try await engine.start(request, sink: collector)
    let batch = try await collector.outcome().get()
    var tensors: [HookPoint: Tensor] = [:]
    for item in batch?.items ?? [] {
      tensors[points[item.spec]] = Tensor(
        dimensions: item.dimensions, values: batch?.withValues(of: item) { Array($0) } ?? [])
    }
    return PromptPass(tensors: tensors)
  }

  /// A captured tensor; the point must have been asked for.
  func tensor(_ point: HookPoint) -> Tensor {
    tensors[point] ?? Tensor(dimensions: [0], values: [])
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
