import Dispatch
import Synchronization

/// A dispatch timer that ticks only while somebody waits for it.
///
/// One source for good, which sleeps in between: making and cancelling one for each wait would churn
/// libdispatch's books with the connections.
final class Ticker: Sendable {
  private struct State {
    var source: (any DispatchSourceTimer)?
    var isTicking = false
  }

  private let queue: DispatchQueue
  private let state = Mutex(State())

  init(queue: DispatchQueue) {
    self.queue = queue
  }

  /// Ticks, unless it does already, until the handler answers false.
  ///
  /// - Parameter handler: what a tick does; the first one given is the one that is kept.
  func start(_ handler: @escaping @Sendable () -> Bool) {
    state.withLock { state in
      guard !state.isTicking else { return }
      state.isTicking = true
      let source = state.source ?? make(handler)
      let isNew = state.source == nil
      state.source = source
      let tick = DispatchTimeInterval.nanoseconds(
        Int(TimerWheel.tick.components.attoseconds / 1_000_000_000))
      source.schedule(deadline: .now() + tick, repeating: tick, leeway: .milliseconds(10))
      if isNew { source.resume() }
    }
  }

  private func make(_ handler: @escaping @Sendable () -> Bool) -> any DispatchSourceTimer {
    let source = DispatchSource.makeTimerSource(queue: queue)
    source.setEventHandler { [weak self] in
      guard !handler() else { return }
      self?.pause()
      // A timer may have been added between the handler's answer and the pause.
      if handler() { self?.start(handler) }
    }
    return source
  }

  /// Ticks no more, until the next start.
  private func pause() {
    state.withLock { state in
      state.isTicking = false
      state.source?.schedule(deadline: .distantFuture)
    }
  }

  deinit { state.withLock { $0.source?.cancel() } }
}
