import Streams
import Frames
import Engine
import Foundation
import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// What is done to runs while they stream, among other runs.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerLiveTests {
  private static func body(_ prompt: String, _ more: String = "") -> String {
    #"{"prompt":"\#(prompt)","max_tokens":400,"temperature":1,"seed":9,"detach":true,"#
      + #""ignore_eos":true,"frames":{"dtype":"f32","codec":"raw"},"activation_hooks":["#
      + #"{"layer_name":"transformer.h.12","component":"residual","hook_id":"r"},"#
      + #"{"layer_name":"transformer.h.20","component":"attention_pattern","hook_id":"p","#
      + #""positions":"last"}]\#(more)}"#
  }

  /// The frames of each step, but for their numbers in the stream and the checksums over those.
  private func frames(_ events: [TestEvent]) throws -> [Int: [[UInt8]]] {
    var result: [Int: [[UInt8]]] = [:]
    for var bytes in events.compactMap(\.frame) {
      let step = Int(try FrameBytes(checking: bytes).frame.step)
      bytes.replaceSubrange(16..<24, with: repeatElement(0, count: 8))
      bytes.replaceSubrange(56..<60, with: repeatElement(0, count: 4))
      result[step, default: []].append(bytes)
    }
    return result
  }

  private func whole(_ kit: ServerKit, _ body: String) async throws -> [Int: [[UInt8]]] {
    try frames(try await kit.events(try await kit.start(body), query: "?policy=lossless"))
  }

  @Test
  func `an intervention set while runs stream changes its own run from its step on, and no other`()
    async throws
  {
    let kit = try await ServerKit { $0.engine.threads = 2 }
    let (own, other) = ("The capital of France", "Two plus two is")
    let baseline = try await whole(kit, Self.body(own))
    let alone = try await whole(kit, Self.body(other))
    let run = try await kit.start(Self.body(own))
    let neighbour = try await kit.start(Self.body(other))
    async let streamed = kit.events(run, query: "?policy=lossless")
    async let beside = kit.events(neighbour, query: "?policy=lossless")
    let object = try kit.server.service.computed(run)
    #expect(await eventually { await object.facts.completionTokens > 5 })
    let change =
      #"{"layer_name":"transformer.h.4","component":"attention","kind":"scale","strength":0.5}"#
    let applied = try await kit.json("POST", "/v1/runs/\(run)/interventions", change)
    let first = try #require(applied["first_step"]?.integer.map { Int($0) }, "\(applied)")
    let events = try await streamed
    let changed = try frames(events)
    let announced = events.first { $0.type == "intervention.applied" }
    #expect(announced?.json["first_step"]?.integer == Int64(first))
    #expect(announced?.json["step"]?.integer.map { Int($0) } ?? -1 <= first)
    for step in 0..<first { #expect(changed[step] == baseline[step], "step \(step)") }
    #expect(changed[first] != baseline[first])
    // The same from a request that knew it beforehand, and the neighbour as it is without company.
    let offline = try await whole(
      kit,
      Self.body(
        own,
        #","interventions":[{"layer_name":"transformer.h.4","component":"attention","kind":"scale","#
          + #""strength":0.5,"from_step":\#(first)}]"#))
    #expect(changed == offline)
    #expect(try frames(try await beside) == alone)
    #expect(alone.count == 400 && first > 5 && first < 400)
  }

  @Test func `closing the last connection frees the engine within a step`() async throws {
    let kit = try await ServerKit()
    let hooks = (0..<24).map {
      #"{"layer_name":"transformer.h.\#($0)","component":"residual","hook_id":"r\#($0)"}"#
    }
    let id = try await kit.start(
      #"{"prompt":"Once","max_tokens":500,"ignore_eos":true,"frames":{"dtype":"f32","codec":"raw"},"#
        + #""activation_hooks":[\#(hooks.joined(separator: ","))]}"#)
    let run = try kit.server.service.computed(id)
    let generation = try #require(run.generation)
    let engine = kit.server.service.engine
    // A viewer that reads nothing holds the run, so that its step stands still.
    var client: LoopbackClient? = try kit.client()
    await client?.send(
      "GET /v1/runs/\(id)/events?policy=lossless HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(await eventually { run.topic.isHeld && generation.isHeld })
    var step = -1
    #expect(
      await eventually {
        let last = step
        step = await engine.facts(generation)?.step ?? -1
        return step == last
      })
    client = nil
    #expect(await eventually { await engine.facts(generation) == nil })
    #expect(await eventually { await run.isOver() })
    let facts = await run.facts
    #expect(facts.status == .cancelled)
    #expect(facts.completionTokens <= step + 2 && step < 498)
  }
}
