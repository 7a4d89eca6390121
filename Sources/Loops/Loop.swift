package import Dispatch
import Synchronization

/// A serial executor over a dispatch queue: actors that live on it can be entered, without a hop,
/// from the handlers of dispatch sources that run on the same queue.
///
/// `DispatchSerialQueue` would be that, but does not exist on Linux. `checkIsolated` is what lets
/// `assumeIsolated` succeed inside a source's handler, where no task is running.
package final class Loop: SerialExecutor {
  /// What the sources of this loop run on.
  package let queue: DispatchQueue
  private let wheel: Mutex<TimerWheel>
  private let ticker: Ticker
  private let poller = Mutex<Poller?>(nil)
  private static let key = DispatchSpecificKey<ObjectIdentifier>()

  /// Makes a loop.
  ///
  /// - Parameter label: what debuggers show.
  package init(label: String) {
    queue = DispatchQueue(label: label)
    wheel = Mutex(TimerWheel(now: Self.now))
    ticker = Ticker(queue: queue)
    queue.setSpecific(key: Self.key, value: ObjectIdentifier(self))
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }

  package func checkIsolated() {
    dispatchPrecondition(condition: .onQueue(queue))
  }

  /// Whether the caller runs on this loop.
  package var isCurrent: Bool {
    DispatchQueue.getSpecific(key: Self.key) == ObjectIdentifier(self)
  }

  /// Runs work on the loop, after what is already waiting there.
  package func execute(_ work: @escaping @Sendable () -> Void) {
    queue.async(execute: work)
  }

  /// Runs work on the loop when `delay` has passed, to the millisecond; cannot be cancelled.
  package func execute(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
    let parts = delay.components
    let nanoseconds = Int(parts.seconds) * 1_000_000_000 + Int(parts.attoseconds / 1_000_000_000)
    queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds), execute: work)
  }

  /// Runs work on the loop when about `delay` has passed, never earlier.
  ///
  /// Thousands of timers cost one dispatch timer: they wait in a wheel that turns only while it
  /// holds any. It is coarse (`TimerWheel.tick`), which suits deadlines of connections.
  @discardableResult
  package func schedule(
    after delay: Duration, _ work: @escaping @Sendable () -> Void
  ) -> TimerWheel.Ticket {
    let ticket = wheel.withLock { $0.add(at: Self.now + delay, work) }
    ticker.start { [weak self] in self?.turn() ?? false }
    return ticket
  }

  /// Forgets a timer that has not fired yet.
  package func cancel(_ ticket: TimerWheel.Ticket) {
    wheel.withLock { $0.cancel(ticket) }
  }

  /// Runs what is due; whether anything is left to wait for.
  private func turn() -> Bool {
    let (due, isEmpty) = wheel.withLock { wheel in
      (wheel.turn(to: Self.now), wheel.isEmpty)
    }
    for work in due { work() }
    return !isEmpty
  }

  /// Tells when descriptors are ready; made when it is first needed, and lives as long as the loop.
  ///
  /// - Throws: `PollerError` when descriptors or memory have run out.
  package func readiness() throws(PollerError) -> Poller {
    try poller.withLock { poller throws(PollerError) in
      if let poller { return poller }
      let made = try Poller(queue: queue)
      poller = made
      return made
    }
  }

  private static var now: TimerWheel.Instant { ContinuousClock.now }
}
