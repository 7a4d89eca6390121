@testable import HTTP
import Streams
import HTTPTypes
import StreamKit
import TestKit
import Testing

@testable import API

/// Viewers that take nothing, when too much waits for all of them together.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ViewerLedgerTests {
  @Test func `peers that never read are sent away, the run and its other viewers are not`()
    async throws
  {
    var run = TopicKit(ring: 64 << 20, lag: 64 << 20)
    let topic = run.topic
    let limit = 256 << 10
    let kit = try await TransportKit([
      Route(.get, "/events") { _ in
        .events(.source(TopicBody(topic.subscribe(), tensors: .base64)), heartbeat: nil)
      }
    ]) { $0.outboxes = limit }
    let reader = try kit.client()
    await reader.send("GET /events HTTP/1.0\r\nHost: a\r\n\r\n")
    let deaf = try (0..<20).map { _ in try kit.client(receiveBuffer: 4096) }
    for client in deaf { await client.send("GET /events HTTP/1.0\r\nHost: a\r\n\r\n") }
    #expect(await eventually { topic.viewerCount == 21 })
    async let whole = reader.receiveAll()
    // Enough to fill what the kernel holds for each, and all outboxes.
    for _ in 0..<100 { run.frame(bytes: 8000) }
    #expect(await eventually { kit.server.waitingByteCount > limit / 2 })
    #expect(await eventually { kit.server.waitingByteCount < 2 * limit })
    let isRelieved = await eventually {
      run.frame(bytes: 8000)
      return topic.viewerCount < 21 && kit.server.waitingByteCount <= limit
    }
    #expect(isRelieved)
    run.finish()
    let text = String(decoding: try #require(await whole), as: UTF8.self)
    #expect(!text.contains("event: gap"))
    #expect(text.split(separator: "event: activation").count - 1 == Int(topic.nextSequence))
  }
}
