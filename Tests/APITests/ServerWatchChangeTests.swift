import Foundation
import Frames
import JSON
import Loops
import TestKit
import Testing

@testable import API
@testable import Runs

/// Watchpoints that are added and taken off while a run goes on.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `Watchpoints that change` {
  private static let residual = #""layer_name":"transformer.h.5","component":"residual""#
  private static let length = 12

  private static func body(_ more: String = "") -> String {
    #"{"tokens":[5,6,250,17],"max_tokens":\#(length),"temperature":1,"seed":3,"ignore_eos":true,"detach":true,"#
      + #""frames":{"dtype":"f32"},"activation_hooks":[{\#(residual),"hook_id":"r","reduce":"norm"}]\#(more)}"#
  }

  private static func norm(above bound: Float, then: String) -> String {
    #"{"hook":{\#(residual),"reduce":"norm","positions":{"from":4}},"above":\#(bound),"then":"\#(then)"}"#
  }

  /// The norm of each pass's last position, and the texts of the tokens.
  private func base(_ kit: ServerKit) async throws -> (norms: [Float], tokens: [Int64]) {
    let events = try await kit.events(try await kit.start(Self.body()))
    let norms = try events.compactMap(\.frame).map {
      try #require(try FrameBytes(checking: $0).values().last)
    }
    return (norms, events.compactMap { $0.json["token_id"]?.integer })
  }

  private func wait(_ kit: ServerKit, _ run: String, _ status: String, step: Int) async throws {
    let isThere = await eventually {
      let object = try? await kit.json("GET", "/v1/runs/\(run)")
      return object?["status"]?.string == status
        && object?["completion_tokens"]?.integer == Int64(step + 1)
    }
    let object = try await kit.json("GET", "/v1/runs/\(run)")
    #expect(isThere, "\(object)")
  }

  private func change(
    _ kit: ServerKit, _ run: String, _ body: String
  ) async throws -> (code: Int, json: JSONValue) {
    let answer = try await kit.send("POST", "/v1/runs/\(run)/watch", body)
    return (answer.code, try answer.json)
  }

  @Test func `one that is added sees the passes from the next on, and what is taken off none`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let (norms, tokens) = try await base(kit)
    for stop in [0, 2, 5] {
      let run = try await kit.start(Self.body(#","start":"paused""#))
      _ = try await kit.send("POST", "/v1/runs/\(run)/step", #"{"count":\#(stop + 1)}"#)
      try await wait(kit, run, "paused", step: stop)
      // The greatest norm behind the passes that were computed.
      let later = norms.indices.filter { $0 > stop && $0 < Self.length - 2 }
      let expected = try #require(later.max { norms[$0] < norms[$1] })
      let bound = norms[expected].nextDown
      let added = try await change(
        kit, run,
        #"{"add":[\#(Self.norm(above: 0, then: "mark")),\#(Self.norm(above: bound, then: "pause"))]}"#
      )
      #expect(added.code == 200 && added.json["first_step"]?.integer == Int64(stop + 1))
      let list = added.json["watches"]?.array ?? []
      #expect(list.map { $0["watch_index"]?.integer } == [0, 1])
      #expect(list.map { $0["then"]?.string } == ["mark", "pause"])
      #expect(list[1]["condition"]?.string == "above" && list[1]["point"]?.string != nil)
      #expect(try await kit.json("GET", "/v1/runs/\(run)")["watches"] == added.json["watches"])
      _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
      try await wait(kit, run, "paused", step: expected)
      let removed = try await change(kit, run, #"{"remove":[0,1]}"#)
      #expect(removed.code == 200 && removed.json["watches"]?.array?.isEmpty == true)
      #expect(removed.json["first_step"]?.integer == Int64(expected + 1))
      _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
      let events = try await kit.events(run)
      let fired = events.filter { $0.type == "watch.fired" }.map(\.json)
      let marks = fired.filter { $0["watch_index"]?.integer == 0 }
      #expect(marks.compactMap { $0["step"]?.integer } == (stop + 1...expected).map { Int64($0) })
      for (mark, step) in zip(marks, stop + 1...expected) {
        #expect(mark["value"]?.double.map { Float($0) } == norms[step])
      }
      let pauses = fired.filter { $0["watch_index"]?.integer == 1 }
      #expect(pauses.compactMap { $0["step"]?.integer } == [Int64(expected)])
      let told = events.filter { $0.type == "watches.changed" }.map(\.json)
      #expect(told.map { $0["watches"]?.array?.count } == [2, 0])
      #expect(told.first?["watches"] == added.json["watches"])
      #expect(events.compactMap { $0.json["token_id"]?.integer } == tokens)
    }
  }

  @Test func `a list in place of all goes by new numbers, and a fork has what is in force`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(
      Self.body(
        #","start":"paused","watch":[{"text":"nowhere to be found"},\#(Self.norm(above: 0, then: "mark"))]"#
      ))
    let removed = try await change(kit, run, #"{"remove":[0]}"#)
    #expect(removed.json["watches"]?.array?.map { $0["watch_index"]?.integer } == [1])
    let fork = try await kit.json("POST", "/v1/runs/\(run)/fork", #"{"detach":true}"#)
    let child = try #require(fork["run_id"]?.string)
    let own = try await kit.events(child)
    let fired = own.filter { $0.type == "watch.fired" }
    #expect(!fired.isEmpty && fired.allSatisfy { $0.json["watch_index"]?.integer == 0 })
    let replaced = try await change(
      kit, run, #"{"watch":[{"surprise":true,"above":0,"then":"mark"}]}"#)
    #expect(replaced.json["watches"]?.array?.map { $0["watch_index"]?.integer } == [2])
    #expect(replaced.json["watches"]?.array?[0]["surprise"]?.bool == true)
    _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
    let events = try await kit.events(run)
    let numbers = Set(
      events.filter { $0.type == "watch.fired" }.compactMap { $0.json["watch_index"]?.integer })
    #expect(numbers == [2])
  }

  @Test func `taking one off leaves the tensors that analyses and others look at`() async throws {
    let kit = try await ServerKit.shared()
    let watch = #"{"hook":{"layer_name":"blocks.3.attn.hook_pattern"},"above":2,"then":"mark"}"#
    let run = try await kit.start(
      Self.body(
        #","start":"paused","watch":[\#(watch),\#(watch)],"analyses":[{"name":"attention_entropy","layers":[3]}]"#
      ))
    _ = try await change(kit, run, #"{"remove":[0]}"#)
    _ = try await change(
      kit, run,
      #"{"add":[{"hook":{"layer_name":"blocks.3.attn.hook_pattern"},"above":0.5,"then":"mark"}],"remove":[1]}"#
    )
    _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
    let events = try await kit.events(run)
    #expect(events.filter { $0.type == "analysis" }.count == Self.length)
    #expect(events.contains { $0.json["watch_index"]?.integer == 2 })
    #expect(events.last?.type == "run.finished")
  }

  @Test func `changes are recorded, played again, and end no second execution`() async throws {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await ServerKit { $0.recordingsDirectory = folder }
    let run = try await kit.start(Self.body(#","start":"paused","record":true"#))
    _ = try await kit.send("POST", "/v1/runs/\(run)/step", #"{"count":2}"#)
    try await wait(kit, run, "paused", step: 1)
    _ = try await change(kit, run, #"{"add":[\#(Self.norm(above: 0, then: "mark"))]}"#)
    _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
    let first = try await kit.events(run)
    let id = try #require(try await kit.json("GET", "/v1/runs/\(run)")["recording_id"]?.string)
    let replay = try await kit.json("POST", "/v1/recordings/\(id)/replay", #"{"speed":0}"#)
    let again = try await kit.events(try #require(replay["run_id"]?.string))
    func bare(_ events: [TestEvent]) -> [[JSONValue]] {
      events.filter { $0.type.hasPrefix("watch") }.map { event in
        (event.json.members ?? []).filter { $0.name != "run_id" }.map(\.value)
      }
    }
    #expect(bare(first) == bare(again) && bare(first).count == 1 + Self.length - 2)
    let found = try await kit.json("POST", "/v1/recordings/\(id)/verify")
    #expect(found["ok"]?.bool == true, "\(found)")
  }

  @Test func `what can't be watched is refused by field and value, and changes nothing`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body(#","start":"paused","watch":[{"text":"x"}]"#))
    let many = Array(repeating: #"{"text":"y","then":"mark"}"#, count: 64).joined(separator: ",")
    for (body, code, name, words) in [
      (
        #"{"remove":[1]}"#, 400, "out_of_range",
        "remove must be watch_index of one that is in force: 0"
      ),
      (#"{"remove":["0"]}"#, 400, "wrong_type", "remove[0]"),
      (#"{"add":{}}"#, 400, "wrong_type", "add must be"),
      (
        #"{"add":[{"text":"a","surprise":true,"above":1}]}"#, 400, "conflicting_fields",
        "add[0].text"
      ),
      (
        #"{"add":[{"hook":{"layer_name":"transformer.h.99","component":"mlp"},"above":1}]}"#, 400,
        "layer_out_of_range", "add[0].hook"
      ),
      (#"{"add":[\#(many)]}"#, 400, "out_of_range", "add must be at most 64 watches"),
      (#"{"watch":[],"remove":[0]}"#, 400, "conflicting_fields", "watch and remove"),
    ] {
      let answer = try await change(kit, run, body)
      #expect(answer.code == code && answer.json["code"]?.string == name, "\(body): \(answer.json)")
      #expect(answer.json["error"]?.string?.hasPrefix(words) == true, "\(answer.json)")
    }
    let object = try await kit.json("GET", "/v1/runs/\(run)")
    #expect(object["watches"]?.array?.count == 1)
    // A number is never given twice, so that a run has only so many from its beginning to its end.
    for _ in 0..<15 {
      #expect(try await change(kit, run, #"{"watch":[\#(many)]}"#).code == 200)
    }
    let last = try await change(kit, run, #"{"watch":[\#(many)]}"#)
    #expect(last.code == 409 && last.json["code"]?.string == "too_many_watches")
    _ = try await kit.send("DELETE", "/v1/runs/\(run)")
    let over = try await change(kit, run, #"{"remove":[]}"#)
    #expect(over.code == 409, "\(over.json)")
  }

  @Test func `one that may pause takes a place of paused runs, and is refused where there is none`()
    async throws
  {
    let kit = try await ServerKit { $0.runLimit = 3 }
    let standing = try await kit.start(Self.body(#","start":"paused""#))
    let long =
      #"{"tokens":[5],"max_tokens":400,"temperature":1,"ignore_eos":true,"detach":true}"#
    let run = try await kit.start(long)
    let refused = try await change(kit, run, #"{"add":[{"text":"nowhere to be found"}]}"#)
    #expect(refused.code == 503 || refused.code == 409, "\(refused.json)")
    _ = try await kit.send("DELETE", "/v1/runs/\(run)")
    _ = try await kit.send("DELETE", "/v1/runs/\(standing)")
  }
}
