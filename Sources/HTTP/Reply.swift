package import HTTPTypes

/// What a handler answers.
package enum Reply: Sendable {
  /// A complete answer, all bytes at hand.
  case full(status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], body: [UInt8] = [])
  /// An answer that grows while it is sent: chunks in HTTP/1.1.
  ///
  /// The heartbeat, if any, fills long silences.
  case stream(
    status: HTTPResponse.Status = .ok, fields: HTTPFields, body: StreamBody,
    heartbeat: Heartbeat? = nil)
  /// Bytes in memory that are served with `ETag`, `Range` and `If-None-Match`.
  case file(StaticFile)
  /// The connection becomes a WebSocket, if the request asks for one properly.
  case webSocket(WebSocketUpgrade)
  /// A refusal; the transport adds the request's id and writes the JSON.
  case error(ErrorReply)
}

/// Where the bytes of a streamed answer come from.
package enum StreamBody: Sendable {
  /// The connection pulls whenever it has room; see `BodySource`.
  case source(any BodySource)
  /// A task of the connection writes; it is cancelled when the peer goes, and the body ends when it
  /// returns. Throwing cuts the connection, so that the peer sees a truncated body and not a short one.
  case writing(@Sendable (BodyWriter) async throws -> Void)
}

/// A refusal as clients see it: `{"error":…,"code":…,"details":{…},"request_id":…}`.
package struct ErrorReply: Sendable, Equatable {
  /// The status, 4xx or 5xx.
  package var status: HTTPResponse.Status
  /// The machine-readable name, such as `model_not_found`.
  package var code: String
  /// The sentence.
  package var message: String
  /// A JSON object with the facts, already encoded; nil for none.
  package var details: [UInt8]?
  /// More fields, such as `Allow` or `Retry-After`.
  package var fields: HTTPFields

  /// Describes a refusal.
  package init(
    _ status: HTTPResponse.Status, code: String, message: String, details: [UInt8]? = nil,
    fields: HTTPFields = [:]
  ) {
    self.status = status
    self.code = code
    self.message = Self.shown(message, atMost: Self.messageLimit)
    self.details = details.flatMap { $0.count <= Self.detailsLimit ? $0 : nil }
    self.fields = fields
  }

  /// Bytes of a message at most, and of its details, which are left out beyond.
  package static let messageLimit = 2000
  package static let detailsLimit = 8000

  /// A sentence that may hold what somebody sent: control characters are spelt, and of one that is too long the middle
  /// is left out, so that the field at its beginning and what is allowed at its end stay.
  private static func shown(_ text: String, atMost limit: Int) -> String {
    let isLong = text.utf8.count > limit
    guard isLong || text.unicodeScalars.contains(where: isInvisible) else { return text }
    let spelt = text.utf8.count > 16 * limit ? cut(text, 4 * limit) : text
    return cut(
      spelt.unicodeScalars.reduce(into: "") { shown, scalar in
        if isInvisible(scalar) {
          shown += "\\u{" + String(scalar.value, radix: 16) + "}"
        } else {
          shown.unicodeScalars.append(scalar)
        }
      }, limit)
  }

  /// Controls, line separators, and what turns the direction of text.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }

  private static func cut(_ text: String, _ limit: Int) -> String {
    let bytes = text.utf8
    guard bytes.count > limit else { return text }
    let head = String(decoding: bytes.prefix(limit * 3 / 5), as: UTF8.self)
    let tail = String(decoding: bytes.suffix(limit / 5), as: UTF8.self)
    return "\(head) ... (\(bytes.count - limit * 4 / 5) bytes left out) ... \(tail)"
  }
}
