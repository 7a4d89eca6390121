import Dispatch
import Synchronization

/// A dispatch timer that ticks only while somebody waits for it.
final class Ticker: Sendable {
  private let queue: DispatchQueue
  private let timer = Mutex<(any DispatchSourceTimer)?>(nil)

  init(queue: DispatchQueue) {
    self.queue = queue
  }

  /// Ticks, unless it does already, until the handler answers false.
  func start(_ handler: @escaping @Sendable () -> Bool) {
    timer.withLock { timer in
      guard timer == nil else { return }
      let source = DispatchSource.makeTimerSource(queue: queue)
      let tick = TimerWheel.tick.components
      let nanoseconds = Int(tick.attoseconds / 1_000_000_000)
      source.schedule(
        deadline: .now() + .nanoseconds(nanoseconds), repeating: .nanoseconds(nanoseconds),
        leeway: .milliseconds(10))
      source.setEventHandler { [weak self] in
        guard !handler() else { return }
        self?.stop()
        // A timer may have been added between the handler's answer and the stop.
        if handler() { self?.start(handler) }
      }
      source.resume()
      timer = source
    }
  }

  /// Ticks no more.
  func stop() {
    timer.withLock { timer in
      timer?.cancel()
      timer = nil
    }
  }
}
