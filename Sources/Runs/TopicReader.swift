package import Streams
internal import Synchronization

/// A viewer inside the server: a run's items, one after the other, for answers that are made of them.
///
/// It loses nothing: while it is behind, the run waits. Letting go of it leaves the topic, so a handler whose client
/// has gone ends its run in the ordinary way.
package final class TopicReader: Sendable {
  private struct State: Sendable {
    var isWoken = false
    var isCancelled = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let subscriber: Subscriber
  private let state = Mutex(State())

  package init(_ topic: Topic) {
    subscriber = topic.subscribe(Subscription(policy: .lossless, from: 0))
    let weak = WeakReader()
    subscriber.begin { weak.reader?.wake() }
    weak.connect(self)
  }

  /// The next items, in order; nil at the end of the run and when the task is cancelled.
  package func next() async -> [TopicItem]? {
    while !Task.isCancelled {
      switch subscriber.take(atMost: 256 << 10) {
      case .batch(_, let batch): return batch.items
      case .end: return nil
      case .later: await wait()
      }
    }
    return nil
  }

  /// Leaves the topic at once.
  package func leave() { subscriber.leave() }

  private func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          guard !state.isWoken, !state.isCancelled else {
            state.isWoken = false
            return true
          }
          state.waiting = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      let waiting = state.withLock { state in
        state.isCancelled = true
        return state.waiting.take()
      }
      waiting?.resume()
    }
  }

  private func wake() {
    let waiting = state.withLock { state in
      guard let waiting = state.waiting.take() else {
        state.isWoken = true
        return nil as CheckedContinuation<Void, Never>?
      }
      return waiting
    }
    waiting?.resume()
  }
}

/// The topic keeps the wake closure, so it must not keep the reader.
private final class WeakReader: Sendable {
  private struct Weak: Sendable { weak var reader: TopicReader? }
  private let held = Mutex(Weak())

  var reader: TopicReader? { held.withLock(\.reader) }
  func connect(_ reader: TopicReader) { held.withLock { $0.reader = reader } }
}
