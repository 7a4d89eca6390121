/// What is left to write of an answer.
struct Answer: Hashable, Sendable {
  /// How its body is framed.
  enum Framing: Hashable, Sendable {
    /// Nothing may be written: HEAD, 204, 304, or no body.
    case suppressed
    case length(promised: Int, written: Int)
    case chunked
    /// An HTTP/1.0 peer's stream ends with the connection.
    case untilClose
  }

  var framing: Framing
  /// Whether the connection ends after this answer.
  var closes: Bool
  var isComplete = false
}
