import HTTPTypes
import TestKit
import Testing

@testable import Wire

@Suite struct WebSocketHandshakeTests {
  let asked: HTTPFields = [
    .secWebSocketKey: "dGhlIHNhbXBsZSBub25jZQ==", .secWebSocketVersion: "13",
  ]

  func head(
    _ fields: HTTPFields, method: HTTPRequest.Method = .get, upgrades: [String] = ["WebSocket"]
  )
    -> RequestHead
  {
    RequestHead(
      method: method, target: RequestTarget(raw: "/", segments: []), fields: fields,
      upgrades: upgrades)
  }

  @Test func `the standard's key gives the standard's answer`() throws {
    let handshake = try WebSocketHandshake(head(asked))
    #expect(handshake.fields[.secWebSocketAccept] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    #expect(handshake.fields[.upgrade] == "websocket")
    #expect(handshake.subprotocol == nil)
    #expect(!handshake.fields.contains(.secWebSocketProtocol))
    #expect(handshake.deflate == nil)
  }

  @Test func `only a subprotocol that was offered is chosen`() throws {
    var fields = asked
    fields[.secWebSocketProtocol] = "other, neuroscope.v1"
    fields[.origin] = "https://example.org"
    let ours = try WebSocketHandshake(head(fields), subprotocols: ["neuroscope.v1"])
    #expect(ours.subprotocol == "neuroscope.v1")
    #expect(ours.fields[.secWebSocketProtocol] == "neuroscope.v1")
    #expect(ours.origin == "https://example.org")
    fields[.secWebSocketProtocol] = "nonsense.v9"
    #expect(
      try WebSocketHandshake(head(fields), subprotocols: ["neuroscope.v1"]).subprotocol == nil)
  }

  @Test func `what is missing or wrong is refused for its own reason`() {
    func refusal(_ head: RequestHead) -> WebSocketHandshake.Fault? {
      do throws(WebSocketHandshake.Fault) {
        _ = try WebSocketHandshake(head)
        return nil
      } catch { return error }
    }
    func without(_ name: HTTPField.Name, _ value: String? = nil) -> HTTPFields {
      var fields = asked
      fields[name] = value
      return fields
    }
    var twice = asked
    twice.append(HTTPField(name: .secWebSocketKey, value: "dGhlIHNhbXBsZSBub25jZQ=="))
    #expect(refusal(head(asked, upgrades: [])) == .notAsked)
    #expect(refusal(head(asked, upgrades: ["h2c"])) == .notAsked)
    #expect(refusal(head(asked, method: .post)) == .method)
    #expect(refusal(head(without(.secWebSocketVersion))) == .version)
    #expect(refusal(head(without(.secWebSocketVersion, "12"))) == .version)
    #expect(refusal(head(without(.secWebSocketKey))) == .key)
    #expect(refusal(head(without(.secWebSocketKey, "abc"))) == .key)
    #expect(refusal(head(twice)) == .key)
    #expect(WebSocketHandshake.Fault.version.fields[.secWebSocketVersion] == "13")
    #expect(WebSocketHandshake.Fault.allCases.map(\.status.code) == [426, 405, 426, 400])
  }

  @Test(arguments: [
    ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
    (String(repeating: "a", count: 1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    (
      String(repeating: "01234567", count: 80),
      "dea356a2cddd90c7a7ecedc5ebb563934f460452"
    ),
  ])
  func `SHA-1 meets the standard's vectors`(message: String, digest: String) {
    #expect(hex(SHA1.digest(Array(message.utf8))) == digest)
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func `base64 meets the standard's vectors`(plain: String, encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == Array(encoded.utf8))
    #expect(Base64.decode(encoded.utf8) == Array(plain.utf8))
  }

  @Test(arguments: ["Z", "Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zm9v=", "Zm 9", "Zg==Zg=="])
  func `what is not base64 is refused`(text: String) {
    #expect(Base64.decode(text.utf8) == nil)
  }
}
