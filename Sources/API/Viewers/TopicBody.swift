package import Streams
package import HTTP
internal import Synchronization
internal import Wire

/// A viewer as the body of an event stream.
package final class TopicBody: BodySource {
  private let subscriber: Subscriber
  private let form: TensorForm
  private let meter: ViewerMeter?
  private let isCounted = Atomic(false)

  /// Streams what the subscriber gets, tensors written in the given form.
  package init(_ subscriber: Subscriber, tensors form: TensorForm, meter: ViewerMeter? = nil) {
    self.meter = meter
    self.subscriber = subscriber
    self.form = form
  }

  package func begin(wake: @escaping @Sendable () -> Void) {
    meter?.come(.events)
    isCounted.store(true, ordering: .relaxed)
    subscriber.begin(wake: wake)
  }

  package func pull(atMost byteCount: Int) -> BodyPull {
    switch subscriber.take(atMost: byteCount) {
    case .batch(let gap, let batch):
      let pieces = batch.pieces(as: .events(form))
      guard !gap.isEmpty else { return .pieces(pieces) }
      meter?.note(gap, at: .events)
      var event: [UInt8] = []
      // Without an id the client keeps the last one: a gap is this viewer's own, and it resumes after the last shared event.
      SSEEncoder.append("gap", to: &event) { $0 += subscriber.topic.describe(gap) }
      return .pieces([event] + pieces)
    case .later: return .later
    // A stream that ends without `run.finished` is taken up again by the client, from its last id.
    case .end: return .end
    }
  }

  package func leave() {
    // Of a viewer that left before it began nothing was counted.
    if isCounted.exchange(false, ordering: .relaxed) { meter?.go(.events) }
    subscriber.leave()
  }
}
