import Dispatch
import Engine
import Frames
import Foundation
import JSON
import Loops
import TestKit
import Testing

@testable import API
@testable import Runs

/// Passes with more captures than are framed on the publishing loop.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerFramingTests {
  private static let components = ["residual", "mlp", "query"]
  private static let prompt = (0..<60).map { 3 + ($0 * 37 + $0 * $0) % 400 }

  private static func hook(_ layer: Int, _ component: String, _ reduce: String?) -> String {
    #"{"layer_name":"transformer.h.\#(layer)","component":"\#(component)","#
      + #""hook_id":"\#(component)_\#(layer)""#
      + (reduce.map { #","reduce":"\#($0)""# } ?? "") + "}"
  }

  private static func body(_ hooks: [String], codec: String) -> String {
    #"{"tokens":\#(prompt),"max_tokens":3,"temperature":0,"ignore_eos":true,"detach":true,"#
      + #""frames":{"dtype":"bf16","codec":"\#(codec)"},"activation_hooks":["#
      + hooks.joined(separator: ",") + "]}"
  }

  /// A frame without its place in the stream and in its pass.
  private static func bare(_ bytes: [UInt8]) throws -> ([UInt8], FrameBytes) {
    let frame = try FrameBytes(checking: bytes)
    return (try frame.unpacked(), frame)
  }

  @Test(arguments: [nil, "histogram", "stats"] as [String?], ["planes", "raw"])
  func `many hooks give the frames that each gives alone, in order and without a hole`(
    reduce: String?, codec: String
  ) async throws {
    let kit = try await ServerKit.shared()
    var hooks: [String] = []
    for layer in 0..<24 {
      for component in Self.components { hooks.append(Self.hook(layer, component, reduce)) }
    }
    let run = try await kit.start(Self.body(hooks, codec: codec))
    let events = try await kit.events(run, query: "?policy=lossless")
    #expect(events.map(\.sequence) == Array(0..<events.count))
    let frames = try events.compactMap(\.frame).map { try Self.bare($0) }
    #expect(frames.count == 3 * hooks.count)
    #expect(
      zip(events.filter { $0.frame != nil }, frames).allSatisfy {
        UInt64($0.sequence) == $1.1.frame.sequence
      })
    for step in 0..<3 {
      let own = frames.filter { $0.1.frame.step == UInt32(step) }
      #expect(own.map(\.1.frame.hookIndex) == Array(0..<UInt32(hooks.count)))
      #expect(
        own.map { $0.1.frame.flags.contains(.lastOfPass) }.lastIndex(of: true) == own.count - 1)
      #expect(own.count { $0.1.frame.flags.contains(.lastOfPass) } == 1)
    }
    for index in [0, 57, hooks.count - 1] {
      let alone = try await kit.start(Self.body([hooks[index]], codec: codec))
      let its = try await kit.events(alone, query: "?policy=lossless").compactMap(\.frame)
        .map { try Self.bare($0) }
      let among = frames.filter { $0.1.frame.hookIndex == UInt32(index) }
      #expect(its.map(\.0) == among.map(\.0) && its.count == 3)
      #expect(its.map(\.1.frame.shape) == among.map(\.1.frame.shape))
      #expect(its.map(\.1.count) == among.map(\.1.count), "packed alike")
    }
  }

  @Test func `a neighbour's tokens do not wait while a large pass is framed`() async throws {
    let kit = try await ServerKit()
    let gate = DispatchSemaphore(value: 0)
    let framers = kit.server.service.framers
    let blocks = (0..<2).map { _ in
      Task.detached(executorPreference: framers) { Self.wait(gate) }
    }
    let hooks = (0..<24).flatMap { layer in Self.components.map { Self.hook(layer, $0, nil) } }
    let run = try await kit.start(Self.body(hooks, codec: "raw"))
    let large = try kit.server.service.computed(run)
    #expect(await eventually { await large.queue.isFraming })
    let neighbour = try await kit.start(Self.body([Self.hook(3, "mlp", "norm")], codec: "raw"))
    let events = try await kit.events(neighbour, query: "?policy=lossless")
    #expect(events.count { $0.type == "token" } == 3)
    #expect(await large.queue.isFraming)
    #expect(kit.server.service.engine.captureByteCount > 0)
    for _ in blocks { gate.signal() }
    for block in blocks { await block.value }
    let late = try await kit.events(run, query: "?policy=lossless")
    #expect(late.count { $0.type == "activation" } == 3 * hooks.count)
    #expect(await eventually { kit.server.service.engine.captureByteCount == 0 })
  }

  private static func wait(_ gate: DispatchSemaphore) { gate.wait() }

  @Test func `who waits for what is under way is told of its end, in whatever turn that comes`()
    async throws
  {
    let kit = try await ServerKit()
    let id = try await kit.start(
      Self.body([Self.hook(0, "mlp", nil)], codec: "raw")
        .replacingOccurrences(of: #""detach":true"#, with: #""detach":true,"start":"paused""#))
    let run = try kit.server.service.computed(id)
    let gate = DispatchSemaphore(value: 0)
    let entered = DispatchSemaphore(value: 0)
    let loop = run.services.loop
    loop.execute {
      run.assumeIsolated { _ = $0.queue.beginFraming() }
      entered.signal()
      gate.wait()
    }
    // Its turns on the run's loop: the question, then the waiting; the end comes between them.
    let waiting = Task.detached(executorPreference: kit.server.service.framers) {
      Self.wait(entered)
      await run.settle()
      return true
    }
    try await Task.sleep(for: .milliseconds(100))
    loop.execute {
      run.assumeIsolated {
        $0.queue.endFraming()
        $0.queue.wakeSettling()
      }
    }
    gate.signal()
    #expect(await waiting.value)
    #expect(try await kit.send("POST", "/v1/runs/\(id)/resume").code == 200)
  }

  @Test func `captures that no client may have at once are refused with what they take`()
    async throws
  {
    let kit = try await ServerKit { $0.engine.captureMemory = 1 << 19 }
    let hooks = (0..<24).map { Self.hook($0, "residual", nil) }
    let answer = try await kit.send("POST", "/v1/runs", Self.body(hooks, codec: "raw"))
    #expect(answer.code == 413)
    let json = try answer.json
    #expect(json["code"]?.string == "capture_too_large")
    #expect(json["details"]?["limit_bytes"]?.integer == 3 << 17)
    let few = try await kit.start(
      Self.body(Array(hooks.prefix(2)), codec: "raw")
        .replacingOccurrences(of: #""detach":true"#, with: #""detach":true,"start":"paused""#))
    // Nor by a change of a run, which goes on as it was.
    let more = try await kit.send(
      "POST", "/v1/runs/\(few)/hooks", "{\"add\":[\(hooks.joined(separator: ","))]}")
    #expect(more.code == 413)
    #expect(try more.json["code"]?.string == "capture_too_large")
    #expect(try await kit.send("POST", "/v1/runs/\(few)/resume").code == 200)
    let events = try await kit.events(few, query: "?policy=lossless")
    #expect(events.count { $0.type == "activation" } == 6)
  }
}
