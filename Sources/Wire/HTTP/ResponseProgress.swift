/// What is left to write of a response.
struct ResponseProgress: Hashable, Sendable {
  /// How the end of its body is told.
  enum Delimiter: Hashable, Sendable {
    /// Nothing may be written: HEAD, 204, 304, or no body.
    case suppressed
    case length(promised: Int, written: Int)
    case chunked
    /// An HTTP/1.0 peer's stream ends with the connection.
    case untilClose
  }

  var delimiter: Delimiter
  /// Whether the connection ends after this response.
  var closes: Bool
  var isComplete = false
}
