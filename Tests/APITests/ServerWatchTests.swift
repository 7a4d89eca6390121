import Foundation
import Frames
import JSON
import Loops
import TestKit
import Testing

@testable import API
@testable import Runs

/// Watchpoints of runs, at the doors of the server.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `Watchpoints of a run` {
  private static let residual = #""layer_name":"transformer.h.5","component":"residual""#

  private static func body(_ watch: String?, _ more: String = "") -> String {
    #"{"tokens":[5,6,250,17],"max_tokens":8,"temperature":1,"seed":3,"ignore_eos":true,"detach":true,"#
      + #""frames":{"dtype":"f32"},"activation_hooks":[{\#(residual),"hook_id":"r","reduce":"norm"}]"#
      + (watch.map { #","watch":\#($0)"# } ?? "") + more + "}"
  }

  /// The norm of each pass's last position, as the hook streams it.
  private func norms(_ kit: ServerKit) async throws -> [Float] {
    let events = try await kit.events(try await kit.start(Self.body(nil)))
    return try events.compactMap(\.frame).map {
      try #require(try FrameBytes(checking: $0).values().last)
    }
  }

  /// A watchpoint that fires in one pass besides the prompt's: at the greatest norm of them.
  private func watch(_ kit: ServerKit, then: String) async throws -> (json: String, step: Int) {
    let norms = try await norms(kit)
    let later = Array(norms[1..<7]).enumerated().max { $0.element < $1.element }
    let greatest = try #require(later)
    return (
      #"{"hook":{\#(Self.residual),"reduce":"norm","positions":{"from":4}},"above":\#(greatest.element.nextDown),"#
        + #""then":"\#(then)"}"#, greatest.offset + 1
    )
  }

  private func wait(_ kit: ServerKit, _ run: String, until status: String) async throws -> JSONValue
  {
    let deadline = ContinuousClock.now + Patience.limit
    while true {
      let object = try await kit.json("GET", "/v1/runs/\(run)")
      if object["status"]?.string == status { return object }
      try #require(ContinuousClock.now < deadline, "\(object)")
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test func `pause it behind the pass, over REST and by a socket's start, and tell the number`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let (watch, step) = try await watch(kit, then: "pause")
    let norms = try await norms(kit)
    let run = try await kit.start(Self.body("[\(watch)]"))
    let object = try await wait(kit, run, until: "paused")
    #expect(object["step"]?.integer == Int64(step))
    #expect(object["completion_tokens"]?.integer == Int64(step + 1))
    #expect(try await kit.send("POST", "/v1/runs/\(run)/resume").code == 200)
    let events = try await kit.events(run)
    let place = try #require(events.firstIndex { $0.type == "watch.fired" })
    let fired = events[place].json
    #expect(fired["step"]?.integer == Int64(step) && fired["watch_index"]?.integer == 0)
    #expect(fired["position"]?.integer == Int64(3 + step) && fired["index"] == [])
    #expect(fired["value"]?.double.map { Float($0) } == norms[step])
    #expect(fired["threshold"]?.double.map { Float($0) } == norms[step].nextDown)
    #expect(fired["condition"]?.string == "above" && fired["count"]?.integer == 1)
    #expect(fired["then"]?.string == "pause" && fired["done"]?.string == "paused")
    #expect(fired["hook_id"]?.string == "transformer.h.5_residual")
    #expect(fired["point"]?.string == "blocks.5.hook_resid_post")
    #expect(events[place - 1].type == "activation")
    #expect(events[(place + 1)...].prefix(3).map(\.type) == ["token", "run.paused", "run.resumed"])
    #expect(events[place + 2].json["step"] == fired["step"])
    let socket = try await WebSocketTestClient(kit)
    await socket.send(
      text: #"{"id":1,"command":"start","# + Self.body("[\(watch)]").dropFirst())
    var frames: [[UInt8]] = []
    var told: [JSONValue] = []
    while let message = try await socket.message(frames: &frames) {
      told.append(message)
      if message["type"]?.string == "run.paused" {
        await socket.send(
          text: #"{"id":2,"command":"resume","run_id":"\#(message["run_id"]?.string ?? "")"}"#)
      }
      if message["type"]?.string == "run.finished" { break }
    }
    func bare(_ event: JSONValue) -> [JSONValue.Member] {
      (event.members ?? []).filter { !["run_id", "time_ms"].contains($0.name) }
        .map { .init($0.name, $0.value) }
    }
    #expect(
      told.filter { $0["type"]?.string == "watch.fired" }.map(bare) == [bare(fired)])
  }

  @Test func `change no bit of what is computed and sent`() async throws {
    let kit = try await ServerKit.shared()
    let watches =
      #"[{"hook":{"layer_name":"blocks.3.attn.hook_pattern"},"above":0.5,"then":"mark"},"#
      + #"{"hook":{"layer_name":"lm_head","component":"logits"},"above":0,"then":"snapshot"},"#
      + #"{"surprise":true,"above":0,"then":"mark"},{"text":"e","then":"mark"}]"#
    var told: [[JSONValue?]] = []
    for watch in [nil, watches] {
      let events = try await kit.events(
        try await kit.start(Self.body(watch, #","top_logprobs":3"#)))
      var values: [JSONValue?] = []
      for event in events where event.type == "token" {
        values += [event.json["token_id"], event.json["logprob"], event.json["top"]]
      }
      for bytes in events.compactMap(\.frame) {
        values.append(.string(try FrameBytes(checking: bytes).unpacked().description))
      }
      told.append(values)
      let fired = events.filter { $0.type == "watch.fired" }
      #expect(fired.isEmpty == (watch == nil))
      guard watch != nil else { continue }
      let indices = Set(fired.compactMap { $0.json["watch_index"]?.integer })
      #expect(indices.isSuperset(of: [0, 1, 2]))
      let shot = try #require(fired.first { $0.json["watch_index"]?.integer == 1 }).json
      #expect(shot["snapshot"]?["shape"]?.array?.count == 1 && shot["done"]?.string == "snapshot")
      let row = shot["snapshot"]?["data"]?.array ?? []
      let index = Int(shot["index"]?.array?.first?.integer ?? -1)
      #expect(row.indices.contains(index) && row[index] == shot["value"])
      let pattern = try #require(fired.first { $0.json["watch_index"]?.integer == 0 }).json
      #expect(pattern["index"]?.array?.count == 2)
      // The token itself is told with how unlikely it was.
      for event in fired where event.json["watch_index"]?.integer == 2 {
        let token = events.first { $0.type == "token" && $0.json["step"] == event.json["step"] }
        #expect(token?.json["token_id"] == event.json["token_id"])
        #expect(token?.json["logprob"]?.double == event.json["value"]?.double.map { -$0 })
      }
    }
    #expect(told[0] == told[1])
  }

  @Test func `are recorded, played again, and end no second execution`() async throws {
    let folder = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await ServerKit { $0.recordingsDirectory = folder }
    let (watch, _) = try await watch(kit, then: "pause")
    let run = try await kit.start(Self.body("[\(watch)]", #","record":true"#))
    _ = try await wait(kit, run, until: "paused")
    #expect(try await kit.send("POST", "/v1/runs/\(run)/resume").code == 200)
    let events = try await kit.events(run)
    let id = try #require(try await kit.json("GET", "/v1/runs/\(run)")["recording_id"]?.string)
    let replay = try await kit.json("POST", "/v1/recordings/\(id)/replay", #"{"speed":0}"#)
    let again = try await kit.events(try #require(replay["run_id"]?.string))
    #expect(again.map(\.type) == events.map(\.type) && events.contains { $0.type == "watch.fired" })
    for (one, other) in zip(events, again) where one.type == "watch.fired" {
      #expect(one.json["value"] == other.json["value"] && one.sequence == other.sequence)
    }
    let found = try await kit.json("POST", "/v1/recordings/\(id)/verify")
    #expect(found["ok"]?.bool == true, "\(found)")
    // A recorded fork of a watched run is executed again too.
    let parent = try await kit.start(Self.body("[\(watch)]", #","record":true"#))
    _ = try await wait(kit, parent, until: "paused")
    let fork = try await kit.json("POST", "/v1/runs/\(parent)/fork", #"{"detach":true,"seed":9}"#)
    let child = try #require(fork["run_id"]?.string)
    _ = try await kit.send("POST", "/v1/runs/\(parent)/cancel")
    while try await kit.json("GET", "/v1/runs/\(child)")["status"]?.string != "finished" {
      _ = try await kit.send("POST", "/v1/runs/\(child)/resume")
    }
    let recording = try await kit.json("GET", "/v1/runs/\(child)")["recording_id"]?.string
    let second = try await kit.json("POST", "/v1/recordings/\(try #require(recording))/verify")
    #expect(second["ok"]?.bool == true, "\(second)")
  }

  @Test func `are a fork's too, unless it has its own or none`() async throws {
    let kit = try await ServerKit.shared()
    let always = #"{"hook":{\#(Self.residual),"reduce":"norm"},"above":0,"then":"mark"}"#
    let run = try await kit.start(Self.body("[\(always)]", #","start":"paused""#))
    _ = try await kit.json("POST", "/v1/runs/\(run)/step", #"{"count":2}"#)
    let deadline = ContinuousClock.now + Patience.limit
    while try await kit.json("GET", "/v1/runs/\(run)")["completion_tokens"]?.integer != 2 {
      try #require(ContinuousClock.now < deadline)
      try await Task.sleep(for: .milliseconds(5))
    }
    _ = try await wait(kit, run, until: "paused")
    for (more, conditions) in [
      ("", Array(repeating: "above", count: 6)), (#","watch":[]"#, []),
      (
        #","watch":[{"surprise":true,"below":1e9,"then":"mark"}]"#,
        Array(repeating: "below", count: 6)
      ),
    ] {
      let fork = try await kit.json("POST", "/v1/runs/\(run)/fork", #"{"detach":true\#(more)}"#)
      let events = try await kit.events(try #require(fork["run_id"]?.string, "\(fork)"))
      #expect(
        events.filter { $0.type == "watch.fired" }.map { $0.json["condition"]?.string }
          == conditions)
    }
    _ = try await kit.send("POST", "/v1/runs/\(run)/cancel")
  }

  @Test func `count a run among the paused ones from its beginning, where they may pause it`() {
    var places = RunPlaces(RunPlaces.Limits(runs: 4))
    let now = ContinuousClock.now
    func take(_ mayPause: Bool) -> Bool {
      (try? places.take(
        .computed(isPaused: false, mayPause: mayPause), client: .own, at: now)) != nil
    }
    #expect([true, true, true].map(take) == [true, true, true])
    #expect(!take(true) && take(false))
    for number in 1...4 { #expect(places.end(of: number) == nil, "it runs, and is not given up") }
  }

  @Test(arguments: [
    (#"{}"#, "watch[0]: hook, text or surprise"),
    (#"5"#, "watch[0] must be an object"),
    (#"{"hook":{RES}}"#, "watch[0]: above, below, changes_by or non_finite"),
    (#"{"hook":{RES},"above":1,"below":2}"#, "watch[0].above and watch[0].below can't go together"),
    (#"{"hook":{RES},"text":"a","above":1}"#, "watch[0].hook and watch[0].text can't go together"),
    (#"{"hook":{RES},"above":"1"}"#, "watch[0].above must be a number"),
    (#"{"hook":{RES},"changes_by":0}"#, "watch[0].changes_by must be greater than 0"),
    (#"{"hook":{RES},"above":1,"then":"stop"}"#, "watch[0].then"),
    (#"{"hook":{RES},"abov":1}"#, "abov"),
    (#"{"hook":{RES,"reduce":"stats"},"above":1}"#, "watch[0].hook.reduce: its numbers mean"),
    (#"{"hook":{RES,"reduce":"topk:2"},"above":1}"#, "watch[0].hook.reduce: its numbers mean"),
    (#"{"hook":{RES,"dtype":"bf16"},"above":1}"#, "watch[0].hook.dtype: a watch compares"),
    (#"{"hook":{RES,"reduce":{"project":[[1]]}},"above":1}"#, "watch[0].hook.reduce.project[0]"),
    (
      #"{"hook":{"layer_name":"transformer.h.5","component":"mlp","capture_input":true},"above":1}"#,
      "watch[0].hook.capture_input: a watch looks at one tensor"
    ),
    (#"{"hook":{"layer_name":"transformer.h.99","component":"mlp"},"above":1}"#, "watch[0].hook"),
    (
      #"{"hook":{"layer_name":"blocks.2.attn.hook_attn_scores"},"non_finite":true}"#,
      "watch the pattern"
    ),
    (
      #"{"hook":{"layer_name":"blocks.2.attn.hook_pattern"},"changes_by":1}"#,
      "choose keys with neurons"
    ),
    (#"{"text":"a","above":1}"#, "watch[0].text and watch[0].above can't go together"),
    (#"{"text":""}"#, "watch[0].text must be 1 to 1000 bytes"),
    (#"{"text":"a","then":"snapshot"}"#, "a snapshot is of a hook's row"),
    (#"{"surprise":true}"#, "watch[0]: above"),
    (#"{"surprise":true,"non_finite":true}"#, "watch[0].surprise and watch[0].non_finite"),
  ])
  func `that mean nothing are refused by field, and what would mean something`(
    watch: String, message: String
  ) async throws {
    let kit = try await ServerKit.shared()
    let watch = watch.replacingOccurrences(of: "RES", with: Self.residual)
    let answer = try await kit.send("POST", "/v1/runs", Self.body("[\(watch)]"))
    #expect(answer.code == 400)
    #expect(try answer.json["error"]?.string?.contains(message) == true, "\(answer.text)")
  }

  @Test func `are bounded in number and directions`() async throws {
    let kit = try await ServerKit.shared()
    let one = #"{"surprise":true,"above":100}"#
    func error(_ list: [String]) async throws -> String {
      let answer = try await kit.send(
        "POST", "/v1/runs", Self.body("[\(list.joined(separator: ","))]"))
      guard answer.code == 400 else { return "\(answer.code)" }
      return try answer.json["error"]?.string ?? ""
    }
    #expect(try await error(Array(repeating: one, count: 64)) == "201")
    #expect(
      try await error(Array(repeating: one, count: 65))
        == "watch must be at most 64 watches, found 65 watches")
    let rows = Array(repeating: "[1,0]", count: 33).joined(separator: ",")
    let many =
      #"{"hook":{\#(Self.residual),"neurons":[3,4],"reduce":{"project":[\#(rows)]}},"above":1e9}"#
    #expect(try await error([many]) == "201")
    #expect(
      try await error([many, many]).contains(
        "watch[1].hook.reduce.project must be at most 64 in all (project on fewer, or in another run)"
      ))
    // Bounded also in what is sent of them, before anything is computed.
    let small = try await ServerKit { $0.captureBudget = 2000 }
    let shot = #"[{"hook":{\#(Self.residual)},"above":1e9,"then":"snapshot"}]"#
    #expect(try await small.send("POST", "/v1/runs", Self.body(shot)).code == 413)
    #expect(
      try await small.send(
        "POST", "/v1/runs", Self.body(shot.replacingOccurrences(of: "snapshot", with: "mark"))
      ).code == 201)
  }
}
