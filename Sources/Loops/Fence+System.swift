internal import CSystem

/// The system calls behind a poller.
extension Fence {
  /// A new poller's descriptor.
  static func makePoller() throws(PollerError) -> Int32 {
    try checked(poller_make())
  }

  /// Tells the system what a table of watches has come to.
  static func tell(_ poller: Int32, _ step: WatchTable.Step, of watch: Watch) throws(PollerError) {
    switch step {
    case .none: break
    case .add(let interest):
      try checked(poller_add(poller, watch.descriptor, interest.rawValue, watch.token))
    case .change(let interest):
      try checked(poller_change(poller, watch.descriptor, interest.rawValue, watch.token))
    case .remove:
      try checked(poller_remove(poller, watch.descriptor))
    }
  }

  /// What is ready, at most so many events; never waits.
  static func takeEvents(_ poller: Int32, atMost capacity: Int) -> [(watch: Watch, ready: Interest)]
  {
    withUnsafeTemporaryAllocation(of: poller_event.self, capacity: capacity) { events in
      let count = poller_take(poller, events.baseAddress, Int32(clamping: capacity))
      return events.prefix(max(0, Int(count))).map {
        (Watch(token: $0.token), Interest(rawValue: $0.ready))
      }
    }
  }

  /// Closes a poller, after its dispatch source is cancelled.
  static func closePoller(_ poller: Int32) {
    poller_close(poller)
  }

  @discardableResult
  private static func checked(_ result: Int32) throws(PollerError) -> Int32 {
    guard result >= 0 else { throw PollerError(code: -result) }
    return result
  }
}
