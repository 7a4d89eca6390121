import Foundation
import Frames
import JSON
import TestKit
import Testing

@testable import API
@testable import Engine

/// Activations of many prompts at once.
@Suite(.timeLimit(.minutes(20))) struct ServerHarvestTests {
  private static let hooks: JSONValue = [
    ["layer_name": "blocks.3.hook_resid_post"],
    [
      "layer_name": "transformer.h.7", "component": "mlp", "hook_id": "both",
      "capture_input": true, "positions": "last",
    ],
    ["layer_name": "blocks.9.attn.hook_pattern", "heads": [1, 3]],
    ["layer_name": "blocks.9.attn.hook_q", "positions": ["every": 2], "dtype": "bf16"],
    ["layer_name": "blocks.20.hook_resid_post", "reduce": "topk:4"],
    ["layer_name": "lm_head", "positions": [0, 2, 30], "neurons": [5, 1, 9], "hook_id": "few"],
    ["layer_name": "blocks.5.hook_mlp_out", "positions": ["from": 20], "dtype": "i8"],
  ]

  /// Prompts of many lengths, by a plain generator.
  private static func prompts(_ count: Int) -> [JSONValue] {
    var state: UInt32 = 7
    func next(_ bound: UInt32) -> Int64 {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Int64((state >> 8) % bound)
    }
    return (0..<count).map { _ in
      .array((0..<(1 + next(60))).map { _ in .integer(next(500)) })
    }
  }

  private func post(
    _ path: String, _ body: JSONValue, _ kit: ServerKit? = nil, accept: String? = nil
  ) async throws -> TestResponse {
    var kit = kit
    if kit == nil { kit = try await ServerKit.shared() }
    return try await #require(kit).send(
      "POST", path, body.json(.compact), fields: accept.map { ["Accept: \($0)"] } ?? [])
  }

  /// The frames that follow each other in some bytes.
  private func frames(_ bytes: [UInt8]) throws -> [FrameBytes] {
    var rest = bytes[...]
    var result: [FrameBytes] = []
    while !rest.isEmpty {
      func number(_ place: Int, _ width: Int) -> Int {
        rest.dropFirst(place).prefix(width).reversed().reduce(0) { $0 << 8 | Int($1) }
      }
      let length = (number(6, 2) + number(48, 8) + 7) & ~7
      result.append(try FrameBytes(checking: Array(rest.prefix(length))))
      rest = rest.dropFirst(length)
    }
    return result
  }

  @Test func `each prompt has the tensors that a run of it has, to the bit`() async throws {
    let prompts = Self.prompts(24)
    let stream = try await post(
      "/v1/harvest", ["tokens": .array(prompts), "activation_hooks": Self.hooks],
      accept: "application/octet-stream")
    #expect(stream["Content-Type"] == "application/octet-stream")
    var harvested: [Int: [FrameBytes]] = [:]
    var order: [UInt64] = []
    for frame in try frames(stream.body) {
      harvested[Int(frame.frame.sequence), default: []].append(frame)
      order.append(frame.frame.sequence)
    }
    #expect(order == order.sorted())
    let kit = try await ServerKit.shared()
    for (index, prompt) in prompts.enumerated() {
      let run = try await kit.start(
        ([
          "tokens": prompt, "max_tokens": 1, "detach": true, "activation_hooks": Self.hooks,
          "frames": ["dtype": "f32", "codec": "raw"],
        ] as JSONValue).json(.compact))
      let expected = try await kit.events(run).compactMap(\.frame).map {
        try FrameBytes(checking: $0)
      }
      let found = harvested[index] ?? []
      #expect(found.count == expected.count)
      for (one, other) in zip(found, expected) {
        #expect(one.frame.shape == other.frame.shape)
        #expect(one.frame.hookIndex == other.frame.hookIndex)
        #expect(one.frame.elementType == other.frame.elementType)
        #expect(one.frame.flags == other.frame.flags)
        #expect(one.frame.firstPosition == other.frame.firstPosition)
        #expect(one.frame.positionStride == other.frame.positionStride)
        #expect(try one.unpacked() == other.unpacked())
      }
    }
  }

  @Test func `events tell the same tensors, how far it is and how fast`() async throws {
    let prompts = Self.prompts(40)
    let body: JSONValue = ["tokens": .array(prompts), "activation_hooks": Self.hooks]
    let binary = try frames(
      try await post("/v1/harvest", body, accept: "application/octet-stream").body)
    let events = try TestEvent.read(try await post("/v1/harvest", body).text)
    let started = try #require(events.first)
    #expect(started.type == "harvest.started")
    #expect(started.json["texts"]?.integer == 40)
    let count = prompts.reduce(0) { $0 + ($1.array?.count ?? 0) }
    #expect(started.json["tokens"]?.integer == Int64(count))
    #expect(started.json["hooks"]?.array?.count == 8)
    let told = events.filter { $0.type == "activation" }
    #expect(told.count == binary.count)
    for (event, frame) in zip(told, binary) {
      let text = try #require(event.json["frame"]?.string)
      #expect(Data(base64Encoded: text).map { Array($0) } == frame.bytes)
      #expect(event.json["text"]?.integer == Int64(frame.frame.sequence))
      let shape = event.json["shape"]?.array?.compactMap { $0.integer.map(Int.init) }
      #expect(shape == frame.frame.shape)
    }
    let finished = try #require(events.last)
    #expect(finished.type == "harvest.finished")
    #expect(finished.json["done"] == finished.json["total"])
    #expect(finished.json["tokens"]?.integer == Int64(count))
    #expect((finished.json["tokens_per_second"]?.double ?? 0) > 0)
    #expect(events.filter { $0.type == "harvest.progress" }.count == 40)
  }

  @Test func `texts are read as prompts are, and take ids among them`() async throws {
    let kit = try await ServerKit.shared()
    let text = "Once upon a time"
    let ids = try await kit.json(
      "POST", "/v1/tokenize", (["text": .string(text)] as JSONValue).json(.compact))["tokens"]
    let hooks: JSONValue = [["layer_name": "blocks.1.hook_resid_post"]]
    let response = try await post(
      "/v1/harvest",
      ["texts": [.string(text), try #require(ids)], "activation_hooks": hooks],
      accept: "application/octet-stream")
    let found = try frames(response.body)
    #expect(found.count == 2)
    #expect(try found[0].unpacked() == found[1].unpacked())
  }

  @Test func `a client that leaves ends it`() async throws {
    let kit = try await ServerKit()
    let engine = kit.server.service.engine
    let body =
      ([
        "tokens": .array(Self.prompts(2000)),
        "activation_hooks": .array(
          (0..<24).map { ["layer_name": .string("blocks.\($0).hook_resid_post")] }),
      ] as JSONValue).json(.compact)
    let client = try kit.client()
    await client.send(ServerKit.request("POST", "/v1/harvest", body))
    _ = await client.receive(through: "harvest.progress")
    client.close()
    #expect(await eventually { await engine.generationCount == 0 })
    #expect(await eventually { engine.captureByteCount == 0 })
  }

  @Test(
    arguments: [
      ([:], "texts"), (["texts": []], "texts"), (["texts": "a"], "texts"),
      (["tokens": [[1], ["x"]]], "tokens[1][0]"), (["tokens": ["a"]], "tokens[0]"),
      (["tokens": [[]]], "tokens[0]"), (["tokens": [[1], [999_999]]], "tokens[1][0]"),
      (["texts": ["a"], "tokens": [[1]]], nil),
      (["tokens": [.array(Array(repeating: 1, count: 5000))]], "tokens[0]"),
      (
        ["texts": ["a"], "activation_hooks": [["layer_name": "transformer.h.1"]]],
        "activation_hooks[0].component"
      ),
      (["texts": ["a"], "activation_hooks": []], nil),
      (["texts": ["a"], "frames": ["dtype": "u8"]], "frames.dtype"),
      (["textes": ["a"]], "textes"),
    ] as [(JSONValue, String?)])
  func `what cannot be harvested is refused by name`(body: JSONValue, field: String?) async throws {
    var members = body.members ?? []
    if body["activation_hooks"] == nil { members.append(.init("activation_hooks", Self.hooks)) }
    let response = try await post("/v1/harvest", JSONValue(members: members))
    #expect(response.code == 400)
    let json = try response.json
    #expect(json["error"]?.string?.isEmpty == false)
    if let field { #expect(json["details"]?["field"]?.string == field, "\(json)") }
  }

  @Test func `a prompt whose captures are too many is refused before anything is read`()
    async throws
  {
    let kit = try await ServerKit { $0.captureBudget = 1 << 20 }
    let hooks: JSONValue = .array(
      (0..<24).map { ["layer_name": .string("blocks.\($0).attn.hook_pattern")] })
    let long = JSONValue.array(Array(repeating: 1, count: 200))
    let response = try await post(
      "/v1/harvest", ["tokens": [[1], long], "activation_hooks": hooks], kit)
    #expect(response.code == 413)
    #expect(try response.json["code"]?.string == "capture_too_large")
    let scored = try await post(
      "/v1/score", ["texts": [[1], long], "activation_hooks": hooks], kit)
    #expect(scored.code == 413)
  }

  @Test func `scores come with captures of the same pass, which change no bit of them`()
    async throws
  {
    let texts = Self.prompts(12).map { value -> JSONValue in
      .array((value.array ?? []) + [7, 8])
    }
    let body: JSONValue.Member = .init("texts", .array(texts))
    let plain = try await post("/v1/score", JSONValue(members: [body])).json
    let hooked = try await post(
      "/v1/score",
      JSONValue(members: [
        body, .init("activation_hooks", Self.hooks), .init("encoding", "base64"),
      ])
    ).json
    let stream = try await post(
      "/v1/harvest", ["texts": .array(texts), "activation_hooks": Self.hooks],
      accept: "application/octet-stream")
    var data: [String] = []
    for frame in try frames(stream.body) {
      data.append(Data(try frame.unpacked()).base64EncodedString())
    }
    var found: [String] = []
    for (one, other) in zip(
      plain["scores"]?.array ?? [], hooked["scores"]?.array ?? [])
    {
      #expect(one["tokens"] == other["tokens"])
      #expect(one["activations"] == nil)
      let members = try #require(other["activations"]?.members)
      #expect(members.count == 7)
      for member in members {
        found += (member.value.array ?? []).compactMap { $0["data"]?.string }
      }
    }
    #expect(found == data)
    #expect(!found.isEmpty)
  }

  @Test func `a full name of TransformerLens needs no component, and names its tensor`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let points = try await kit.json("GET", "/v1/models/circuits/hook_points")["hook_points"]
    let names = (points?.array ?? []).compactMap { $0["name"]?.string }
    #expect(names.count > 300)
    let hooks = names.map { ["layer_name": .string($0)] as JSONValue }
    let events = try TestEvent.read(
      try await post("/v1/harvest", ["texts": ["The"], "activation_hooks": .array(hooks)]).text)
    #expect(
      events.filter { $0.type == "activation" }.compactMap { $0.json["hook_id"]?.string } == names)
    let changed = try await post(
      "/v1/runs",
      [
        "prompt": "The", "max_tokens": 1, "detach": true,
        "interventions": [["layer_name": "blocks.4.hook_mlp_out", "kind": "zero"]],
      ])
    #expect(changed.code == 201)
  }
}
