internal import HTTPTypes
internal import JSON
package import Loops

extension ErrorReply {
  /// A key has as much of something as it may.
  ///
  /// - Standard: RFC 6585, section 4 (429); draft-ietf-httpapi-ratelimit-headers-10 (`RateLimit` and `RateLimit-Policy`).
  package static func limitReached(_ limit: LimitReached) -> ErrorReply {
    let name = limit.name.rawValue
    let (what, unit) =
      switch limit.name {
      case .runs: ("\(limit.allowed) runs in progress or paused", "concurrent-requests")
      case .queued: ("\(limit.allowed) generations waiting", "concurrent-requests")
      case .tokensPerMinute: ("spent its \(limit.allowed) tokens a minute", "tokens")
      case .connections: ("\(limit.allowed) connections open", "concurrent-requests")
      case .captureBytes: ("\(limit.allowed) bytes of captures", "content-bytes")
      }
    var fields: HTTPFields = [.retryAfter: "\(limit.retryAfter)"]
    let window = limit.name == .tokensPerMinute ? ";w=60" : ""
    fields[further: .rateLimitPolicy] = "\"\(name)\";q=\(limit.allowed);qu=\"\(unit)\"\(window)"
    fields[further: .rateLimit] = "\"\(name)\";r=0;t=\(limit.retryAfter)"
    return ErrorReply(
      .tooManyRequests, code: "limit_reached",
      message:
        "Key \(limit.client) has \(what), as many as its limit \(name) allows; "
        + "try again in \(limit.retryAfter) s",
      details: JSONWriter.object { writer in
        writer.member("limit", name)
        writer.member("allowed", limit.allowed)
        writer.member("retry_after", limit.retryAfter)
      }, fields: fields)
  }
}
