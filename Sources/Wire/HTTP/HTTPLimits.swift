/// How much of anything an HTTP request may have.
///
/// Every bound is checked before the bytes it speaks of are stored.
package struct HTTPLimits: Hashable, Sendable {
  /// Bytes of the request line; beyond it 414.
  package var requestLine = 8 << 10

  /// Bytes of the header section after the request line, and separately of the trailer section; beyond it 431.
  package var fieldSection = 32 << 10

  /// Field lines in a section; beyond it 431.
  package var fieldCount = 100

  /// Bytes of a body after chunk framing is taken off; beyond it 413.
  package var body = 16 << 20

  /// Bytes of one chunk-size line with its extensions.
  package var chunkLine = 256

  /// Bytes of chunk extensions in a whole message.
  package var chunkExtensions = 16 << 10

  /// Empty lines that are skipped before a request line (RFC 9112, section 2.2).
  package var leadingEmptyLines = 4

  /// Bytes of pipelined requests held while an answer is being written; the connection reads no further.
  package var backlog = 64 << 10

  /// The bounds used when nothing is configured.
  package static let standard = HTTPLimits()

  /// Starts from the standard bounds.
  package init() {}
}
