/// A viewer as the body of an event stream.
package final class TopicBody: BodySource {
  private let subscriber: Subscriber
  private let form: TensorForm

  /// Streams what the subscriber gets, tensors written in the given form.
  package init(_ subscriber: Subscriber, tensors form: TensorForm) {
    self.subscriber = subscriber
    self.form = form
  }

  package func begin(wake: @escaping @Sendable () -> Void) { subscriber.begin(wake: wake) }

  package func pull(atMost byteCount: Int) -> BodyPull {
    switch subscriber.take(atMost: byteCount) {
    case .items(let gap, let items):
      var pieces: [[UInt8]] = []
      if !gap.isEmpty {
        let json = subscriber.topic.describe(gap)
        pieces.append(EventRendering.event(type: "gap", id: nil, json: json))
      }
      pieces += subscriber.topic.pieces(of: items, as: .events(form))
      return .pieces(pieces)
    case .later: return .later
    // A stream that ends without `run.finished` is taken up again by the client, from its last id.
    case .end: return .end
    }
  }

  package func leave() { subscriber.leave() }
}
