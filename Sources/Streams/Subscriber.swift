import Synchronization

/// One viewer of a topic.
///
/// - Ownership: whoever subscribed. Letting go of it leaves the topic, as `leave` does.
package final class Subscriber: Sendable {
  /// What is viewed.
  package let topic: Topic
  private let id: Int
  private let hasLeft = Atomic(false)

  init(topic: Topic, id: Int) {
    self.topic = topic
    self.id = id
  }

  deinit { leave() }

  /// Says whom to wake; called once after each `.later`, from any thread, with no lock held.
  package func begin(wake: @escaping @Sendable () -> Void) {
    topic.begin(id, wake: wake)
  }

  /// The next items, about `byteCount` bytes of them; never waits.
  package func take(atMost byteCount: Int) -> Topic.Delivery {
    topic.take(id, atMost: byteCount)
  }

  /// Leaves the topic; the run is told when nobody is left.
  package func leave() {
    guard !hasLeft.exchange(true, ordering: .acquiringAndReleasing) else { return }
    topic.leave(id)
  }
}
