import Foundation
import HTTP
import JSON
import Loops
import StreamKit
import TestKit
import Testing

@testable import API

/// Keys with limits: what is too much is refused with 429, and says which limit and when to come again.
@Suite(.timeLimit(.minutes(10))) struct ServerLimitTests {
  private static func server(_ limits: [ClientLimits.Name: Int]) async throws -> ServerKit {
    var own = ClientLimits()
    for (name, value) in limits { own[name] = value }
    let ring = try KeyRing(fixed: [
      AccessKey(
        name: "class", secret: "class", scopes: [.read, .run, .intervene, .record], limits: own),
      AccessKey(name: "other", secret: "other", scopes: [.read, .run]),
    ])
    return try await ServerKit { $0.keys = ring }
  }

  private static let key = ["Authorization: Bearer class"]
  private static let other = ["Authorization: Bearer other"]
  private static let run = #"{"prompt":"x","max_tokens":4,"ignore_eos":true,"detach":true}"#
  private static let paused =
    #"{"prompt":"x","max_tokens":4,"ignore_eos":true,"detach":true,"start":"paused"}"#

  /// An answer names a limit, and when there is room again.
  private func expect(
    _ answer: TestResponse, _ limit: ClientLimits.Name, _ allowed: Int,
    _ place: SourceLocation = #_sourceLocation
  ) throws {
    #expect(answer.code == 429, "\(answer.text)", sourceLocation: place)
    let json = try answer.json
    #expect(json["code"]?.string == "limit_reached", sourceLocation: place)
    #expect(json["details"]?["limit"]?.string == limit.rawValue, sourceLocation: place)
    #expect(json["details"]?["allowed"]?.integer == Int64(allowed), sourceLocation: place)
    let wait = try #require(answer["Retry-After"].flatMap { Int($0) }, sourceLocation: place)
    #expect(json["details"]?["retry_after"]?.integer == Int64(wait), sourceLocation: place)
    #expect((1...3600).contains(wait), sourceLocation: place)
    #expect(
      answer["RateLimit"] == "\"\(limit.rawValue)\";r=0;t=\(wait)", sourceLocation: place)
    let policy = try #require(answer["RateLimit-Policy"], sourceLocation: place)
    #expect(policy.hasPrefix("\"\(limit.rawValue)\";q=\(allowed);qu="), sourceLocation: place)
    #expect(policy.hasSuffix(";w=60") == (limit == .tokensPerMinute), sourceLocation: place)
  }

  private func start(
    _ kit: ServerKit, _ body: String, _ fields: [String] = key
  ) async throws -> TestResponse {
    try await kit.send("POST", "/v1/runs", body, fields: fields)
  }

  @Test func `a key has as many runs at once as it may, at every door`() async throws {
    let kit = try await Self.server([.runs: 2])
    let first = try #require(try await start(kit, Self.paused).json["run_id"]?.string)
    #expect(try await start(kit, Self.paused).code == 201)
    try expect(await start(kit, Self.run), .runs, 2)
    try expect(
      await kit.send(
        "POST", "/v1/chat/completions", "{\(ServerKit.france),\"max_tokens\":1}", fields: Self.key),
      .runs, 2)
    try expect(await kit.send("POST", "/v1/runs/\(first)/fork", "{}", fields: Self.key), .runs, 2)
    let socket = await WebSocketTestClient(
      try kit.client(), "/v1/socket",
      fields: ["Sec-WebSocket-Protocol: neuroscope.v1"] + Self.key)
    var frames: [[UInt8]] = []
    await socket.send(text: #"{"id":1,"command":"start","prompt":"x","max_tokens":1}"#)
    let reply = try #require(try await socket.message(frames: &frames))
    #expect(reply["status"]?.integer == 429)
    #expect(reply["details"]?["limit"]?.string == "runs")
    // Another key is not concerned, and one that ends makes room.
    #expect(try await start(kit, Self.paused, Self.other).code == 201)
    _ = try await kit.send("DELETE", "/v1/runs/\(first)", fields: Self.key)
    #expect(await eventually { (try? await start(kit, Self.paused).code) == 201 })
  }

  @Test func `a key has as many generations waiting as it may`() async throws {
    let kit = try await Self.server([.queued: 1])
    #expect(try await start(kit, Self.paused).code == 201)
    try expect(await start(kit, Self.run), .queued, 1)
    try expect(
      await kit.send("POST", "/v1/embeddings", #"{"input":"x"}"#, fields: Self.key), .queued, 1)
    #expect(try await start(kit, Self.run, Self.other).code == 201)
  }

  @Test func `tokens of prompts and generated ones count by the minute`() async throws {
    let kit = try await Self.server([.tokensPerMinute: 6])
    // A debt of most of an hour, so that no machine is slow enough to have it paid meanwhile.
    let long = String(repeating: " one", count: 300)
    let body = #"{"prompt":"\#(long)","max_tokens":1,"detach":true}"#
    let run = try #require(try await start(kit, body).json["run_id"]?.string)
    _ = try await kit.events(run, fields: Self.key)
    try expect(await start(kit, Self.run), .tokensPerMinute, 6)
    try expect(
      await kit.send("POST", "/v1/score", #"{"prompt":"x","texts":["y"]}"#, fields: Self.key),
      .tokensPerMinute, 6)
    // What needs no pass is no matter of tokens.
    #expect(try await kit.send("GET", "/v1/runs/\(run)", fields: Self.key).code == 200)
    #expect(
      try await kit.send("POST", "/v1/tokenize", #"{"text":"x"}"#, fields: Self.key).code == 200)
    #expect(try await start(kit, Self.run, Self.other).code == 201)
  }

  @Test func `a key has as many connections as it may, and a closed one makes room`() async throws {
    let kit = try await Self.server([.connections: 1])
    let open = await WebSocketTestClient(
      try kit.client(), "/v1/socket",
      fields: ["Sec-WebSocket-Protocol: neuroscope.v1"] + Self.key)
    #expect(open.response.status.contains("101"))
    try expect(await kit.send("GET", "/v1/models", fields: Self.key), .connections, 1)
    #expect(try await kit.send("GET", "/v1/models", fields: Self.other).code == 200)
    open.client.close()
    #expect(
      await eventually {
        (try? await kit.send("GET", "/v1/models", fields: Self.key).code) == 200
      })
  }

  @Test func `captures of a key weigh no more than it may have`() async throws {
    let kit = try await Self.server([.captureBytes: 1000])
    let hook = #","activation_hooks":[{"layer_name":"blocks.3.hook_resid_post"}]}"#
    let body = String(Self.run.dropLast()) + hook
    let refused = try await start(kit, body)
    #expect(refused.code == 413)
    #expect(try refused.json["details"]?["limit_bytes"]?.integer == 1000, "\(refused.text)")
    #expect(try await start(kit, body, Self.other).code == 201)
  }
}
