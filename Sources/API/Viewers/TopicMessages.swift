internal import Wire
package import Streams
package import HTTP
import Synchronization

/// A viewer as WebSocket messages.
package final class TopicMessages: MessageSource {
  private let subscriber: Subscriber
  private let tensors: MessageTensors
  private let ended: @Sendable (Topic.Ending) -> Void
  private let isDeflating = Atomic(false)
  private let meter: ViewerMeter?
  private let isCounted = Atomic(false)

  /// Sends what the subscriber gets.
  ///
  /// - Parameter ended: told when the topic gives no more, on the connection's loop.
  package init(
    _ subscriber: Subscriber, tensors: MessageTensors, meter: ViewerMeter? = nil,
    ended: @escaping @Sendable (Topic.Ending) -> Void = { _ in }
  ) {
    self.subscriber = subscriber
    self.tensors = tensors
    self.meter = meter
    self.ended = ended
  }

  package func begin(isDeflating: Bool, wake: @escaping @Sendable () -> Void) {
    self.isDeflating.store(isDeflating, ordering: .relaxed)
    meter?.come(.socket)
    isCounted.store(true, ordering: .relaxed)
    subscriber.begin(wake: wake)
  }

  package func pull(atMost byteCount: Int) -> MessagePull {
    switch subscriber.take(atMost: byteCount) {
    case .batch(let gap, let batch):
      let frames = batch.pieces(
        as: .messages(tensors, isDeflating: isDeflating.load(ordering: .relaxed)))
      guard !gap.isEmpty else { return .frames(frames) }
      meter?.note(gap, at: .socket)
      let message = OutgoingMessage.text(subscriber.topic.describe(gap))
      return .frames([message.envelope, message.payload] + frames)
    case .later: return .later
    case .end(let ending):
      ended(ending)
      return .end
    }
  }

  package func leave() {
    // Of a viewer that left before it began nothing was counted.
    if isCounted.exchange(false, ordering: .relaxed) { meter?.go(.socket) }
    subscriber.leave()
  }
}
