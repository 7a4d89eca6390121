@testable import Streams
import Compression
import HTTP
import HTTPTypes
import StreamKit
import TestKit
import Testing

@testable import API

/// A topic's viewers over a WebSocket.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ViewerMessageTests {
  /// Watches a topic with whatever the query says.
  private static func watch(_ topic: Topic) -> Route {
    Route(.get, "/socket") { request in
      let tensors =
        request.query("tensors").flatMap(MessageTensors.init(rawValue:)) ?? .binary
      return .webSocket(
        WebSocketUpgrade { peer in
          peer.watch(TopicMessages(topic.subscribe(), tensors: tensors))
          return WebSocketUpgrade.Session(received: { _ in })
        })
    }
  }

  @Test func `a watched topic gives text, and tensors as whole binary frames`() async throws {
    var kit = TopicKit()
    kit.event("run.started")
    kit.frame("h", bytes: 4)
    let transport = try await TransportKit([Self.watch(kit.topic)])
    let binary = try await WebSocketTestClient(transport)
    #expect(await binary.next() == #"1:{"seq":0}"#)
    #expect(await binary.next() == #"1:{"seq":1}"#)
    #expect(await binary.next() == "2:[1, 1, 1, 1]")
    let numbers = try await WebSocketTestClient(transport, "/socket?tensors=json")
    #expect(await numbers.next() == #"1:{"seq":0}"#)
    #expect(await numbers.next() == #"1:{"seq":1,"data":1}"#)
    kit.event()
    for socket in [binary, numbers] { #expect(await socket.next() == #"1:{"seq":2}"#) }
    kit.finish()
  }

  @Test func `large text is deflated once for all who agreed to it, frames never are`()
    async throws
  {
    var kit = TopicKit()
    let long = Array(("{\"text\":\"" + String(repeating: "ha", count: 2000) + "\"}").utf8)
    kit.publisher.publish("token") { _ in long }
    kit.frame("h", bytes: 4000)
    let transport = try await TransportKit([Self.watch(kit.topic)])
    let deflating = try await WebSocketTestClient(
      transport, fields: ["Sec-WebSocket-Extensions: permessage-deflate"])
    #expect(
      deflating.response["Sec-WebSocket-Extensions"]?.contains("server_no_context_takeover")
        == true)
    let first = try #require(await deflating.receive())
    #expect(first.first == 0xc1)
    #expect(first.payload.count < 100)
    let inflater = try Inflater(.raw)
    inflater.beginMessage()
    var text: [UInt8] = []
    try first.payload.withUnsafeBytes {
      try inflater.continueMessage($0, limit: 10_000, appendingTo: &text)
    }
    try inflater.endMessage(limit: 10_000, appendingTo: &text)
    #expect(text == long)
    #expect(await deflating.receive()?.first == 0x81, "short text is not worth it")
    #expect(await deflating.receive()?.first == 0x82)
    let plain = try await WebSocketTestClient(transport)
    #expect(await plain.receive()?.payload == long)
    kit.finish()
  }

  @Test func `the run is told when its last socket goes`() async throws {
    var kit = TopicKit()
    let log = kit.signals
    let transport = try await TransportKit([Self.watch(kit.topic)])
    var socket: WebSocketTestClient? = try await WebSocketTestClient(transport)
    kit.event()
    #expect(await socket?.next() == #"1:{"seq":0}"#)
    socket = nil
    #expect(await eventually { log.all == ["left"] })
    kit.finish()
  }
}
