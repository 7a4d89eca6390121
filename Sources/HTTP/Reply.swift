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
    self.message = message
    self.details = details
    self.fields = fields
  }
}
