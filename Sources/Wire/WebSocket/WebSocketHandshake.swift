package import HTTPTypes

/// The opening handshake, judged from the head of the request.
///
/// - Standard: RFC 6455, section 4.2.
package struct WebSocketHandshake: Hashable, Sendable {
  /// The fields of the `101` answer that `HTTPServerMachine.switchProtocols` does not add itself.
  package var fields: HTTPFields
  /// The chosen subprotocol, one that was offered; nil when none was offered or known.
  package var subprotocol: String?
  /// The agreed compression.
  package var deflate: PermessageDeflate?
  /// Who asks, as browsers say; the route decides whether to let them (any page may open a WebSocket).
  package var origin: String?

  /// Why a request cannot become a WebSocket.
  package enum Fault: Error, Hashable, Sendable, CaseIterable {
    /// The request does not ask for a WebSocket: 426 with `Upgrade: websocket` suits it.
    case notAsked
    /// Not GET, 405 with `Allow: GET`.
    case method
    /// Another version than 13: 426 with `Sec-WebSocket-Version: 13`.
    case version
    /// The key is missing, repeated, or not 16 bytes of base64: 400.
    case key

    /// The status of the answer.
    package var status: HTTPResponse.Status {
      switch self {
      case .notAsked, .version: HTTPResponse.Status(code: 426, reasonPhrase: "Upgrade Required")
      case .method: .methodNotAllowed
      case .key: .badRequest
      }
    }

    /// The fields the answer must have.
    package var fields: HTTPFields {
      switch self {
      case .notAsked, .version: [.upgrade: "websocket", .secWebSocketVersion: "13"]
      case .method: [.allow: "GET"]
      case .key: [:]
      }
    }
  }

  /// Whether a request asks for a WebSocket at all.
  package static func isAsked(by head: RequestHead) -> Bool {
    head.upgrades.contains { Grammar.equals($0.utf8, "websocket") }
  }

  /// Judges a request.
  ///
  /// - Parameter subprotocols: what the server speaks, best first.
  /// - Parameter compression: whether permessage-deflate may be agreed on.
  package init(
    _ head: RequestHead, subprotocols: [String] = [], compression: Bool = true
  ) throws(Fault) {
    guard Self.isAsked(by: head) else { throw .notAsked }
    guard head.method == .get else { throw .method }
    guard head.fields[values: .secWebSocketVersion] == ["13"] else { throw .version }
    let keys = head.fields[values: .secWebSocketKey]
    guard keys.count == 1, let key = keys.first, Base64.decode(key.utf8)?.count == 16 else {
      throw .key
    }
    fields = [.upgrade: "websocket", .secWebSocketAccept: Self.accept(key)]
    origin = head.fields[.origin]
    let offered = head.fields[values: .secWebSocketProtocol].flatMap {
      Grammar.list(Array($0.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }
    subprotocol = subprotocols.first { offered.contains($0) }
    if let subprotocol { fields[.secWebSocketProtocol] = subprotocol }
    deflate =
      compression
      ? PermessageDeflate(offers: head.fields[values: .secWebSocketExtensions]) : nil
    if let deflate { fields[.secWebSocketExtensions] = deflate.responseValue }
  }

  /// What proves to the client that its key was read (section 1.3).
  static func accept(_ key: String) -> String {
    let digest = SHA1.digest(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
    return String(decoding: Base64.encode(digest), as: UTF8.self)
  }
}
