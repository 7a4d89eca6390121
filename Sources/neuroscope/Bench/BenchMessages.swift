/// Picks the texts out of a WebSocket's bytes and passes over its tensors, as they come in pieces (RFC 6455, section 5.2).
///
/// A viewer that draws needs a tensor's bytes, but does not search them; nor should one that measures.
struct BenchMessages {
  /// Bytes of a message without text that are still to come.
  private var passing = 0
  /// What has come of a head or of a text.
  private var held: [UInt8] = []
  /// Whether the answer to the handshake is over.
  private var isOpen = false

  /// Takes the next bytes and hands each text that is whole to `body`.
  mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: (ArraySlice<UInt8>) -> Void) {
    let passed = min(passing, bytes.count)
    passing -= passed
    held += bytes[passed...]
    var rest = held[...]
    while let message = next(&rest) { if !message.isEmpty { body(message) } }
    held = Array(rest)
  }

  /// The next text, empty for any other message; nil where more bytes are needed.
  private mutating func next(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    if !isOpen {
      guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
      isOpen = true
      rest = rest[end.upperBound...]
    }
    guard let head = Self.head(rest) else { return nil }
    let end = rest.startIndex + head.count + head.length
    guard head.isText else {
      passing = max(0, end - rest.endIndex)
      rest = rest[min(end, rest.endIndex)...]
      return []
    }
    guard end <= rest.endIndex else { return nil }
    defer { rest = rest[end...] }
    return rest[(rest.startIndex + head.count)..<end]
  }

  /// A server's head: its own length, the payload's, and whether that is a text; nil where it has not come whole.
  private static func head(
    _ bytes: ArraySlice<UInt8>
  ) -> (count: Int, length: Int, isText: Bool)? {
    guard bytes.count >= 2 else { return nil }
    let short = Int(bytes[bytes.startIndex + 1] & 0x7F)
    let extended = short == 126 ? 2 : short == 127 ? 8 : 0
    guard bytes.count >= 2 + extended else { return nil }
    let length = bytes[(bytes.startIndex + 2)..<(bytes.startIndex + 2 + extended)]
      .reduce(0) { $0 << 8 | Int($1) }
    return (2 + extended, extended == 0 ? short : length, bytes[bytes.startIndex] & 0x0F == 1)
  }
}
