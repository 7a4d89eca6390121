internal import Synchronization

extension Engine {
  /// Runs a request to its end and keeps what is wanted of what it tells.
  ///
  /// A cancelled task cancels the pass: it ends between two chunks of the prompt.
  /// - Parameters:
  ///   - nothing: what is returned where it tells nothing of it.
  ///   - keep: takes what is wanted of an event.
  /// - Throws: `EngineError.cancelled` then, and ``EngineError`` where the request is refused or the pass fails.
  package nonisolated func run<Kept: Sendable>(
    _ request: GenerationRequest, keeping nothing: Kept,
    _ keep: @escaping @Sendable (inout Kept, GenerationEvent) -> Void
  ) async throws(EngineError) -> Kept {
    guard !Task.isCancelled else { throw .cancelled }
    let keeper = EventKeeper(nothing, keep)
    let generation = try await start(request, sink: keeper)
    let outcome = await withTaskCancellationHandler {
      await keeper.outcome()
    } onCancel: {
      generation.cancel()
    }
    return try outcome.get()
  }
}

/// Waits for the end of a generation.
private final class EventKeeper<Kept: Sendable>: GenerationSink {
  typealias Outcome = Result<Kept, EngineError>

  private struct State {
    var kept: Kept
    var outcome: Outcome?
    var waiting: CheckedContinuation<Outcome, Never>?
  }

  private let state: Mutex<State>
  private let keep: @Sendable (inout Kept, GenerationEvent) -> Void

  init(_ nothing: Kept, _ keep: @escaping @Sendable (inout Kept, GenerationEvent) -> Void) {
    state = Mutex(State(kept: nothing))
    self.keep = keep
  }

  func receive(_ event: GenerationEvent, of generation: Generation) {
    switch event {
    case .finished(.cancelled, _): finish { _ in .failure(.cancelled) }
    case .finished: finish { .success($0) }
    case .failed(let error): finish { _ in .failure(error) }
    default: state.withLock { keep(&$0.kept, event) }
    }
  }

  private func finish(_ outcome: (Kept) -> Outcome) {
    let (waiting, result) = state.withLock { state in
      let result = outcome(state.kept)
      state.outcome = result
      return (state.waiting.take(), result)
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
