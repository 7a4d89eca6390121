internal import Synchronization

/// Carries a topic's signals to the run whose topic it is, which does not exist yet when the topic is made.
final class StreamRelay<Stream: StreamedRun>: Sendable {
  private struct Weak: Sendable { weak var stream: Stream? }
  private let held = Mutex(Weak())

  var stream: Stream? { held.withLock(\.stream) }
  func connect(_ stream: Stream) { held.withLock { $0.stream = stream } }
}
