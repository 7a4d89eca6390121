internal import JSON
internal import API

/// An operation as a command for a shell, ready to be pasted.
///
/// Ids that only the reader knows are variables of the shell, named after what they stand for: `$run`.
struct CurlLine {
  /// The command; continued lines belong to the quoted body.
  let text: String

  init(_ operation: ReferenceOperation, server: String, width: Int = 100) {
    var words = ["curl"]
    switch operation.answer {
    case .events: words.append("-N")
    // A handshake; curl shows that it was accepted, and ends.
    case .socket:
      words += [
        "-i", "-N", "--max-time", "1", "-H", "'Connection: Upgrade'", "-H", "'Upgrade: websocket'",
        "\\\n  -H", "'Sec-WebSocket-Version: 13'", "-H",
        "'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='", "\\\n ",
      ]
    case .bytes: words += ["-o", operation.id]
    case .json, .page: break
    }
    if operation.method != "GET", operation.example == nil || operation.method != "POST" {
      words += ["-X", operation.method]
    }
    words.append(Self.address(operation, server: server))
    var text = words.joined(separator: " ")
    if let example = operation.example {
      let body = ReferenceJSON.text(example, width: width - 2, used: text.count + 6)
      text += " -d '" + body.replacing("'", with: "'\\''") + "'"
    }
    self.text = text
  }

  private static func address(_ operation: ReferenceOperation, server: String) -> String {
    var before = ""
    let path = operation.path.split(separator: "/").map { segment in
      defer { before = String(segment) }
      guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return String(segment) }
      let name = String(segment.dropFirst().dropLast())
      let example = operation.parameters.first { $0.name == name && $0.place == .path }?.example
      return example?.string ?? "$" + (before.hasSuffix("s") ? String(before.dropLast()) : name)
    }
    let query = operation.parameters.filter { $0.place == .query }.compactMap { parameter in
      parameter.example?.string.map { "\(parameter.name)=\($0)" }
    }
    let address =
      server + "/" + path.joined(separator: "/")
      + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    return address.contains { "$?&".contains($0) } ? "\"\(address)\"" : address
  }
}
