import HTTPTypes
import JSON
import Loops
import Wire

/// What the transport itself refuses; the wording of everything else is the routes' business.
extension ErrorReply {
  /// A peer that broke a rule of HTTP.
  static func violation(_ violation: ProtocolViolation) -> ErrorReply {
    if violation.rule == .unsupportedVersion {
      return ErrorReply(
        violation.status, code: "http_version",
        message: "This server speaks HTTP/1.1; of HTTP/2 it only knows what its preface looks like",
        details: Array("{\"spoken\":[\"HTTP/1.1\",\"HTTP/1.0\"]}".utf8))
    }
    if violation.rule == .tlsHello {
      return ErrorReply(
        violation.status, code: "plain_http",
        message: "Here plain HTTP is spoken, and what arrived begins TLS: use http://, "
          + "or start the server with --tls-cert and --tls-key")
    }
    return ErrorReply(
      violation.status, code: "protocol_violation",
      message: "The request breaks a rule of HTTP: \(violation.rule.rawValue)",
      details: Array(
        "{\"rule\":\"\(violation.rule.rawValue)\",\"offset\":\(violation.offset)}".utf8))
  }

  /// Plain HTTP where TLS is spoken.
  static let tlsRequired = ErrorReply(
    .badRequest, code: "tls_required",
    message: "Here TLS is spoken, and the request came in plain text: use https://, "
      + "and wss:// for WebSockets")

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

  /// As much waits in bodies as may, of all clients or of this one.
  static func bodiesFull(limit: Int) -> ErrorReply {
    ErrorReply(
      .serviceUnavailable, code: "bodies_full",
      message: "The bodies of requests take as much memory as they may (\(limit) bytes in all, "
        + "three fourths for one client); try again later",
      details: Array("{\"limit\":\(limit)}".utf8), fields: [.retryAfter: "1"])
  }

  /// Too much work waits.
  static func refused(_ refusal: WorkRefusal) -> ErrorReply {
    switch refusal {
    case .busy(let waiting, let limit):
      ErrorReply(
        .serviceUnavailable, code: "overloaded",
        message: "\(waiting) pieces of work are waiting, as many as this server allows (\(limit)); "
          + "try again later",
        details: Array("{\"waiting\":\(waiting),\"limit\":\(limit)}".utf8),
        fields: [.retryAfter: "1"])
    case .cancelled:
      ErrorReply(.conflict, code: "cancelled", message: "The computation was cancelled")
    }
  }

  /// The request did not arrive in time.
  static let timeout = ErrorReply(
    .requestTimeout, code: "request_timeout", message: "The request did not arrive in time")

  /// A name that is not this server's.
  static func foreignHost(_ host: String, known: [String]) -> ErrorReply {
    ErrorReply(
      .misdirectedRequest, code: "host_not_allowed",
      message:
        "This server is not \(host.prefix(200)): it answers to \(known.joined(separator: ", ")) and the address "
        + "it is reached at; others are allowed with --allow-host")
  }

  /// No key was shown where one is needed.
  static let keyRequired = ErrorReply(
    .unauthorized, code: "key_required",
    message:
      "This server needs a key: send it as Authorization: Bearer KEY, or open /login in a browser",
    fields: [.wwwAuthenticate: "Bearer realm=\"neuroscope\""])

  /// What was shown is not, or no longer, a key.
  package static let keyUnknown = ErrorReply(
    .unauthorized, code: "key_unknown",
    message: "The key, session or ticket is not known here, or its time is over",
    fields: [.wwwAuthenticate: "Bearer realm=\"neuroscope\", error=\"invalid_token\""])

  /// The key does not allow what was asked.
  package static func scopeMissing(_ scope: Scope, caller: Caller) -> ErrorReply {
    let allowed = Scope.allCases.filter(caller.scopes.contains).map(\.rawValue)
    let told = JSONWriter.object { writer in
      writer.member("scope", scope.rawValue)
      writer.member("scopes", allowed)
    }
    return ErrorReply(
      .forbidden, code: "scope_missing",
      message:
        "This needs a key of the scope \(scope.rawValue); \(caller.name ?? "the caller") has "
        + (allowed.isEmpty ? "none" : allowed.joined(separator: ", ")),
      details: told)
  }

  /// A page of an origin that is not on the list tries to change something.
  static func foreignOrigin(_ origin: String) -> ErrorReply {
    ErrorReply(
      .forbidden, code: "origin_not_allowed",
      message: "Pages of \(origin) may not use this server; see --allow-origin")
  }

  /// A request that cannot become a WebSocket.
  static func webSocket(_ fault: WebSocketHandshake.Fault) -> ErrorReply {
    let (code, message) =
      switch fault {
      case .notAsked: ("websocket_required", "This path speaks WebSocket only")
      case .version: ("websocket_version", "WebSocket version 13 is spoken here")
      case .method: ("method_not_allowed", "A WebSocket begins with GET")
      case .key: ("websocket_key", "Sec-WebSocket-Key must be 16 bytes in base64, once")
      }
    return ErrorReply(fault.status, code: code, message: message, fields: fault.fields)
  }
}
