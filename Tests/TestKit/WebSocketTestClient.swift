/// A WebSocket client made of bytes, so that it can also break every rule.
package struct WebSocketTestClient: Sendable {
  package let client: LoopbackClient
  package let response: TestResponse

  /// Asks for an upgrade of a connection.
  package init(
    _ client: LoopbackClient, _ path: String = "/socket", fields: [String] = []
  ) async {
    self.client = client
    let lines =
      [
        "GET \(path) HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ] + fields
    await client.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
    response = TestResponse(Array(await client.receive(through: "\r\n\r\n").utf8))
  }

  /// A frame as clients send it, masked.
  package static func frame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true) -> [UInt8] {
    let mask: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]
    var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
    switch payload.count {
    case ..<126: bytes.append(0x80 | UInt8(payload.count))
    case ..<65_536: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
    default:
      bytes.append(0x80 | 127)
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
    }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
  }

  package func send(text: String) async { await client.send(Self.frame(1, Array(text.utf8))) }

  package func send(close code: UInt16) async {
    await client.send(Self.frame(8, [UInt8(code >> 8), UInt8(code & 0xff)]))
  }

  /// The next frame of the server: its first byte and its payload; nil at the end.
  package func receive() async -> (first: UInt8, payload: [UInt8])? {
    let head = await client.receive(exactly: 2)
    guard head.count == 2 else { return nil }
    var count = Int(head[1])
    if count >= 126 {
      let bytes = await client.receive(exactly: count == 126 ? 2 : 8)
      count = bytes.reduce(0) { $0 << 8 | Int($1) }
    }
    return (head[0], await client.receive(exactly: count))
  }

  /// The next frame as text: `1:hello`, `2:[1, 2]`, `8:1000`, or `end`.
  package func next() async -> String {
    guard let (first, payload) = await receive() else { return "end" }
    switch first & 0x0f {
    case 1 where first & 0x40 == 0: return "1:" + String(decoding: payload, as: UTF8.self)
    case 8: return "8:\(payload.prefix(2).reduce(0) { $0 << 8 | Int($1) })"
    default: return "\(first & 0x4f):\(payload)"
    }
  }
}
