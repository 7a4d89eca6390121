import Frames
import JSON
import TestKit
import Testing
import Wire

@testable import API
@testable import Runs

/// What may be done to a run while it runs.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerControlTests {
  private static let hook =
    #"{"layer_name":"transformer.h.12","component":"residual","hook_id":"r"}"#

  private static func body(_ more: String = "", hooks: String = hook) -> String {
    #"{"prompt":"The capital of France","max_tokens":10,"temperature":1,"seed":9,"detach":true,"#
      + #""ignore_eos":true,"#
      + #""activation_hooks":[\#(hooks)]\#(more)}"#
  }

  private func frames(_ events: [TestEvent]) throws -> [Int: [Float]] {
    var result: [Int: [Float]] = [:]
    for bytes in events.compactMap(\.frame) {
      let frame = try FrameBytes(checking: bytes)
      result[Int(frame.frame.step)] = try frame.values()
    }
    return result
  }

  @Test func `a paused run goes step by step and says where it is`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body(#","start":"paused""#))
    #expect(try await kit.json("GET", "/v1/runs/\(run)")["status"]?.string == "paused")
    _ = try await kit.json("POST", "/v1/runs/\(run)/step", #"{"count":3}"#)
    #expect(await eventually { await tokens(kit, run) == 3 })
    #expect(await eventually { await status(kit, run) == "paused" })
    #expect(try await kit.send("POST", "/v1/runs/\(run)/resume").code == 200)
    let events = try await kit.events(run)
    #expect(events.last?.type == "run.finished")
    let baseline = try await kit.events(try await kit.start(Self.body()))
    #expect(try frames(events) == frames(baseline))
    #expect(try await kit.send("POST", "/v1/runs/\(run)/pause").code == 409)
  }

  @Test func `a rewound run says the same again`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body(#","start":"paused""#))
    _ = try await kit.json("POST", "/v1/runs/\(run)/step", #"{"count":6}"#)
    #expect(await eventually { await tokens(kit, run) == 6 })
    let before = try await kit.json("GET", "/v1/runs/\(run)")["text"]?.string
    let rewound = try await kit.json("POST", "/v1/runs/\(run)/rewind", #"{"to_step":2}"#)
    #expect(rewound["completion_tokens"]?.integer == 3)
    #expect(before?.hasPrefix(rewound["text"]?.string ?? "?") == true)
    _ = try await kit.json("POST", "/v1/runs/\(run)/step", #"{"count":3}"#)
    #expect(await eventually { await tokens(kit, run) == 6 })
    #expect(try await kit.json("GET", "/v1/runs/\(run)")["text"]?.string == before)
    let beyond = try await kit.json("POST", "/v1/runs/\(run)/rewind", #"{"to_step":60}"#)
    #expect(beyond["code"]?.string == "step_out_of_range")
    _ = try await kit.send("DELETE", "/v1/runs/\(run)")
  }

  @Test func `a fork goes on as its parent does`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body(#","start":"paused""#))
    _ = try await kit.json("POST", "/v1/runs/\(run)/step", #"{"count":4}"#)
    #expect(await eventually { await tokens(kit, run) == 4 })
    let child = try await kit.json("POST", "/v1/runs/\(run)/fork", #"{"detach":true}"#)
    let childID = try #require(child["run_id"]?.string)
    #expect(child["parent_run_id"]?.string == run)
    _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
    let own = try await kit.events(run)
    #expect(own.contains { $0.json["child_run_id"]?.string == childID })
    let forked = try await kit.events(childID)
    #expect(try frames(forked) == frames(own).filter { $0.key >= 4 })
    let texts = try await [
      kit.json("GET", "/v1/runs/\(run)")["text"], kit.json("GET", "/v1/runs/\(childID)")["text"],
    ]
    #expect(texts[0] == texts[1])
  }

  @Test func `an intervention applies from the step it says, and not before`() async throws {
    let kit = try await ServerKit.shared()
    let baseline = try frames(try await kit.events(try await kit.start(Self.body())))
    let run = try await kit.start(Self.body(#","start":"paused""#))
    _ = try await kit.json("POST", "/v1/runs/\(run)/step", #"{"count":3}"#)
    #expect(await eventually { await tokens(kit, run) == 3 })
    let zero =
      #"{"layer_name":"transformer.h.4","component":"mlp","kind":"zero_ablation","intervention_id":"z"}"#
    let applied = try await kit.send("POST", "/v1/runs/\(run)/interventions", zero)
    #expect(applied.code == 201)
    let first = try #require(try applied.json["first_step"]?.integer)
    _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
    let events = try await kit.events(run)
    let announced = events.first { $0.type == "intervention.applied" }
    #expect(announced?.json["intervention_id"]?.string == "z")
    #expect(announced?.json["first_step"]?.integer == first)
    let changed = try frames(events)
    for step in 0..<Int(first) { #expect(changed[step] == baseline[step]) }
    #expect(changed[Int(first)] != baseline[Int(first)])
    // The same, given with the request and beginning at that step, is byte-equal.
    let offline = try await kit.start(
      Self.body(
        #","interventions":[{"layer_name":"transformer.h.4","component":"mlp","kind":"zero","from_step":\#(first)}]"#
      ))
    #expect(try frames(try await kit.events(offline)) == changed)
  }

  @Test func `an intervention taken back in time leaves no trace`() async throws {
    let kit = try await ServerKit.shared()
    let baseline = try frames(try await kit.events(try await kit.start(Self.body())))
    let run = try await kit.start(Self.body(#","start":"paused""#))
    let scale =
      #"{"layer_name":"transformer.h.4","component":"mlp","kind":"scale","strength":0.5,"intervention_id":"s"}"#
    _ = try await kit.send("POST", "/v1/runs/\(run)/interventions", scale)
    #expect(try await kit.send("DELETE", "/v1/runs/\(run)/interventions/s").code == 200)
    #expect(try await kit.send("DELETE", "/v1/runs/\(run)/interventions/s").code == 404)
    _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
    #expect(try frames(try await kit.events(run)) == baseline)
  }

  @Test func `patching from the same run changes nothing, from another it does`() async throws {
    let kit = try await ServerKit.shared()
    let exact = #","frames":{"dtype":"f32","codec":"raw"}"#
    let source = try await kit.start(Self.body(exact))
    let baseline = try frames(try await kit.events(source))
    let patch =
      #","interventions":[{"layer_name":"transformer.h.12","component":"residual","kind":"patch","#
      + #""source":{"run_id":"\#(source)","hook_id":"r"}}]"#
    let same = try await kit.start(Self.body(exact + patch))
    #expect(try frames(try await kit.events(same)) == baseline)
    let other = try await kit.json(
      "POST", "/v1/runs",
      Self.body(
        #","interventions":[{"layer_name":"transformer.h.12","component":"residual","kind":"patch","#
          + #""source":{"run_id":"\#(source)","hook_id":"absent"}}]"#))
    #expect(other["code"]?.string == "no_such_capture")
  }

  @Test func `rows that are sent are patched in as those of a run are`() async throws {
    let kit = try await ServerKit.shared()
    let source = try await kit.start(Self.body(#","frames":{"dtype":"f32","codec":"raw"}"#))
    let rows = try await kit.events(source).compactMap(\.frame).flatMap {
      try FrameBytes(checking: $0).unpacked()
    }
    func patched(_ place: String) -> String {
      Self.body(
        #","interventions":[{"layer_name":"transformer.h.8","component":"residual","kind":"patch","#
          + #""source":\#(place)}]"#)
    }
    let named = try await kit.start(patched(#"{"run_id":"\#(source)","hook_id":"r"}"#))
    let text = String(decoding: Base64.encode(rows), as: UTF8.self)
    let sent = try await kit.start(patched(#"{"rows":"\#(text)"}"#))
    #expect(try frames(try await kit.events(sent)) == frames(try await kit.events(named)))
    for wrong in ["AAAA", "", "!"] {
      let refused = try await kit.json("POST", "/v1/runs", patched(#"{"rows":"\#(wrong)"}"#))
      #expect(
        refused["error"]?.string
          == "interventions[0].source.rows must be base64 of rows of 128 f32 numbers, "
          + "found \(wrong.count) characters")
    }
  }

  @Test func `some heads of a capture are no rows to patch from`() async throws {
    let kit = try await ServerKit.shared()
    // Two of four heads over two positions hold as many numbers as one whole row.
    let source = try await kit.start(
      #"{"tokens":[5,6],"max_tokens":1,"detach":true,"activation_hooks":["#
        + #"{"layer_name":"blocks.3.attn.hook_z","component":"attention","heads":[0,1],"hook_id":"r"}]}"#
    )
    _ = try await kit.events(source)
    let patched = try await kit.json(
      "POST", "/v1/runs",
      #"{"tokens":[5,6],"max_tokens":1,"interventions":[{"layer_name":"blocks.3.attn.hook_z","#
        + #""component":"attention","kind":"patch","source":{"run_id":"\#(source)","hook_id":"r"}}]}"#
    )
    #expect(patched["code"]?.string == "no_such_capture")
  }

  @Test func `hooks can be added and taken off while a run runs`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body(#","start":"paused""#))
    _ = try await kit.json("POST", "/v1/runs/\(run)/step", #"{"count":2}"#)
    #expect(await eventually { await tokens(kit, run) == 2 })
    let change =
      #"{"add":[{"layer_name":"transformer.h.3","component":"attention","hook_id":"new"}],"remove":["r"]}"#
    let changed = try await kit.json("POST", "/v1/runs/\(run)/hooks", change)
    let first = try #require(changed["first_step"]?.integer)
    _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
    let activations = try await kit.events(run).filter { $0.type == "activation" }
    for event in activations {
      let expected = (event.json["step"]?.integer ?? 0) < first ? "r" : "new"
      #expect(event.json["hook_id"]?.string == expected)
    }
    #expect(activations.last?.json["hook_index"]?.integer == 1)
  }

  @Test func `interventions that can't be are refused with the field`() async throws {
    let kit = try await ServerKit.shared()
    let cases: [(String, String)] = [
      (#"{"layer_name":"transformer.h.4","component":"mlp"}"#, "interventions[0].kind is required"),
      (
        #"{"layer_name":"blocks.4.attn.hook_z","component":"attention","kind":"scale","heads":[1,1]}"#,
        "interventions[0]: heads names 1 twice"
      ),
      (
        #"{"layer_name":"transformer.h.4","component":"mlp","kind":"zero","neurons":[]}"#,
        "interventions[0]: neurons is empty, which changes nothing"
      ),
      (
        #"{"layer_name":"transformer.h.4","component":"mlp","kind":"zero","experts":[1]}"#,
        "interventions[0].experts: experts are selected at the router's logits only"
      ),
      (
        #"{"layer_name":"transformer.h.4","component":"mlp","kind":"ban_experts","experts":[1]}"#,
        "interventions[0]: ban_experts is not possible at mlp.output_before_post_norm: "
          + "experts are chosen at the router only"
      ),
      (
        #"{"layer_name":"blocks.4.attn.hook_pattern","component":"attention_pattern","kind":"add","vector":[1]}"#,
        "interventions[0]: add is not possible at attn.hook_pattern: its rows have no fixed length"
      ),
      (
        #"{"layer_name":"blocks.4.ln1.hook_normalized","component":"layernorm","kind":"zero"}"#,
        "interventions[0]: zero is not possible at ln1.hook_normalized: "
          + "this point is read-only; nothing reads it on"
      ),
      (
        #"{"layer_name":"transformer.h.4","component":"mlp","kind":"add","vector":[1,2]}"#,
        "interventions[0]: vector has 2 numbers, the point is 128 wide"
      ),
      (
        #"{"layer_name":"transformer.h.4","component":"mlp","kind":"clamp","low":2,"high":1}"#,
        "interventions[0].low must be at most high (1.0), found 2.0"
      ),
      (
        #"{"layer_name":"transformer.h.4","component":"mlp","kind":"melt"}"#,
        "interventions[0].kind \"melt\" is not known"
      ),
    ]
    for (intervention, sentence) in cases {
      let json = try await kit.json(
        "POST", "/v1/runs", Self.body(#","interventions":[\#(intervention)]"#))
      #expect(json["error"]?.string?.hasPrefix(sentence) == true, "\(json)")
    }
  }

  private func status(_ kit: ServerKit, _ run: String) async -> String? {
    try? await kit.json("GET", "/v1/runs/\(run)")["status"]?.string
  }

  private func tokens(_ kit: ServerKit, _ run: String) async -> Int64? {
    try? await kit.json("GET", "/v1/runs/\(run)")["completion_tokens"]?.integer
  }
}
