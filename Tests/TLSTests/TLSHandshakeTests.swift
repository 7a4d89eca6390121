import TLS
import TLSKit
import TestKit
import Testing

/// How conversations begin, and which do not.
@Suite struct TLSHandshakeTests {
  private let identity: TestIdentity
  private let settings: TLSSettings

  init() throws {
    identity = try TestIdentity()
    settings = try identity.settings()
  }

  @Test(arguments: [TLSTestClient.Version.v1_2, .v1_3], [1, 7, Int.max])
  func `hands are shaken however the bytes are cut`(
    version: TLSTestClient.Version, step: Int
  ) throws {
    let client = try TLSTestClient(version...version, authority: identity)
    let pair = try TLSPair(settings, client, step: step)
    pair.settle()
    try #require(pair.isEstablished, "\(pair.client.failure) \(pair.violation as Any)")
    #expect(client.version == (version == .v1_2 ? "TLSv1.2" : "TLSv1.3"))
    client.write(Array("a question".utf8))
    pair.settle()
    #expect(pair.heardByServer == Array("a question".utf8))
    pair.giveClient(try pair.seal([Array("an ".utf8), [], Array("answer".utf8)]))
    #expect(pair.heardByClient == Array("an answer".utf8))
  }

  @Test(arguments: [TLSTestClient.Version.v1_0, .v1_1])
  func `old versions are refused and told so`(version: TLSTestClient.Version) throws {
    let pair = try TLSPair(settings, try TLSTestClient(version...version))
    pair.settle()
    #expect(!pair.isEstablished)
    #expect(pair.violation?.reason == "unsupported protocol")
    #expect(pair.clientEnd == .failed("tlsv1 alert protocol version"))
  }

  /// Without ephemeral keys, without authentication of what is encrypted, without encryption, without a certificate.
  @Test(arguments: [
    "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "eNULL",
    "aNULL",
  ])
  func `old ciphers are refused`(cipher: String) throws {
    let client = try TLSTestClient(.v1_2 ... .v1_2, ciphers: cipher + ":@SECLEVEL=0")
    let pair = try TLSPair(settings, client)
    pair.settle()
    #expect(!pair.isEstablished)
    #expect(pair.violation?.reason == "no shared cipher")
  }

  @Test func `ciphers of TLS 1.2 keep old conversations shut`() throws {
    for cipher in ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"] {
      let pair = try TLSPair(settings, try TLSTestClient(.v1_2 ... .v1_2, ciphers: cipher))
      pair.settle()
      #expect(pair.isEstablished)
      #expect(pair.client.cipher == cipher)
    }
  }

  @Test func `the one protocol is HTTP 1.1`() throws {
    let cases: [([String], String)] = [
      ([], ""), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"),
    ]
    for (offered, agreed) in cases {
      let pair = try TLSPair(settings, try TLSTestClient(protocols: offered))
      pair.settle()
      #expect(pair.isEstablished)
      #expect(pair.client.agreedProtocol == agreed)
    }
    for offered in [["h2"], ["http/1.0", "h3"], ["http/1.11"], ["HTTP/1.1"]] {
      let pair = try TLSPair(settings, try TLSTestClient(protocols: offered))
      pair.settle()
      #expect(!pair.isEstablished)
      #expect(pair.clientEnd == .failed("tlsv1 alert no application protocol"), "\(offered)")
    }
  }

  @Test func `the whole chain is shown, and clients believe it`() throws {
    let root = try TestIdentity("root.test", isAuthority: true)
    let middle = try TestIdentity("middle.test", by: root, isAuthority: true)
    let leaf = try TestIdentity(by: middle)
    let whole = try TLSSettings(certificates: leaf.certificate + middle.certificate, key: leaf.key)
    let pair = try TLSPair(whole, try TLSTestClient(authority: root))
    pair.settle()
    #expect(pair.isEstablished, "\(pair.client.failure)")
    #expect(pair.client.chainCount == 2)

    let cut = try TLSSettings(certificates: leaf.certificate, key: leaf.key)
    let doubting = try TLSPair(cut, try TLSTestClient(authority: root))
    doubting.settle()
    #expect(doubting.clientEnd == .failed("certificate verify failed"))
    #expect(doubting.violation?.reason == "tlsv1 alert unknown ca")
  }

  @Test(arguments: [TLSTestClient.Version.v1_2, .v1_3])
  func `a ticket takes a session up, but not with other settings`(
    version: TLSTestClient.Version
  ) throws {
    let first = try TLSPair(settings, try TLSTestClient(version...version))
    first.settle()
    let session = try #require(first.client.session)
    #expect(!first.client.wasResumed)
    first.client.finish()

    let second = try TLSPair(settings, try TLSTestClient(version...version, resuming: session))
    second.settle()
    #expect(second.isEstablished)
    #expect(second.client.wasResumed)

    let third = try TLSPair(
      try TestIdentity().settings(), try TLSTestClient(version...version, resuming: session))
    third.settle()
    #expect(third.isEstablished)
    #expect(!third.client.wasResumed)
  }

  @Test func `text is recognised by its first byte and given back`() throws {
    for text in ["GET / HTTP/1.1\r\n\r\n", "\r\n\r\nGET /", "get", "PRI * HTTP/2.0"] {
      let pair = try TLSPair(settings, try TLSTestClient())
      pair.giveServer(Array(text.utf8))
      #expect(pair.progress == .plain)
      #expect(pair.violation == nil)
      #expect(pair.takeArrived() == Array(text.utf8))
      #expect(pair.takeOutput().isEmpty)
    }
  }

  @Test func `nothing can be said before hands are shaken`() throws {
    let pair = try TLSPair(settings, try TLSTestClient())
    #expect(throws: TLSViolation.self) { try pair.seal([[1]]) }
    pair.finish()
    #expect(pair.takeOutput().isEmpty)
  }

  @Test func `whoever cuts a handshake off at any byte leaves it waiting`() throws {
    let pair = try TLSPair(settings, try TLSTestClient(), step: 1)
    _ = pair.client.read()
    let hello = pair.client.takeOutput()
    for byte in hello.dropLast() {
      pair.giveServer([byte])
      #expect(pair.progress == .waiting)
      #expect(pair.takeOutput().isEmpty)
    }
    pair.giveServer(hello.suffix(1))
    #expect(!pair.takeOutput().isEmpty)
    #expect(pair.violation == nil)
  }

  @Test(arguments: [TLSTestClient.Version.v1_2, .v1_3])
  func `a flipped bit of a hello is refused or harmless`(version: TLSTestClient.Version) throws {
    var random = SeededGenerator(seed: 18)
    let sample = try TLSTestClient(version...version)
    _ = sample.read()
    for place in sample.takeOutput().indices {
      let pair = try TLSPair(settings, try TLSTestClient(version...version))
      _ = pair.client.read()
      var hello = pair.client.takeOutput()
      guard hello.indices.contains(place) else { continue }
      hello[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      pair.giveServer(hello)
      pair.giveClient(pair.takeOutput())
      pair.settle()
      // Both sign all that was said, so nobody takes a changed hello for the one that was sent; the minor version in the
      // head of its record is no part of it, and ignored (RFC 8446, section 5.1).
      #expect(!pair.isEstablished || place == 2, "byte \(place)")
      #expect(pair.heardByServer.isEmpty && pair.heardByClient.isEmpty)
    }
  }

  @Test
  func `garbage in place of a handshake is refused, and never more than an alert is answered`()
    throws
  {
    var random = SeededGenerator(seed: 19)
    for round in 0..<2000 {
      let pair = try TLSPair(
        settings, try TLSTestClient(), step: round.isMultiple(of: 2) ? .max : 3)
      var bytes = random.bytes(Int.random(in: 1...600, using: &random))
      // Half of it with a head that is right, so that what is inside is read.
      if round % 4 < 2, bytes.count > 9 {
        let rest = bytes.count - 5
        bytes.replaceSubrange(0..<5, with: [0x16, 3, 1, UInt8(rest >> 8), UInt8(rest & 0xff)])
        bytes.replaceSubrange(
          5..<9, with: [1, 0, UInt8((rest - 4) >> 8), UInt8((rest - 4) & 0xff)])
      }
      pair.giveServer(bytes)
      #expect(pair.heardByServer.isEmpty)
      #expect(!pair.isServerEstablished)
      #expect(pair.takeOutput().count <= 7)
    }
  }
}
