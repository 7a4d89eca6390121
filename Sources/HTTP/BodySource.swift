/// Bytes that a connection pulls whenever it has room to send.
///
/// Pulling, not pushing, is what keeps a slow viewer cheap: nothing is queued for it beyond its
/// connection's small outbox, and whoever holds the data decides what it has missed.
///
/// - Isolation: the connection calls from its loop and never from two threads at once.
package protocol BodySource: AnyObject, Sendable {
  /// Begins; `wake` may be called from any thread, at any time, any number of times.
  func begin(wake: @escaping @Sendable () -> Void)
  /// The next pieces, roughly `byteCount` bytes of them; never waits.
  func pull(atMost byteCount: Int) -> BodyPull
  /// The connection needs no more: the body has ended, or the peer has gone. Called exactly once.
  func leave()
}

/// What a pull from a `BodySource` gave.
package enum BodyPull: Sendable {
  /// Pieces to send; each is shared, not copied. Never empty.
  case pieces([[UInt8]])
  /// Nothing now; `wake` follows.
  case later
  /// The body is complete.
  case end
  /// The body cannot be completed: the connection is cut.
  case cut
}
