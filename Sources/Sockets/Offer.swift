/// What became of something offered to a bounded queue.
package enum Offer: Sendable, Equatable {
  /// It was taken and will be sent.
  case queued
  /// The limit is reached; it was not taken.
  case dropped
  /// Nobody will send it any more; it was not taken.
  case closed
}
