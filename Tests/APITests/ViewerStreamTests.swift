@testable import Streams
@testable import HTTP
import HTTPTypes
import TestKit
import StreamKit
import Testing

@testable import API

@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ViewerStreamTests {
  /// A route that streams a topic's events; `?lag=` bounds how far behind the viewer may be.
  private func events(_ topic: Topic) -> Route {
    Route(.get, "/events") { request in
      let viewer = topic.subscribe(Subscription(lag: request.query("lag").flatMap { Int($0) }))
      return .events(.source(TopicBody(viewer, tensors: .base64)), heartbeat: nil)
    }
  }

  private let request = "GET /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

  @Test func `a topic streams as it grows, and ends with it`() async throws {
    var kit = TopicKit()
    kit.event("run.started")
    let transport = try await TransportKit([events(kit.topic)])
    let client = try transport.client()
    await client.send(request)
    let head = await client.receive(through: "\r\n\r\n")
    #expect(head.contains("Content-Type: text/event-stream\r\n"))
    #expect(head.contains("Cache-Control: no-store, no-transform\r\n"))
    #expect(head.contains("X-Accel-Buffering: no\r\n"))
    #expect(
      await client.receive(through: "\n\n\r\n")
        == "2c\r\nevent: run.started\nid: e-0\ndata: {\"seq\":0}\n\n\r\n")
    kit.event()
    #expect(await client.receive(through: "\n\n\r\n").contains("event: token\nid: e-1\n"))
    kit.finish()
    #expect(await client.receiveAll().map { String(decoding: $0, as: UTF8.self) } == "0\r\n\r\n")
  }

  @Test(arguments: ["close", "reset"])
  func `the run is told when the last viewer goes`(how: String) async throws {
    var kit = TopicKit()
    let log = kit.signals
    let transport = try await TransportKit([events(kit.topic)])
    var client: LoopbackClient? = try transport.client()
    await client?.send(request)
    kit.event()
    _ = await client?.receive(through: "\n\n")
    if how == "reset" { client?.resetWhenReleased() }
    client = nil
    kit.event()
    #expect(await eventually { log.all == ["left"] })
    #expect(await eventually { transport.server.connectionCount == 0 })
  }

  @Test func `a viewer that never reads costs nothing and misses only frames`() async throws {
    var kit = TopicKit(ring: 4 << 20, lag: 4 << 20)
    let transport = try await TransportKit([events(kit.topic)])
    let stuck = try transport.client(receiveBuffer: 4096)
    let healthy = try transport.client()
    await stuck.send(request.replacing("/events", with: "/events?lag=65536"))
    await healthy.send(request)
    let topic = kit.topic
    #expect(await eventually { topic.viewerCount == 2 })
    async let received = healthy.receiveAll()
    for _ in 0..<400 {
      kit.frame("h", bytes: 3000)
      kit.event()
    }
    kit.finish()
    let whole = String(decoding: try #require(await received), as: UTF8.self)
    #expect(!whole.contains("event: gap"))
    #expect(whole.split(separator: "event: activation").count == 401)
    let rest = String(decoding: try #require(await stuck.receiveAll()), as: UTF8.self)
    #expect(rest.contains("event: gap"))
    #expect(rest.split(separator: "event: token").count == 401)
    #expect(rest.split(separator: "event: activation").count < 401)
  }

  @Test func `a written body is held back to its reader's pace`() async throws {
    let log = SignalLog()
    let transport = try await TransportKit([
      Route(.get, "/written") { _ in
        .stream(
          fields: [.contentType: "application/x-ndjson"],
          body: .writing { writer in
            for line in 0..<1000 {
              try await writer.write([UInt8](repeating: UInt8(line & 0xff), count: 10_000))
              log.note("line")
            }
          })
      }
    ])
    let client = try transport.client(receiveBuffer: 4096)
    await client.send("GET /written HTTP/1.0\r\n\r\n")
    _ = await client.receive(through: "\r\n\r\n")
    try await Task.sleep(for: .milliseconds(100))
    #expect(log.all.count < 200)
    #expect(try #require(await client.receiveAll()).count == 10_000_000)
    #expect(log.all.count == 1000)
  }

  @Test func `a body that cannot be completed is cut, not ended`() async throws {
    struct Fault: Error {}
    let transport = try await TransportKit([
      Route(.get, "/fault") { _ in
        .stream(
          fields: [:],
          body: .writing { writer in
            try await writer.write(Array("begun".utf8))
            throw Fault()
          })
      }
    ])
    let client = try transport.client()
    await client.send("GET /fault HTTP/1.1\r\nHost: a\r\n\r\n")
    let received = String(decoding: await client.receiveAll() ?? [], as: UTF8.self)
    #expect(!received.hasSuffix("0\r\n\r\n"))
  }

  @Test func `the writer's task is cancelled when the reader goes`() async throws {
    let log = SignalLog()
    let transport = try await TransportKit([
      Route(.get, "/written") { _ in
        .events(
          .writing { writer in
            try await writer.write(Array("data: 1\n\n".utf8))
            try? await Task.sleep(for: .seconds(3600))
            log.note(Task.isCancelled ? "cancelled" : "slept")
          }, heartbeat: .rareComments)
      }
    ])
    var client: LoopbackClient? = try transport.client()
    await client?.send("GET /written HTTP/1.1\r\nHost: a\r\n\r\n")
    _ = await client?.receive(through: "\n\n")
    client = nil
    #expect(await eventually { log.all == ["cancelled"] })
  }

  @Test func `a silent stream says that it lives`() async throws {
    let kit = TopicKit()
    let topic = kit.topic
    let transport = try await TransportKit([
      Route(.get, "/events") { _ in
        .events(
          .source(TopicBody(topic.subscribe(), tensors: .none)),
          heartbeat: Heartbeat(bytes: Array(":\n\n".utf8), interval: .milliseconds(60), opens: true)
        )
      }
    ]) { $0.heartbeatFloor = .zero }
    let client = try transport.client()
    await client.send(request)
    _ = await client.receive(through: "\r\n\r\n")
    for _ in 0..<3 { #expect(await client.receive(through: "\n\n\r\n") == "3\r\n:\n\n\r\n") }
    kit.finish()
    #expect(await client.receiveAll() != nil)
  }

  @Test func `HEAD of a stream has no body and leaves the topic at once`() async throws {
    let kit = TopicKit()
    let topic = kit.topic
    let log = kit.signals
    let transport = try await TransportKit([events(topic)])
    let response = try await transport.exchange("HEAD /events")
    #expect(response.status == "HTTP/1.1 200 OK")
    #expect(response.body == [])
    #expect(topic.viewerCount == 0)
    #expect(log.all == ["left"])
    kit.finish()
  }
}
