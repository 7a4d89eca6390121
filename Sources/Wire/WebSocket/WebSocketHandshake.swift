package import HTTPTypes

/// The opening handshake, judged from the head of the request.
///
/// - Standard: RFC 6455, section 4.2.
package struct WebSocketHandshake: Hashable, Sendable {
  /// The fields of the `101` answer, complete.
  package var fields: HTTPFields
  /// The chosen subprotocol, one that was offered; nil when none was offered or known.
  package var subprotocol: String?
  /// The agreed compression.
  package var deflate: PermessageDeflate?
  /// Who asks, as browsers say; the route decides whether to let them.
  package var origin: String?

  /// Why a request cannot become a WebSocket.
  package enum Refusal: Error, Hashable, Sendable {
    /// The request does not ask for a WebSocket: 426 with `Upgrade: websocket` suits it.
    case notAsked
    /// Not GET, 405 with `Allow: GET`.
    case method
    /// Another version than 13: 426 with `Sec-WebSocket-Version: 13`.
    case version
    /// The key is missing, repeated, or not 16 bytes of base64: 400.
    case key
  }

  /// Judges a request.
  ///
  /// - Parameter subprotocols: what the server speaks, best first.
  /// - Parameter compression: whether permessage-deflate may be agreed on.
  package init(
    _ head: RequestHead, subprotocols: [String] = [], compression: Bool = true
  ) throws(Refusal) {
    throw .notAsked
  }
}
