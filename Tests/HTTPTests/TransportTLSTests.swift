@testable import HTTP
import Foundation
import HTTPTypes
import Sockets
import StreamKit
import TLSKit
import TestKit
import Testing

/// HTTP, streams and WebSockets through TLS, over real sockets.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct TransportTLSTests {
  /// A server that speaks TLS, and the files of its certificate.
  private struct Secured {
    let kit: TransportKit
    let certificate: ServerCertificate
    let files: CertificateFiles

    init(
      _ routes: [Route], identity: TestIdentity? = nil, log: LogLines? = nil,
      access: AccessRules = AccessRules(hosts: .any),
      adjust: (inout TransportLimits) -> Void = { _ in }
    ) async throws {
      files = try CertificateFiles(try identity ?? TestIdentity())
      certificate = try ServerCertificate(certificate: files.certificate, key: files.key)
      kit = try await TransportKit(
        routes, access: access, certificate: certificate, log: log, adjust: adjust)
    }

    func client(_ tls: TLSTestClient? = nil) async throws -> TLSLoopback {
      let link = await TLSLoopback(try kit.client(), try tls ?? TLSTestClient())
      try #require(link.tls.isEstablished, "\(link.tls.failure)")
      return link
    }

    /// One request on a connection of its own: its answer, and how the conversation ended.
    func exchange(
      _ head: String, body: [UInt8] = []
    ) async throws -> (answer: TestResponse, end: TLSTestClient.Reading?) {
      let link = try await client()
      let lines = head + "\r\nHost: localhost\r\nConnection: close\r\n\r\n"
      await link.send(Array(lines.utf8) + body)
      let (said, end) = await link.receiveAll()
      return (TestResponse(said), end)
    }
  }

  private static let secure = Route(.get, "/secure") { request in
    .full(body: Array("\(request.isSecure)".utf8))
  }

  @Test(arguments: [TLSTestClient.Version.v1_2, .v1_3])
  func `requests are answered one after the other, and the end is said`(
    version: TLSTestClient.Version
  ) async throws {
    let identity = try TestIdentity()
    let secured = try await Secured(
      [TransportKit.hello, TransportKit.echo, Self.secure], identity: identity)
    let link = try await secured.client(
      TLSTestClient(version...version, protocols: ["h2", "http/1.1"], authority: identity))
    #expect(link.tls.agreedProtocol == "http/1.1")
    for _ in 0..<3 {
      await link.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(await link.receive(through: "hello").hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
    await link.send("GET /secure HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    let (said, end) = await link.receiveAll()
    #expect(TestResponse(said).text == "true")
    #expect(end == .closed)
    link.client.close()
    #expect(await eventually { secured.kit.server.connectionCount == 0 })
  }

  @Test func `large bodies arrive as they were, both ways`() async throws {
    let secured = try await Secured([TransportKit.echo])
    var random = SeededGenerator(seed: 5)
    let body = random.bytes(400_000)
    let (answer, end) = try await secured.exchange(
      "POST /echo HTTP/1.1\r\nContent-Length: \(body.count)", body: body)
    #expect(answer.body == body)
    #expect(end == .closed)
  }

  @Test func `a stream grows as it does in plain text`() async throws {
    let door = Door()
    let stream = Route(.get, "/stream") { _ in
      .events(
        .writing { writer in
          for number in 0..<3 { try await writer.write(Array("data: \(number)\n\n".utf8)) }
          await door.pass()
          try await writer.write(Array("data: last\n\n".utf8))
        })
    }
    let secured = try await Secured([stream])
    let link = try await secured.client()
    await link.send("GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n")
    // It is here before the stream goes on.
    #expect(await link.receive(through: "data: 2\n\n").contains("data: 0\n\n"))
    door.open()
    let (said, end) = await link.receiveAll()
    #expect(String(decoding: said, as: UTF8.self) == "data: last\n\n")
    // A body without a length ends with the conversation: that it is whole, close_notify says.
    #expect(end == .closed)
  }

  @Test func `a stream that is given up ends without close_notify`() async throws {
    struct Lost: Error {}
    let stream = Route(.get, "/stream") { _ in
      .events(
        .writing { writer in
          try await writer.write(Array("data: first\n\n".utf8))
          throw Lost()
        })
    }
    let secured = try await Secured([stream])
    let link = try await secured.client()
    await link.send("GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n")
    let (_, end) = await link.receiveAll()
    #expect(end == nil)
  }

  @Test func `a WebSocket opens, answers and says goodbye`() async throws {
    let socket = Route(.get, "/socket") { _ in
      .webSocket(
        WebSocketUpgrade { peer in
          WebSocketUpgrade.Session(
            received: { message in
              if case .text(let text) = message { await peer.send(text: "heard " + text) }
            }, closed: { _ in })
        })
    }
    let secured = try await Secured([socket])
    let link = try await secured.client()
    await link.send(
      "GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    #expect(await link.receive(through: "\r\n\r\n").contains(" 101 "))
    await link.send(
      WebSocketTestClient.frame(9, [7]) + WebSocketTestClient.frame(1, Array("you".utf8))
        + WebSocketTestClient.frame(8, [3, 0xe8]))
    let (said, end) = await link.receiveAll()
    let expected: [UInt8] = [0x8a, 1, 7, 0x81, 9] + Array("heard you".utf8) + [0x88, 2, 3, 0xe8]
    #expect(said == expected)
    #expect(end == .closed)
  }

  @Test func `plain text where TLS is spoken is answered in plain text`() async throws {
    let log = LogLines()
    let secured = try await Secured([TransportKit.hello, TransportKit.echo], log: log)
    for line in ["GET /hello", "POST /echo", "GET /nothing"] {
      let answer = try await secured.kit.exchange(line, ["Content-Length: 3"], body: [1, 2, 3])
      #expect(answer.status == "HTTP/1.1 400 Bad Request")
      #expect(answer.text.contains("\"code\":\"tls_required\"") && answer.text.contains("https://"))
    }
    #expect(log.lines.contains { $0.contains("a peer speaks no TLS where TLS is spoken") })
    #expect(await eventually { secured.kit.server.connectionCount == 0 })
  }

  @Test func `TLS where plain text is spoken gets the reason`() async throws {
    let kit = try await TransportKit([TransportKit.hello])
    let client = try kit.client()
    let tls = try TLSTestClient()
    _ = tls.read()
    await client.send(tls.takeOutput())
    let answer = TestResponse(try #require(await client.receiveAll()))
    #expect(answer.status == "HTTP/1.1 400 Bad Request")
    #expect(answer.text.contains("\"code\":\"plain_http\"") && answer.text.contains("http://"))
  }

  @Test func `a handshake that fails is told, logged and closed`() async throws {
    let log = LogLines()
    let secured = try await Secured([TransportKit.hello], log: log)
    let old = await TLSLoopback(
      try secured.kit.client(), try TLSTestClient(.v1_0 ... .v1_1))
    #expect(!old.tls.isEstablished)
    #expect(old.tls.failure == "tlsv1 alert protocol version")
    let garbage = try secured.kit.client()
    await garbage.send([0, 1, 2, 3, 4, 5, 6, 7])
    #expect(await garbage.receiveAll() != nil)
    #expect(log.lines.count { $0.contains("closed: TLS failed") } == 2)
    old.client.close()
    garbage.close()
    #expect(await eventually { secured.kit.server.connectionCount == 0 })
  }

  @Test func `who does not finish a handshake is not waited for`() async throws {
    let secured = try await Secured([TransportKit.hello]) {
      $0.headDeadline = .milliseconds(50)
      $0.drainDeadline = .milliseconds(50)
    }
    let hello = try TLSTestClient()
    _ = hello.read()
    let bytes = hello.takeOutput()
    for count in [0, 1, bytes.count / 2, bytes.count] {
      let client = try secured.kit.client()
      await client.send(Array(bytes.prefix(count)))
      _ = await client.receiveAll()
      #expect(await eventually { secured.kit.server.connectionCount == 0 })
    }
  }

  @Test func `aborted handshakes leave nothing behind`() async throws {
    let secured = try await Secured([TransportKit.hello])
    let hello = try TLSTestClient()
    _ = hello.read()
    let bytes = hello.takeOutput()
    for number in 0..<200 {
      let client = try secured.kit.client()
      if number % 3 == 0 { client.resetWhenReleased() }
      await client.send(Array(bytes.prefix(number * 3)))
    }
    #expect(await eventually { secured.kit.server.connectionCount == 0 })
    #expect(secured.kit.server.waitingByteCount == 0)
    #expect(try await secured.exchange("GET /hello HTTP/1.1").answer.text == "hello")
  }

  @Test func `a peer that says close_notify still gets its answer`() async throws {
    let door = Door()
    let slow = Route(.get, "/slow") { _ in
      await door.pass()
      return .full(body: Array("late".utf8))
    }
    let secured = try await Secured([slow])
    let link = try await secured.client()
    link.tls.write(Array("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
    link.tls.finish()
    await link.client.send(link.tls.takeOutput())
    door.open()
    let (said, end) = await link.receiveAll()
    // An interim answer may have asked whether the peer still listens.
    #expect(String(decoding: said, as: UTF8.self).hasSuffix("\r\n\r\nlate"))
    #expect(end == .closed)
  }

  @Test func `a peer that is cut off is gone, and its handler is told`() async throws {
    let log = SignalLog()
    let door = Door()
    let slow = Route(.get, "/slow") { _ in
      log.note("begun")
      await withTaskCancellationHandler {
        await door.pass()
      } onCancel: {
        log.note("cancelled")
        door.open()
      }
      return .full()
    }
    let secured = try await Secured([slow])
    let link = try await secured.client()
    await link.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(await eventually { log.all == ["begun"] })
    link.client.finishSending()
    #expect(await eventually { log.all == ["begun", "cancelled"] })
    #expect(await eventually { secured.kit.server.connectionCount == 0 })
  }

  @Test func `a body that is cut off is not taken for whole`() async throws {
    let secured = try await Secured([TransportKit.echo])
    let link = try await secured.client()
    await link.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
    link.client.finishSending()
    let (said, _) = await link.receiveAll()
    #expect(TestResponse(said).text.contains("truncatedMessage"))
  }

  @Test func `a changed record ends the connection`() async throws {
    let secured = try await Secured([TransportKit.hello])
    let link = try await secured.client()
    link.tls.write(Array("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
    var record = link.tls.takeOutput()
    record[10] ^= 1
    await link.client.send(record)
    let (said, end) = await link.receiveAll()
    #expect(said.isEmpty)
    guard case .failed? = end else {
      Issue.record("\(end as Any)")
      return
    }
  }

  @Test func `a slow reader makes no more wait than in plain text`() async throws {
    let writes = SignalLog()
    let flood = Route(.get, "/flood") { _ in
      .events(
        .writing { writer in
          for _ in 0..<200 {
            try await writer.write([UInt8](repeating: 0x61, count: 16_384))
            writes.note("16 KiB")
          }
        })
    }
    let secured = try await Secured([flood])
    let client = try secured.kit.client(receiveBuffer: 4096)
    let link = await TLSLoopback(client, try TLSTestClient())
    await link.send("GET /flood HTTP/1.0\r\nHost: localhost\r\n\r\n")
    #expect(await eventually { secured.kit.server.waitingByteCount > 0 })
    let limits = TransportLimits()
    // What may be pulled ahead, one pull more, and what TLS puts around each record.
    #expect(secured.kit.server.waitingByteCount < 3 * limits.readAhead)
    #expect(writes.all.count < 60)
    let (said, end) = await link.receiveAll()
    #expect(said.count > 200 * 16_384)
    #expect(said.suffix(200 * 16_384) == [UInt8](repeating: 0x61, count: 200 * 16_384)[...])
    #expect(end == .closed)
  }

  @Test func `pages without TLS are not the server's own`() async throws {
    let secured = try await Secured(
      [TransportKit.echo], access: AccessRules(hosts: HostNames(allowed: ["lab.example"])))
    func post(_ origin: String) async throws -> String {
      let link = try await secured.client()
      await link.send(
        "POST /echo HTTP/1.1\r\nHost: lab.example\r\nOrigin: \(origin)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
      )
      return TestResponse(await link.receiveAll().said).status
    }
    #expect(try await post("https://lab.example") == "HTTP/1.1 200 OK")
    #expect(try await post("http://lab.example") == "HTTP/1.1 403 Forbidden")
    #expect(try await post("https://evil.example") == "HTTP/1.1 403 Forbidden")
  }

  // MARK: Reading again

  @Test func `a new certificate is shown to whoever comes, and nobody is sent away`() async throws {
    let (first, second) = (try TestIdentity(), try TestIdentity())
    let door = Door()
    let stream = Route(.get, "/stream") { _ in
      .events(
        .writing { writer in
          try await writer.write(Array("data: before\n\n".utf8))
          await door.pass()
          try await writer.write(Array("data: after\n\n".utf8))
        })
    }
    let secured = try await Secured([stream, TransportKit.hello], identity: first)
    let running = try await secured.client(TLSTestClient(authority: first))
    await running.send("GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n")
    _ = await running.receive(through: "before\n\n")

    try secured.files.write(second)
    _ = try await secured.client(TLSTestClient(authority: first))
    try secured.certificate.reload()
    _ = try await secured.client(TLSTestClient(authority: second))
    let doubting = await TLSLoopback(
      try secured.kit.client(), try TLSTestClient(authority: first))
    #expect(doubting.tls.failure == "certificate verify failed")

    try Data("nonsense".utf8).write(to: URL(fileURLWithPath: secured.files.key))
    #expect(throws: CertificateError.self) { try secured.certificate.reload() }
    _ = try await secured.client(TLSTestClient(authority: second))

    door.open()
    let (said, end) = await running.receiveAll()
    #expect(String(decoding: said, as: UTF8.self) == "data: after\n\n")
    #expect(end == .closed)
  }
}
