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
    Array(
      head(name, id: id, retry: milliseconds).utf8 + lines(data).flatMap { dataLine($0) } + [0x0a])
  }

  /// The envelope of an event whose data is single-line bytes made once and shared: prefix, data, suffix.
  package static func envelope(_ name: String? = nil, id: String? = nil) -> BodyEnvelope {
    BodyEnvelope(
      prefix: Array((head(name, id: id, retry: nil) + "data: ").utf8), suffix: [0x0a, 0x0a])
  }

  /// A comment, which clients ignore: the heartbeat, and the first flush.
  package static func comment(_ text: String = "") -> [UInt8] {
    Array((lines(text).map { ": " + $0 + "\n" }.joined() + "\n").utf8)
  }

  /// A `data:` line of the OpenAI style: no name, no id.
  package static func data(_ line: String) -> [UInt8] { event(data: line) }

  /// What ends an OpenAI-style stream.
  package static let done: [UInt8] = data("[DONE]")

  private static func head(_ name: String?, id: String?, retry: Int?) -> String {
    var text = ""
    if let name { text += "event: " + singleLine(name) + "\n" }
    if let id { text += "id: " + singleLine(id) + "\n" }
    if let retry { text += "retry: \(max(0, retry))\n" }
    return text
  }

  private static func dataLine(_ line: String) -> [UInt8] { Array("data: \(line)\n".utf8) }

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

  private static func singleLine(_ text: String) -> String {
    let breaks: [UInt8] = [0x0a, 0x0d, 0]
    // Names and ids of our own have none, and there are thousands a second of them.
    guard text.utf8.contains(where: { breaks.contains($0) }) else { return text }
    return String(decoding: text.utf8.filter { !breaks.contains($0) }, as: UTF8.self)
  }
}
