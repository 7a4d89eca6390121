import Engine
import Foundation
import Frames
import Hooks
import JSON
import Runs
import TestKit
import Testing

@testable import API

/// Captures that are projected on directions before they are sent.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `Projections on given directions` {
  /// Places whose rows differ in their axes, with what a vector's width is there.
  private static let places: [(layer: String, component: String, more: String, width: Int)] = [
    ("transformer.h.5", "residual", "", 128),
    ("blocks.9.attn.hook_q", "", "", 32), ("blocks.3.attn.hook_k", "", #","heads":[1]"#, 32),
    ("transformer.h.11", "mlp", #","neurons":[7,0,31,2]"#, 4),
    ("transformer.h.2", "residual", #","positions":{"every":3}"#, 128),
  ]

  private static func vectors(_ seed: UInt64, _ count: Int, _ width: Int) -> [[Float]] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in (0..<width).map { _ in random.normal() } }
  }

  private static func written(_ vectors: [[Float]]) -> String {
    "["
      + vectors.map { "[" + $0.map(\.description).joined(separator: ",") + "]" }
      .joined(separator: ",") + "]"
  }

  private static func hook(_ index: Int, _ id: String, _ reduce: String?) -> String {
    let place = places[index]
    return #"{"layer_name":"\#(place.layer)""#
      + (place.component.isEmpty ? "" : #","component":"\#(place.component)""#) + place.more
      + #","hook_id":"\#(id)","dtype":"f32""# + (reduce.map { #","reduce":\#($0)"# } ?? "") + "}"
  }

  /// A hook of each place as it is, and one that is projected.
  private static func hooks(projected: Bool = true, whole: Bool = true) -> String {
    let list = places.indices.flatMap { index in
      (whole ? [hook(index, "all\(index)", nil)] : [])
        + (projected
          ? [
            hook(
              index, "some\(index)",
              #"{"project":\#(written(vectors(UInt64(index), 1 + index * 2, places[index].width)))}"#
            )
          ] : [])
    }
    return "[" + list.joined(separator: ",") + "]"
  }

  private static func body(_ hooks: String, _ more: String = "") -> String {
    #"{\#(ServerKit.france),"temperature":1,"seed":8,"max_tokens":5,"ignore_eos":true,"detach":true,"#
      + #""frames":{"dtype":"f32"},"activation_hooks":\#(hooks)\#(more)}"#
  }

  /// What the projection of a frame's rows is, computed from them in double precision.
  private static func expected(_ whole: FrameBytes, _ vectors: [[Float]]) throws -> [Float] {
    let width = try #require(whole.frame.shape.last)
    let values = try whole.values()
    return products(values, vectors, width: width)
  }

  private static func products(_ values: [Float], _ vectors: [[Float]], width: Int) -> [Float] {
    var result: [Float] = []
    for first in stride(from: 0, to: values.count, by: width) {
      for vector in vectors {
        var sum = 0.0
        for column in 0..<width { sum += Double(vector[column]) * Double(values[first + column]) }
        result.append(Float(sum))
      }
    }
    return result
  }

  @Test func `equal those of the full capture, at the event stream and the socket`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body(Self.hooks()))
    let frames = try await kit.events(run).compactMap(\.frame)
    let read = try frames.map { try FrameBytes(checking: $0) }
    for step in 0..<UInt32(5) {
      let pass = read.filter { $0.frame.step == step }
      for index in Self.places.indices {
        let whole = pass.first { $0.frame.hookIndex == UInt32(2 * index) }
        let some = pass.first { $0.frame.hookIndex == UInt32(2 * index + 1) }
        guard let whole, let some else {
          #expect(whole == nil && some == nil && index == 4)
          continue
        }
        let vectors = Self.vectors(UInt64(index), 1 + index * 2, Self.places[index].width)
        #expect(some.frame.kind == .reduction && some.frame.elementType == .float32)
        #expect(some.frame.shape == whole.frame.shape.dropLast() + [vectors.count])
        #expect(try some.values() == Self.expected(whole, vectors))
      }
    }
    let object = try await kit.json("GET", "/v1/runs/\(run)")
    #expect(object["hooks"]?.array?[1]["shape"] == [1, "S", 1])
    #expect(object["hooks"]?.array?[3]["shape"] == [1, 4, "S", 3])
    let socket = try await WebSocketTestClient(kit, "/v1/runs/\(run)/socket?from=0")
    var binary: [[UInt8]] = []
    while let message = try await socket.message(frames: &binary) {
      if message["type"]?.string == "run.finished" { break }
    }
    #expect(binary == frames)
  }

  @Test func `are the same in the documented chat answer`() async throws {
    let kit = try await ServerKit.shared()
    let json = try await kit.json(
      "POST", "/v1/chat/completions/with_activations",
      #"{\#(ServerKit.france),"temperature":0,"max_tokens":3,"activation_hooks":\#(Self.hooks())}"#)
    func numbers(_ value: JSONValue?) -> [Float] {
      value?.array?.flatMap { numbers($0) } ?? value?.double.map { [Float($0)] } ?? []
    }
    for index in Self.places.indices {
      let vectors = Self.vectors(UInt64(index), 1 + index * 2, Self.places[index].width)
      let passes = zip(
        json["activations"]?["all\(index)"]?.array ?? [],
        json["activations"]?["some\(index)"]?.array ?? [])
      for (whole, some) in passes {
        let expected = Self.products(
          numbers(whole["data"]), vectors, width: Self.places[index].width)
        #expect(numbers(some["data"]) == expected && !expected.isEmpty)
      }
    }
  }

  @Test func `change no bit of what is generated`() async throws {
    let kit = try await ServerKit.shared()
    var told: [[JSONValue]] = []
    for hooks in ["[]", Self.hooks(whole: false)] {
      let run = try await kit.start(Self.body(hooks, #","top_logprobs":5"#))
      told.append(
        try await kit.events(run).filter { $0.type == "token" }.map {
          .array([
            $0.json["token_id"] ?? .null, $0.json["logprob"] ?? .null, $0.json["top"] ?? .null,
          ])
        })
    }
    #expect(told[0] == told[1] && told[0].count == 5)
  }

  @Test func `are recorded, played again and found the same by a second execution`() async throws {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await ServerKit { $0.recordingsDirectory = folder }
    let run = try await kit.start(Self.body(Self.hooks(), #","record":true"#))
    let frames = try await kit.events(run).compactMap(\.frame)
    let id = try #require(try await kit.json("GET", "/v1/runs/\(run)")["recording_id"]?.string)
    let replay = try await kit.json("POST", "/v1/recordings/\(id)/replay", #"{"speed":0}"#)
    let again = try await kit.events(try #require(replay["run_id"]?.string)).compactMap(\.frame)
    #expect(again == frames && !frames.isEmpty)
    let found = try await kit.json("POST", "/v1/recordings/\(id)/verify")
    #expect(found["ok"]?.bool == true, "\(found)")
    #expect(found["frames_compared"]?.integer == Int64(frames.count))
  }

  @Test func `weigh in an estimate what is sent of them`() async throws {
    let kit = try await ServerKit.shared()
    let model = try #require(kit.server.service.engine.current)
    func numbers(_ hooks: String) throws -> Int {
      let fields = try Fields(body: Array(#"{"hooks":\#(hooks)}"#.utf8))
      let orders = try HookReader(model.catalogue).orders(try fields.objects("hooks") ?? [])
      return CaptureEstimate(
        orders, catalogue: model.catalogue, promptTokens: 10, maxTokens: 4
      ) { _ in 4 }.numbers
    }
    let ones = { (count: Int, width: Int) in
      #"{"project":\#(Self.written(Array(repeating: Array(repeating: 1, count: width), count: count)))}"#
    }
    #expect(try numbers("[\(Self.hook(0, "a", ones(7, 128)))]") == 7 * 13)
    #expect(try numbers("[\(Self.hook(1, "a", ones(2, 32)))]") == 4 * 2 * 13)
  }

  @Test(arguments: [
    (#"{"project":5}"#, "reduce.project must be an array of arrays of numbers"),
    (#"{"project":[]}"#, "reduce.project must be 1 to 256 directions, found 0"),
    (#"{"project":[1,2]}"#, "reduce.project[0] must be an array of numbers"),
    (#"{"project":[[1,2]]}"#, "reduce.project[0] must be 128 numbers"),
    (#"{"project":[[]]}"#, "reduce.project[0] must be 128 numbers"),
    (#"{"project":[LONG,[1]]}"#, "reduce.project[1] must be 128 numbers"),
    (#"{"project":[WORD]}"#, "reduce.project[0][127] must be a number"),
    (#"{"project":[HUGE]}"#, "reduce.project[0][127] must be a number that is finite"),
    (#"{"project":[NULL]}"#, "reduce.project[0][127] must be a number"),
    (#"{"project":[LONG],"topk":2}"#, "can't go together"),
    (#"{"projekt":[LONG]}"#, "projekt"),
  ])
  func `that are not possible are refused by field, value and what would be`(
    reduce: String, message: String
  ) async throws {
    let kit = try await ServerKit.shared()
    func vector(_ last: String) -> String {
      "[" + String(repeating: "1,", count: 127) + last + "]"
    }
    let reduce = reduce.replacingOccurrences(of: "LONG", with: vector("1"))
      .replacingOccurrences(of: "WORD", with: vector(#""x""#))
      .replacingOccurrences(of: "HUGE", with: vector("1e39"))
      .replacingOccurrences(of: "NULL", with: vector("null"))
    let hooks = "[\(Self.hook(0, "a", reduce))]"
    for (path, body) in [
      ("/v1/runs", Self.body(hooks)),
      ("/v1/activations/hooks", #"{"hooks":\#(hooks)}"#),
    ] {
      let answer = try await kit.send("POST", path, body)
      #expect(answer.code == 400)
      #expect(try answer.json["error"]?.string?.contains(message) == true, "\(answer.text)")
    }
  }

  @Test
  func `are bounded in a hook, a request and a run, and refused where rows have no fixed length`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let row = "[" + String(repeating: "0,", count: 127) + "0]"
    let many = "[" + Array(repeating: row, count: 257).joined(separator: ",") + "]"
    let refused = try await kit.json(
      "POST", "/v1/runs", Self.body("[\(Self.hook(0, "a", #"{"project":\#(many)}"#))]"))
    #expect(refused["error"]?.string?.contains("1 to 256 directions, found 257") == true)
    let scores =
      #"[{"layer_name":"blocks.2.attn.hook_pattern","reduce":{"project":[[1]]}}]"#
    let keys = try await kit.json("POST", "/v1/runs", Self.body(scores))
    #expect(keys["error"]?.string?.contains("choose some of them with neurons") == true, "\(keys)")
    let chosen =
      #"[{"layer_name":"blocks.2.attn.hook_pattern","neurons":[0,2],"reduce":{"project":[[1,-1]]}}]"#
    _ = try await kit.events(try await kit.start(Self.body(chosen)))
    var orders: [HookOrder] = []
    let model = try #require(kit.server.service.engine.current)
    let fields = try Fields(body: Array("{\"hooks\":[\(Self.hook(0, "a", nil))]}".utf8))
    let plain = try HookReader(model.catalogue).orders(try fields.objects("hooks") ?? [])[0]
    for number in 0..<3 {
      let values = Array(repeating: Float(number), count: Directions.mostNumbers / 2)
      orders.append(
        HookOrder(
          spec: CaptureSpec(
            hookID: "h\(number)", layerName: "transformer.h.5", component: plain.spec.component,
            isInput: false, point: plain.spec.point,
            selection: Selection(reduction: .project(Directions(values, width: 128)))),
          dtype: nil, encoding: nil))
    }
    let run = try await kit.start(Self.body("[]", #","start":"paused""#))
    let computed = try kit.server.service.computed(run)
    func add(_ orders: [HookOrder]) async throws {
      _ = try await computed.change(.hooks(adding: orders, removing: [], body: [:]))
    }
    try await add([orders[0]])
    try await add([orders[1]])
    // Directions that were taken off count; those that were there before need no more room.
    try await add([orders[0]])
    do {
      try await add([orders[2]])
      Issue.record("three times half of what a run may have")
    } catch {
      guard case RunError.tooManyDirections(run, limit: Directions.mostNumbers) = error else {
        throw error
      }
    }
    computed.cancel()
  }
}
