@testable import Streams
@testable import HTTP
import Foundation
import HTTPTypes
import TestKit
import StreamKit
import Testing

@testable import API

/// Many viewers of one run, good and bad, over both streaming doors.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ViewerCrowdTests {
  private static let steps = 200

  private func transport(_ topic: Topic) async throws -> TransportKit {
    try await TransportKit([
      Route(.get, "/events") { request in
        let id = HTTPField.Name("Last-Event-ID").flatMap { request.fields[$0] }
        let from = id.flatMap { EventID($0) }.map { $0.sequence + 1 }
        let lag = request.query("lag").flatMap { Int($0) }
        let viewer = topic.subscribe(Subscription(from: from ?? 0, lag: lag))
        return .events(.source(TopicBody(viewer, tensors: .base64)), heartbeat: nil)
      },
      Route(.get, "/socket") { _ in
        .webSocket(
          WebSocketUpgrade { peer in
            peer.watch(TopicMessages(topic.subscribe(), tensors: .binary))
            return WebSocketUpgrade.Session(received: { _ in })
          })
      },
    ])
  }

  private func request(_ fields: String = "", query: String = "") -> String {
    "GET /events\(query) HTTP/1.0\r\nHost: a\r\n\(fields)\r\n"
  }

  /// The events of a stream over HTTP/1.0, so without chunks around them.
  private func whole(_ client: LoopbackClient) async -> String {
    let bytes = await client.receiveAll() ?? []
    return TestResponse(bytes).text
  }

  /// Reads a stream in short connections, each cut at a random byte and resumed from its last whole event.
  private func resumed(_ kit: TransportKit, seed: UInt64) async throws -> String {
    var random = SeededGenerator(seed: seed)
    var text = ""
    var last: String?
    while !text.contains("event: run.finished") {
      let client = try kit.client()
      await client.send(request(last.map { "Last-Event-ID: \($0)\r\n" } ?? ""))
      let bytes = await client.receive(exactly: Int.random(in: 200...60_000, using: &random))
      let body = TestResponse(bytes).text
      guard let end = body.range(of: "\n\n", options: .backwards)?.upperBound else { continue }
      text += body[..<end]
      last = text.split(separator: "\n").last { $0.hasPrefix("id: ") }.map {
        String($0.dropFirst(4))
      }
    }
    return text
  }

  /// How many messages a socket gets up to the last event.
  private func count(_ socket: WebSocketTestClient) async -> Int {
    let last = Array(#"{"seq":599,"last":true}"#.utf8)
    var count = 0
    while let (_, payload) = await socket.receive() {
      count += 1
      if payload == last { break }
    }
    return count
  }

  @Test func `healthy and resumed viewers get equal bytes, whatever the blocked ones do`()
    async throws
  {
    var run = TopicKit(ring: 8 << 20, lag: 8 << 20)
    let topic = run.topic
    let kit = try await transport(topic)
    let blocked = try (0..<3).map { _ in try kit.client(receiveBuffer: 4096) }
    for client in blocked { await client.send(request(query: "?lag=65536")) }
    let healthy = try (0..<8).map { _ in try kit.client() }
    for client in healthy { await client.send(request()) }
    var sockets: [WebSocketTestClient] = []
    for _ in 0..<8 { sockets.append(try await WebSocketTestClient(kit)) }
    #expect(await eventually { topic.viewerCount == 19 })

    async let cut = resumed(kit, seed: 5)
    async let streams = withTaskGroup(of: String.self) { group in
      for client in healthy { group.addTask { await whole(client) } }
      return await group.reduce(into: [String]()) { $0.append($1) }
    }
    async let messages = withTaskGroup(of: Int.self) { [sockets] group in
      for socket in sockets {
        group.addTask { await count(socket) }
      }
      return await group.reduce(into: [Int]()) { $0.append($1) }
    }
    for step in 0..<Self.steps {
      run.frame("a", bytes: 3000)
      run.frame("b", bytes: 3000)
      if step < Self.steps - 1 { run.event() }
    }
    run.publisher.publish("run.finished") { Array("{\"seq\":\($0),\"last\":true}".utf8) }
    run.finish()

    let items = topic.pieces().flatMap { $0 }
    let bytes = TopicBatch(items, budget: nil).pieces(as: .events(.base64)).joined()
    let expected = String(decoding: Array(bytes), as: UTF8.self)
    for stream in await streams { #expect(stream == expected) }
    #expect(try await cut == expected)
    // Each of the 400 frames is a text and a binary message, each of the 200 events a text.
    #expect(await messages == [Int](repeating: 1000, count: 8))
    for client in blocked {
      let text = await whole(client)
      #expect(text.contains("event: gap"))
      #expect(text.split(separator: "event: token").count == Self.steps)
      let gaps = text.split(separator: "event: gap\ndata: ", omittingEmptySubsequences: false)
      let missed = gaps.dropFirst()
        .flatMap { $0.prefix { $0 != "\n" }.split(separator: " ") }
        .reduce(0) { $0 + (Int($1.split(separator: "x").last ?? "") ?? 0) }
      let received =
        text.split(separator: "event: activation", omittingEmptySubsequences: false).count - 1
      #expect(missed + received == 2 * Self.steps, "gaps say exactly what is missing")
    }
  }
}
