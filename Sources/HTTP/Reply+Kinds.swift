package import HTTPTypes

extension Reply {
  /// JSON that is already encoded.
  package static func json(
    _ body: [UInt8], status: HTTPResponse.Status = .ok, fields: HTTPFields = [:]
  ) -> Reply {
    var fields = fields
    fields[.contentType] = "application/json"
    return .full(status: status, fields: fields, body: body)
  }

  /// An event stream (`text/event-stream`) that no proxy keeps back, with heartbeats when silent.
  ///
  /// Routes that OpenAI clients call want `.rareComments` or no heartbeat: some of those clients
  /// take a comment for an event.
  /// - Standard: WHATWG HTML, "Server-sent events".
  package static func events(
    _ body: StreamBody, fields: HTTPFields = [:], heartbeat: Heartbeat? = .comments
  ) -> Reply {
    var fields = fields
    fields[.contentType] = "text/event-stream"
    fields[.cacheControl] = "no-store, no-transform"
    fields[further: .accelBuffering] = "no"
    return .stream(fields: fields, body: body, heartbeat: heartbeat)
  }

  /// A status without a body, such as 204.
  package static func empty(_ status: HTTPResponse.Status) -> Reply {
    .full(status: status)
  }
}
