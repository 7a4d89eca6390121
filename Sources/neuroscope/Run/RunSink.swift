internal import Engine

/// Hands a generation's events from the engine's loop to whoever iterates over them.
///
/// Unbounded: a terminal shows one generation, whose events are few and small.
final class RunSink: GenerationSink {
  private let continuation: AsyncStream<GenerationEvent>.Continuation

  private init(_ continuation: AsyncStream<GenerationEvent>.Continuation) {
    self.continuation = continuation
  }

  /// A sink and what comes out of it; the events end with the generation.
  static func make() -> (AsyncStream<GenerationEvent>, RunSink) {
    let (events, continuation) = AsyncStream.makeStream(of: GenerationEvent.self)
    return (events, RunSink(continuation))
  }

  func receive(_ event: GenerationEvent, of generation: Generation) {
    continuation.yield(event)
    switch event {
    case .finished, .failed: continuation.finish()
    default: break
    }
  }
}
