internal import Engine
internal import Hooks
internal import Synchronization

/// Notes when things happen in a generation.
final class BenchSink: GenerationSink {
  /// What a generation took.
  struct Result: Sendable {
    var began = ContinuousClock.now
    /// When each token came.
    var tokens: [ContinuousClock.Instant] = []
    var summary = GenerationSummary()
    var capturedBytes = 0
    /// The captures, where they are kept.
    var batches: [CaptureBatch] = []
    var failure: EngineError?
  }

  private let keepsBatches: Bool
  private let state = Mutex(Result())
  private let end: AsyncStream<Void>
  private let ending: AsyncStream<Void>.Continuation

  init(keepsBatches: Bool = false) {
    self.keepsBatches = keepsBatches
    (end, ending) = AsyncStream.makeStream(of: Void.self)
  }

  func receive(_ event: GenerationEvent, of generation: Generation) {
    let now = ContinuousClock.now
    let isOver = state.withLock { state in
      switch event {
      case .token: state.tokens.append(now)
      case .captures(let batch):
        state.capturedBytes += batch.items.reduce(0) { $0 + $1.count * 4 }
        if keepsBatches { state.batches.append(batch) }
      case .finished(_, let summary):
        state.summary = summary
        return true
      case .failed(let error):
        state.failure = error
        return true
      default: break
      }
      return false
    }
    if isOver { ending.finish() }
  }

  /// Waits for the end.
  func result() async throws -> Result {
    for await _ in end {}
    let result = state.withLock { $0 }
    if let failure = result.failure { throw CommandFailure(failure) }
    return result
  }
}
