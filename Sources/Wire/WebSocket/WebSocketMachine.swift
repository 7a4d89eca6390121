/// The server's side of one WebSocket conversation after the handshake, as a value over bytes.
///
/// - Standard: RFC 6455, RFC 7692.
package struct WebSocketMachine {
  package let limits: WebSocketLimits

  /// Begins a conversation.
  ///
  /// - Parameter deflate: what the handshake agreed on; nil without permessage-deflate.
  package init(limits: WebSocketLimits = .standard, deflate: PermessageDeflate? = nil) {
    self.limits = limits
  }

  /// Stores bytes from the peer.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) {}

  /// Stores bytes from the peer.
  package mutating func receive(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { receive($0) }
  }

  /// Notes that the peer will send nothing more.
  package mutating func receiveEnd() {}

  /// The next fact in the received bytes.
  ///
  /// - Throws: the violation that ended the conversation; answer with a close frame of its `closeCode`.
  package mutating func next() throws(ProtocolViolation) -> WebSocketEvent { .needMore }
}
