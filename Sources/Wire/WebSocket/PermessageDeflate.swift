/// What a handshake agreed on about compressing messages; neither side ever keeps a window between messages.
///
/// - Standard: RFC 7692, section 7.
package struct PermessageDeflate: Hashable, Sendable {
  /// The window of messages we send, as the power of two the peer asked for (8…15).
  package var serverWindowBits: Int
  /// The window of messages the peer sends.
  package var clientWindowBits: Int
  /// The value of `Sec-WebSocket-Extensions` in the answer.
  package var responseValue: String

  package init(serverWindowBits: Int, clientWindowBits: Int, responseValue: String) {
    self.serverWindowBits = serverWindowBits
    self.clientWindowBits = clientWindowBits
    self.responseValue = responseValue
  }
}
