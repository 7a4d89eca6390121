import Synchronization

/// Wakes a loop from any thread, many times for the price of one.
///
/// A thousand pieces published while the loop is busy cause one wake-up, not a thousand.
package final class LoopSignal: Sendable {
  private let loop: Loop
  private let action: @Sendable () -> Void
  private let isPending = Atomic(false)

  /// Makes a signal that runs the action on the loop.
  package init(loop: Loop, action: @escaping @Sendable () -> Void) {
    self.loop = loop
    self.action = action
  }

  /// Has the action run soon; at least once after this call.
  package func raise() {
    guard !isPending.exchange(true, ordering: .acquiringAndReleasing) else { return }
    loop.execute { [self] in
      // Lowered first: what is raised while the action runs makes it run again.
      isPending.store(false, ordering: .releasing)
      action()
    }
  }
}
