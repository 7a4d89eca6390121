import HTTPTypes
import Wire

/// What the transport itself refuses; the wording of everything else is the routes' business.
extension ErrorReply {
  /// A peer that broke a rule of HTTP.
  static func violation(_ violation: ProtocolViolation) -> ErrorReply {
    ErrorReply(
      violation.status, code: "protocol_violation",
      message: "The request breaks a rule of HTTP: \(violation.rule.rawValue)",
      details: Array(
        "{\"rule\":\"\(violation.rule.rawValue)\",\"offset\":\(violation.offset)}".utf8))
  }

  /// No route has the path.
  static func notFound(path: String) -> ErrorReply {
    ErrorReply(.notFound, code: "not_found", message: "Nothing is at \(path)")
  }

  /// The path exists, the method does not.
  static func methodNotAllowed(_ allow: [HTTPRequest.Method]) -> ErrorReply {
    let list = allow.map(\.rawValue).joined(separator: ", ")
    return ErrorReply(
      .methodNotAllowed, code: "method_not_allowed", message: "Allowed here: \(list)",
      fields: [.allow: list])
  }

  /// A content coding that is not decoded.
  static func unsupportedCoding(_ coding: String) -> ErrorReply {
    ErrorReply(
      .unsupportedMediaType, code: "unsupported_content_encoding",
      message: "Content-Encoding \(coding) is not understood; send gzip, deflate or none",
      fields: [.acceptEncoding: "gzip, deflate"])
  }

  /// A coded body that does not decode.
  static let damagedBody = ErrorReply(
    .badRequest, code: "damaged_body", message: "The compressed body does not decompress")

  /// A coded body that decodes to more than the limit.
  static func inflatedTooLarge(limit: Int) -> ErrorReply {
    ErrorReply(
      .contentTooLarge, code: "body_too_large",
      message: "The body decompresses to more than \(limit) bytes",
      details: Array("{\"limit\":\(limit)}".utf8))
  }

  /// The request did not arrive in time.
  static let timeout = ErrorReply(
    .requestTimeout, code: "request_timeout", message: "The request did not arrive in time")

  /// A page of an origin that is not on the list tries to change something.
  static func foreignOrigin(_ origin: String) -> ErrorReply {
    ErrorReply(
      .forbidden, code: "origin_not_allowed",
      message: "Pages of \(origin) may not use this server; see --allow-origin")
  }

  /// A request that cannot become a WebSocket.
  static func webSocket(_ refusal: WebSocketHandshake.Refusal) -> ErrorReply {
    let (code, message) =
      switch refusal {
      case .notAsked: ("websocket_required", "This path speaks WebSocket only")
      case .version: ("websocket_version", "WebSocket version 13 is spoken here")
      case .method: ("method_not_allowed", "A WebSocket begins with GET")
      case .key: ("websocket_key", "Sec-WebSocket-Key must be 16 bytes in base64, once")
      }
    return ErrorReply(refusal.status, code: code, message: message, fields: refusal.fields)
  }
}
