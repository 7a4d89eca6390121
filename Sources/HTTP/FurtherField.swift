package import HTTPTypes

/// Header fields that are not in swift-http-types' list, by their names.
///
/// A name that could not be one would be no field at all; it never stands for another.
package enum FurtherField: String, CaseIterable, Sendable {
  /// `no` tells nginx to pass each byte on at once.
  case accelBuffering = "X-Accel-Buffering"
  /// How much of a limit is left, and what the limit is.
  case rateLimit = "RateLimit"
  case rateLimitPolicy = "RateLimit-Policy"
  /// The name of the request in logs and errors.
  case requestID = "X-Request-Id"
  /// The run behind an answer, for those who want to watch it.
  case runID = "X-NeuroScope-Run"
  /// What of a request was not understood.
  case warnings = "X-NeuroScope-Warnings"
  /// Where in a trace a request or its answer stands (W3C Trace Context).
  case traceparent
  /// What other systems on the trace's way have to say.
  case tracestate
  /// The language of a generated SDK, in requests.
  case sdk = "X-Stainless-Lang"
  /// Where a browser's request comes from, as the browser sees it (Fetch Metadata).
  case fetchSite = "Sec-Fetch-Site"
  /// Private Network Access.
  case requestPrivateNetwork = "Access-Control-Request-Private-Network"
  case allowPrivateNetwork = "Access-Control-Allow-Private-Network"

  fileprivate static let names = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, HTTPField.Name($0.rawValue)) })
}

extension HTTPFields {
  /// The value of a field of ours.
  package subscript(further field: FurtherField) -> String? {
    get { FurtherField.names[field]?.flatMap { self[$0] } }
    set { if let name = FurtherField.names[field] ?? nil { self[name] = newValue } }
  }
}
