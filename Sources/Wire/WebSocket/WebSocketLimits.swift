/// How much of anything a WebSocket peer may send; each bound is checked before bytes are stored.
package struct WebSocketLimits: Hashable, Sendable {
  /// Bytes of one message, joined and inflated; beyond it 1009.
  package var message = 16 << 20

  /// Frames of one message; beyond it 1009 (the conformance suite needs 65 536).
  package var fragments = 1 << 17

  /// The bounds used when nothing is configured.
  package static let standard = WebSocketLimits()

  /// Starts from the standard bounds.
  package init() {}
}
