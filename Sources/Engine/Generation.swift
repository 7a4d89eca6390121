internal import Synchronization

/// A handle on one generation in the engine: what may be done to it from any thread, at once.
///
/// Cancelling and holding take effect between steps and between prompt chunks.
package final class Generation: Sendable, Hashable {
  package let id: UInt64
  private let cancelled = Atomic(false)
  private let holds = Atomic(0)
  private let wake: @Sendable () -> Void

  init(id: UInt64, wake: @escaping @Sendable () -> Void) {
    self.id = id
    self.wake = wake
  }

  package var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
  package var isHeld: Bool { holds.load(ordering: .acquiring) > 0 }

  /// Ends it before its next step; its cache is let go.
  package func cancel() {
    cancelled.store(true, ordering: .releasing)
    wake()
  }

  /// Asks the engine to leave it out of the next steps; counted, so several viewers may hold.
  package func hold() {
    holds.add(1, ordering: .acquiringAndReleasing)
  }

  /// Takes back one ``hold()``.
  package func release() {
    holds.subtract(1, ordering: .acquiringAndReleasing)
    wake()
  }

  package static func == (left: Generation, right: Generation) -> Bool { left.id == right.id }
  package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
