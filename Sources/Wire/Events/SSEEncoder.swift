/// Server-sent events as bytes; LF only, so that no client has to join a CR with a later LF.
///
/// - Standard: WHATWG HTML, "Server-sent events".
package enum SSEEncoder {
  /// One event.
  ///
  /// Line breaks in `data` become several `data:` lines; the name and id lose theirs (and a NUL
  /// in the id), since they would end the field.
  package static func event(
    _ name: String? = nil, id: String? = nil, retry milliseconds: Int? = nil, data: String
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    appendHead(name, id: id, to: &bytes)
    if let milliseconds { append("retry: ", "\(max(0, milliseconds))", to: &bytes) }
    for line in lines(data) { bytes += "data: \(line)\n".utf8 }
    bytes.append(0x0a)
    return bytes
  }

  /// Adds an event to bytes; what `data` adds must be a single line.
  package static func append(
    _ name: String? = nil, id: String? = nil, to bytes: inout [UInt8],
    data: (inout [UInt8]) -> Void
  ) {
    appendHead(name, id: id, to: &bytes)
    bytes += "data: ".utf8
    data(&bytes)
    bytes += "\n\n".utf8
  }

  /// A comment, which clients ignore: the heartbeat, and the first flush.
  package static func comment(_ text: String = "") -> [UInt8] {
    Array((lines(text).map { ": " + $0 + "\n" }.joined() + "\n").utf8)
  }

  /// A `data:` line of the OpenAI style: no name, no id.
  package static func data(_ line: String) -> [UInt8] { event(data: line) }

  /// What ends an OpenAI-style stream.
  package static let done: [UInt8] = data("[DONE]")

  private static func appendHead(_ name: String?, id: String?, to bytes: inout [UInt8]) {
    if let name { append("event: ", name, to: &bytes) }
    if let id { append("id: ", id, to: &bytes) }
  }

  /// A field on a line of its own: the line breaks of its value, and a NUL, are left out.
  private static func append(_ field: String, _ value: String, to bytes: inout [UInt8]) {
    bytes += field.utf8
    // Names and ids of our own have none, and there are thousands a second of them.
    if value.utf8.contains(where: isBreak) {
      bytes += value.utf8.filter { !isBreak($0) }
    } else {
      bytes += value.utf8
    }
    bytes.append(0x0a)
  }

  private static func isBreak(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d || byte == 0 }

  /// The lines of a text; CR, LF and CRLF each end one.
  private static func lines(_ text: String) -> [String] {
    var result = [""]
    for character in text {
      switch character {
      case "\r\n", "\n", "\r": result.append("")
      default: result[result.count - 1].append(character)
      }
    }
    return result
  }
}
