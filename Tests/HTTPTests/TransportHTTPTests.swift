@testable import HTTP
import Compression
import HTTPTypes
import Sockets
import TestKit
import StreamKit
import Testing
import Wire

/// The transport over real loopback sockets.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct TransportHTTPTests {
  @Test func `requests on one connection are answered in order, also when they come at once`()
    async throws
  {
    let kit = try await TransportKit([TransportKit.hello, TransportKit.echo])
    let client = try kit.client()
    let hello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
    await client.send(hello)
    #expect(await client.receive(through: "hello").hasPrefix("HTTP/1.1 200 OK\r\n"))
    await client.send(
      hello + "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
        + "GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    let rest = String(decoding: try #require(await client.receiveAll()), as: UTF8.self)
    let statuses = rest.split(separator: "\r\n").filter { $0.contains("HTTP/1.1 ") }
    #expect(statuses.count == 3)
    #expect(rest.contains("\r\n\r\nhelloHTTP/1.1 200 OK"))
    #expect(rest.contains("\r\n\r\nabcHTTP/1.1 404 Not Found"))
  }

  @Test func `a long pipeline of small requests is answered whole`() async throws {
    let kit = try await TransportKit([TransportKit.hello])
    let client = try kit.client()
    let count = 3000
    let requests = String(repeating: "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", count: count)
    async let isSent = client.send(
      requests + "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    let text = String(decoding: try #require(await client.receiveAll()), as: UTF8.self)
    #expect(text.split(separator: "HTTP/1.1 404 Not Found\r\n").count == count + 1)
    #expect(await isSent)
  }

  @Test func `a pipeline of answers larger than the outbox loses no byte`() async throws {
    let body = [UInt8](repeating: 0x61, count: 700)
    let kit = try await TransportKit([Route(.get, "/body") { _ in .full(body: body) }]) {
      $0.connection.outbox = 2000
    }
    let client = try kit.client(receiveBuffer: 4096)
    let count = 1000
    let request = "GET /body HTTP/1.1\r\nHost: a\r\n\r\n"
    let last = "GET /body HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async let isSent = client.send(String(repeating: request, count: count) + last)
    try await Task.sleep(for: .milliseconds(100))
    let bytes = try #require(await client.receiveAll())
    #expect(bytes.count { $0 == 0x61 } >= 700 * (count + 1))
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.split(separator: "HTTP/1.1 200 OK\r\n").allSatisfy { $0.hasSuffix("aaaaaaa") })
    #expect(await isSent)
  }

  @Test func `what is not there, or not so, is said in JSON with the request's id`() async throws {
    let kit = try await TransportKit([TransportKit.hello])
    let missing = try await kit.exchange("GET /nothing%20here")
    #expect(missing.status == "HTTP/1.1 404 Not Found")
    let id = try #require(missing["X-Request-Id"])
    let expected =
      #"{"error":"Nothing is at /nothing here","code":"not_found","details":{},"#
      + #""request_id":"\#(id)"}"#
    #expect(missing.text == expected)
    let wrong = try await kit.exchange("POST /hello", ["Content-Length: 0"])
    #expect(wrong.status == "HTTP/1.1 405 Method Not Allowed")
    #expect(wrong["Allow"] == "GET, HEAD, OPTIONS")
  }

  @Test func `HEAD gets the head of GET`() async throws {
    let kit = try await TransportKit([TransportKit.hello])
    let response = try await kit.exchange("HEAD /hello")
    #expect(response.status == "HTTP/1.1 200 OK")
    #expect(response["Content-Length"] == "5")
    #expect(response.body == [])
  }

  @Test func `a broken request is answered with its status and the connection closed`()
    async throws
  {
    let kit = try await TransportKit([TransportKit.hello])
    let client = try kit.client()
    await client.send("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /hello HTTP/1.1\r\n")
    let response = TestResponse(try #require(await client.receiveAll()))
    #expect(response.status == "HTTP/1.1 400 Bad Request")
    #expect(response["Connection"] == "close")
    #expect(response.text.contains(#""rule":"repeatedHost""#))
  }

  @Test func `a body beyond the limit is refused while it is still being sent`() async throws {
    let kit = try await TransportKit([TransportKit.echo]) { $0.http.body = 1000 }
    let client = try kit.client()
    await client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in 0..<100 { await client.send("400\r\n" + String(repeating: "x", count: 1024) + "\r\n") }
    let response = TestResponse(try #require(await client.receiveAll()))
    #expect(response.status == "HTTP/1.1 413 Content Too Large")
  }

  @Test func `a peer that asks first is told to go on, or not`() async throws {
    let kit = try await TransportKit([TransportKit.echo])
    let client = try kit.client()
    await client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    #expect(await client.receive(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
    await client.send("ok")
    #expect(await client.receive(through: "\r\n\r\nok").hasPrefix("HTTP/1.1 200 OK"))
    await client.send(
      "POST /no HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    let refusal = TestResponse(try #require(await client.receiveAll()))
    #expect(refusal.status == "HTTP/1.1 404 Not Found")
  }

  // MARK: Codings

  @Test func `a compressed request is read, a bomb and an unknown coding are refused`()
    async throws
  {
    let kit = try await TransportKit([TransportKit.echo]) { $0.inflatedBody = 5000 }
    let text = Array(String(repeating: "again and ", count: 200).utf8)
    for (name, format) in [("gzip", DeflateFormat.gzip), ("deflate", .zlib), ("x-gzip", .gzip)] {
      let packed = try Deflater(DeflateSettings(format)).compress(text)
      let response = try await kit.exchange(
        "POST /echo", ["Content-Encoding: \(name)", "Content-Length: \(packed.count)"],
        body: packed)
      #expect(response.body == text)
    }
    let bomb = try Deflater(DeflateSettings(.gzip)).compress([UInt8](repeating: 0, count: 1 << 20))
    let refused = try await kit.exchange(
      "POST /echo", ["Content-Encoding: gzip", "Content-Length: \(bomb.count)"], body: bomb)
    #expect(refused.status == "HTTP/1.1 413 Content Too Large")
    let unknown = try await kit.exchange(
      "POST /echo", ["Content-Encoding: br", "Content-Length: 1"], body: [1])
    #expect(unknown.status == "HTTP/1.1 415 Unsupported Media Type")
    #expect(unknown["Accept-Encoding"] == "gzip, deflate")
    let damaged = try await kit.exchange(
      "POST /echo", ["Content-Encoding: gzip", "Content-Length: 1"], body: [1])
    #expect(damaged.status == "HTTP/1.1 400 Bad Request")
  }

  @Test func `a large answer is compressed when that is asked for, a small one is not`()
    async throws
  {
    let json = Array(("[" + String(repeating: "1.25,", count: 2000) + "0]").utf8)
    let kit = try await TransportKit([
      TransportKit.hello, Route(.get, "/json") { _ in .json(json) },
    ])
    let plain = try await kit.exchange("GET /json")
    #expect(plain.body == json)
    #expect(plain["Vary"] == "Accept-Encoding")
    let packed = try await kit.exchange("GET /json", ["Accept-Encoding: br, gzip;q=0.5"])
    #expect(packed["Content-Encoding"] == "gzip")
    #expect(packed.body.count < json.count / 10)
    #expect(try Inflater(.gzip).expand(packed.body, limit: 1 << 20) == json)
    let refused = try await kit.exchange("GET /json", ["Accept-Encoding: gzip;q=0, *;q=0"])
    #expect(refused.body == json)
    let small = try await kit.exchange("GET /hello", ["Accept-Encoding: gzip"])
    #expect(small.text == "hello")
  }

  // MARK: Peers that go, stay and stall

  @Test(arguments: ["close", "reset"])
  func `a handler is cancelled as soon as its peer goes`(how: String) async throws {
    let log = SignalLog()
    let kit = try await TransportKit([
      Route(.get, "/slow") { _ in
        log.note("began")
        try? await Task.sleep(for: .seconds(600))
        log.note(Task.isCancelled ? "cancelled" : "slept")
        return .empty(.noContent)
      }
    ])
    var client: LoopbackClient? = try kit.client()
    await client?.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(await eventually { log.all == ["began"] })
    if how == "reset" { client?.resetWhenReleased() }
    client = nil
    #expect(await eventually { log.all == ["began", "cancelled"] })
    #expect(await eventually { kit.server.connectionCount == 0 })
  }

  @Test func `a peer that only finished speaking gets its answer, however late`() async throws {
    let door = Door()
    let kit = try await TransportKit([
      Route(.get, "/slow") { _ in
        await door.pass()
        return .full(body: Array((Task.isCancelled ? "cancelled" : "done").utf8))
      }
    ])
    let client = try kit.client()
    await client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    client.finishSending()
    let probe = "HTTP/1.1 102 Processing\r\n\r\n"
    #expect(await client.receive(through: "\r\n\r\n") == probe)
    door.open()
    let text = String(decoding: try #require(await client.receiveAll()), as: UTF8.self)
    #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(text.hasSuffix("done"))
  }

  /// Where only one deadline is near, a busy machine can't miss another.
  private func kit(
    near deadline: any (WritableKeyPath<TransportLimits, Duration> & Sendable)
  ) async throws -> TransportKit {
    try await TransportKit([TransportKit.hello, TransportKit.echo]) { limits in
      limits[keyPath: deadline] = .milliseconds(150)
      limits.drainDeadline = .milliseconds(50)
    }
  }

  @Test func `slow heads are not waited for`() async throws {
    let kit = try await kit(near: \.headDeadline)
    let silent = try kit.client()
    #expect(await silent.receiveAll() == [])
    let half = try kit.client()
    await half.send("GET /he")
    #expect(await half.receiveAll() == [])
  }

  @Test func `a slow body is refused`() async throws {
    let kit = try await kit(near: \.bodyDeadline)
    let stalled = try kit.client()
    await stalled.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    let refusal = TestResponse(try #require(await stalled.receiveAll()))
    #expect(refusal.status == "HTTP/1.1 408 Request Timeout")
  }

  @Test func `an idle connection is closed in time`() async throws {
    let kit = try await kit(near: \.idleDeadline)
    let idle = try kit.client()
    await idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(
      String(decoding: try #require(await idle.receiveAll()), as: UTF8.self).hasSuffix("hello"))
  }

  @Test
  func `a large answer to a slow reader arrives whole, to one that never reads it is given up`()
    async throws
  {
    let large = [UInt8](repeating: 7, count: 4 << 20)
    let route = Route(.get, "/large") { _ in .full(body: large) }
    let kit = try await TransportKit([route])
    let slow = try kit.client(receiveBuffer: 8192)
    await slow.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    _ = await slow.receive(through: "\r\n\r\n")
    var received = 0
    while let piece = await slow.receive(atMost: 32_768), !piece.isEmpty { received += piece.count }
    #expect(received == large.count)
    let log = SignalLog()
    let noted = Route(.get, "/large") { _ in
      log.note("asked")
      return .full(body: large)
    }
    let strict = try await TransportKit([noted]) { $0.writeDeadline = .milliseconds(300) }
    let stuck = try strict.client(receiveBuffer: 8192)
    await stuck.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(await eventually { log.all == ["asked"] })
    #expect(await eventually { strict.server.connectionCount == 0 })
  }

  @Test func `more connections than allowed wait their turn`() async throws {
    let kit = try await TransportKit([TransportKit.hello]) { $0.connections = 2 }
    var first: LoopbackClient? = try kit.client()
    let second = try kit.client()
    #expect(await eventually { kit.server.connectionCount == 2 })
    #expect(first != nil)
    let third = try kit.client()
    await third.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
    try await Task.sleep(for: .milliseconds(50))
    #expect(kit.server.connectionCount == 2)
    first = nil
    #expect(await third.receive(through: "hello").hasPrefix("HTTP/1.1 200 OK"))
    _ = second
  }

  @Test func `draining finishes what is under way and refuses what is new`() async throws {
    let log = SignalLog()
    let kit = try await TransportKit([
      Route(.get, "/slow") { _ in
        log.note("begun")
        try? await Task.sleep(for: .milliseconds(300))
        return .full(body: Array("done".utf8))
      }
    ])
    var busy: LoopbackClient? = try kit.client()
    await busy?.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(await eventually { log.all == ["begun"] })
    var idle: LoopbackClient? = try kit.client()
    #expect(await eventually { kit.server.connectionCount == 2 })
    async let drained: Void = kit.server.drain(within: .seconds(3600))
    #expect(await idle?.receiveAll() == [])
    let text = String(decoding: try #require(await busy?.receiveAll()), as: UTF8.self)
    #expect(text.hasSuffix("done"))
    (idle, busy) = (nil, nil)
    await drained
    #expect(kit.server.connectionCount == 0)
    #expect(LoopbackClient(port: kit.port) == nil)
  }

  @Test func `draining cuts off, after its limit, what does not finish`() async throws {
    let log = SignalLog()
    let kit = try await TransportKit([
      Route(.get, "/never") { _ in
        log.note("begun")
        try? await Task.sleep(for: .seconds(3600))
        return .empty(.noContent)
      }
    ])
    let client = try kit.client()
    await client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(await eventually { log.all == ["begun"] })
    await kit.server.drain(within: .milliseconds(100))
    #expect(kit.server.connectionCount == 0)
    #expect(await client.receiveAll() == [])
  }
}
