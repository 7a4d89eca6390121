import Engine
import Frames
import JSON
import Interpretability
import TestKit
import Testing
import Tokenizers

@testable import API
@testable import Runs

/// Analyses that a run streams beside its tokens.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerAnalysisTests {
  private static let all =
    #"[{"name":"logit_lens","top":3},{"name":"direct_logit_attribution"},"#
    + #"{"name":"head_scores"},{"name":"attention_entropy"},{"name":"information_flow"}]"#
  private static let hooks =
    #"[{"layer_name":"transformer.h.3","component":"residual","hook_id":"a"},"#
    + #"{"layer_name":"transformer.h.23","component":"residual","hook_id":"b","positions":"last"}]"#

  private static func body(_ more: String) -> String {
    #"{\#(ServerKit.france),"temperature":0,"max_tokens":5,"detach":true,"#
      + #""top_logprobs":3,\#(more)}"#
  }

  private func tokens(_ events: [TestEvent]) -> [TestEvent] { events.filter { $0.type == "token" } }

  private func results(_ name: String, _ events: [TestEvent]) -> [JSONValue] {
    events.filter { $0.type == "analysis" && $0.json["name"]?.string == name }
      .compactMap { $0.json["result"] }
  }

  private func floats(_ value: JSONValue?) -> [Float] {
    value?.array?.map { Float($0.double ?? .nan) } ?? []
  }

  private func expect(_ found: [Float], _ expected: [Float], within tolerance: Float) {
    #expect(found.count == expected.count && !found.isEmpty)
    let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(difference <= tolerance, "differs by \(difference)")
  }

  @Test func `a pass's results stand between its frames and its token`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(
      Self.body(#""analyses":\#(Self.all),"activation_hooks":\#(Self.hooks)"#))
    let events = try await kit.events(run)
    #expect(events.map(\.sequence) == Array(0..<events.count))
    var pass: [String] = []
    var step: Int64 = 0
    for event in events {
      switch event.type {
      case "activation": pass.append("frame")
      case "analysis": pass.append(event.json["name"]?.string ?? "")
      case "token":
        let always = ["frame", "frame", "logit_lens", "direct_logit_attribution"]
        // The heads are scored over the prompt, so in its pass alone.
        let heads = step == 0 ? ["head_scores"] : []
        #expect(pass == always + heads + ["attention_entropy", "information_flow"])
        pass = []
        step += 1
        continue
      default: continue
      }
      #expect(event.json["step"]?.integer == step)
    }
    #expect(step == 5)
    let object = try await kit.json("GET", "/v1/runs/\(run)")
    #expect(
      object["analyses"]?.array?.map(\.string)
        == [
          "logit_lens", "direct_logit_attribution", "head_scores", "attention_entropy",
          "information_flow",
        ])
  }

  @Test func `analyses change no bit of text, logarithms and tensors`() async throws {
    let kit = try await ServerKit.shared()
    var seen: [(tokens: [JSONValue?], frames: [[UInt8]], flags: [FrameFlags])] = []
    for analyses in ["[]", Self.all] {
      let events = try await kit.events(
        try await kit.start(
          Self.body(#""analyses":\#(analyses),"activation_hooks":\#(Self.hooks)"#)))
      let frames = try events.compactMap(\.frame).map { try FrameBytes(checking: $0) }
      seen.append(
        (
          tokens(events).flatMap { [$0.json["text"], $0.json["logprob"], $0.json["top"]] },
          try frames.map { try $0.unpacked() }, frames.map(\.frame.flags)
        ))
    }
    #expect(seen[0].tokens == seen[1].tokens && !seen[0].tokens.isEmpty)
    #expect(seen[0].frames == seen[1].frames && !seen[0].frames.isEmpty)
    // The mark of a pass's last frame is still on the last frame.
    #expect(seen[0].flags == seen[1].flags)
  }

  @Test func `the last layer of the lens says what the model says`() async throws {
    let kit = try await ServerKit.shared()
    let events = try await kit.events(
      try await kit.start(Self.body(#""analyses":[{"name":"logit_lens","top":3}]"#)))
    let lenses = results("logit_lens", events)
    #expect(lenses.count == 5)
    for (lens, token) in zip(lenses, tokens(events)) {
      #expect(lens["layers"]?.array?.count == 24 && lens["positions"]?.array?.count == 1)
      let last = try #require(lens["predictions"]?.array?.last?.array?.first)
      #expect(last["top"] == token.json["top"])
      #expect(last["target"]?["logprob"] == token.json["logprob"])
      #expect(last["target"]?["rank"]?.integer == 0)
      #expect(lens["targets"]?.array?.first?["token_id"] == token.json["token_id"])
    }
  }

  @Test func `the lens of a prompt is the one that is read offline`() async throws {
    let kit = try await ServerKit.shared()
    let truth = try CircuitsTruth.bundled()
    let one = try #require(truth.logit_lens.first)
    let run = try await kit.start(
      #"{"tokens":\#(one.ids),"max_tokens":1,"temperature":0,"analyses":["#
        + #"{"name":"logit_lens","positions":"all","layers":[0,11,23],"top":2}]}"#)
    let lens = try #require(results("logit_lens", try await kit.events(run)).first)
    let (engine, model) = try await offline()
    let expected = try await LogitLens.run(one.ids, top: 2, on: engine, model)
    let rows = try #require(lens["predictions"]?.array)
    for (row, layer) in zip(rows, [0, 11, 23]) {
      let best = row.array?.map { $0["top"]?.array?.first?["token_id"]?.integer }
      #expect(best == one.top_ids[layer].map { Int64($0) })
      for (place, reading) in zip(row.array ?? [], expected.layers[layer]) {
        expect(
          (place["top"]?.array ?? []).map { Float($0["logprob"]?.double ?? .nan) },
          reading.top.map(\.logprob), within: 0)
        guard let target = reading.target else { continue }
        #expect(place["target"]?["rank"]?.integer == Int64(target.rank))
      }
    }
    #expect(rows.count == 3 && rows[0].array?.count == one.ids.count)
  }

  @Test func `the parts of a logit are those of PyTorch and add up`() async throws {
    let kit = try await ServerKit.shared()
    for one in try CircuitsTruth.bundled().direct_logit_attribution {
      let run = try await kit.start(
        #"{"tokens":\#(one.ids),"max_tokens":1,"temperature":0,"analyses":[{"name":"#
          + #""direct_logit_attribution","answer":\#(one.answer_id),"versus":"\#(one.wrong)"}]}"#)
      let found = try #require(
        results("direct_logit_attribution", try await kit.events(run)).first)
      expect(floats(found["attn_out"]), one.attn, within: 2e-3)
      expect(floats(found["mlp_out"]), one.mlp, within: 2e-3)
      expect(
        (found["heads"]?.array ?? []).flatMap(floats), one.heads.flatMap { $0 }, within: 2e-3)
      expect([Float(found["logit"]?.double ?? .nan)], [one.total], within: 2e-3)
      #expect(found["versus"]?["token_id"]?.integer == Int64(one.wrong_id))
    }
  }

  @Test func `the parts of every chosen token's logit add up to it`() async throws {
    let kit = try await ServerKit.shared()
    let events = try await kit.events(
      try await kit.start(Self.body(#""analyses":[{"name":"direct_logit_attribution"}]"#)))
    let found = results("direct_logit_attribution", events)
    #expect(found.count == 5)
    for (result, token) in zip(found, tokens(events)) {
      #expect(result["token"]?["token_id"] == token.json["token_id"])
      let parts =
        floats(result["attn_out"]) + floats(result["mlp_out"])
        + [result["embed"], result["bias"]].map { Float($0?.double ?? .nan) }
      let magnitude = parts.reduce(0) { $0 + abs($1) }
      let logit = Float(result["logit"]?.double ?? .nan)
      #expect(
        abs(parts.reduce(0, +) - logit) <= DirectLogitAttribution.tolerance * magnitude)
      let heads = (result["heads"]?.array ?? []).map { floats($0).reduce(0, +) }
      expect(heads, floats(result["attn_out"]), within: 1e-3)
    }
  }

  @Test func `the scores of heads on repeated sequences are those of PyTorch`() async throws {
    let kit = try await ServerKit.shared()
    let truth = try CircuitsTruth.bundled().heads_by_attention
    var sums: [String: [Float]] = [:]
    for sequence in truth.sequences {
      let run = try await kit.start(
        #"{"tokens":\#(sequence),"max_tokens":1,"analyses":[{"name":"head_scores"}]}"#)
      let found = try #require(results("head_scores", try await kit.events(run)).first)
      for kind in ["previous_token", "duplicate_token", "induction"] {
        let scores = (found[kind]?.array ?? []).flatMap(floats)
        sums[kind] = zip(scores, sums[kind] ?? Array(repeating: 0, count: scores.count)).map(+)
      }
      #expect(found["counts"]?["induction"]?.integer == Int64(sequence.count / 2))
    }
    let count = Float(truth.sequences.count)
    expect(
      sums["induction"]?.map { $0 / count } ?? [], truth.induction.flatMap { $0 }, within: 1e-4)
    expect(
      sums["previous_token"]?.map { $0 / count } ?? [], truth.previous_token.flatMap { $0 },
      within: 1e-4)
    expect(
      sums["duplicate_token"]?.map { $0 / count } ?? [], truth.duplicate_token.flatMap { $0 },
      within: 1e-4)
  }

  @Test func `an entropy is that of the captured pattern`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(
      Self.body(
        #""analyses":[{"name":"attention_entropy","layers":[7]}],"frames":{"dtype":"f32","codec":"raw"},"#
          + #""activation_hooks":[{"layer_name":"blocks.7.attn.hook_pattern","#
          + #""component":"attention_pattern","positions":"last"}]"#))
    let events = try await kit.events(run)
    let frames = events.compactMap(\.frame)
    let found = results("attention_entropy", events)
    #expect(found.count == 5 && frames.count == 5)
    for (result, bytes) in zip(found, frames) {
      let frame = try FrameBytes(checking: bytes)
      let values = try frame.values()
      let keys = try #require(frame.frame.shape.last)
      let expected = stride(from: 0, to: values.count, by: keys).map { start in
        CircuitsTruth.entropy(values[start..<start + keys])
      }
      let entropy = try #require(result["entropy"]?.array?.first?.array)
      expect(entropy.map { floats($0)[0] }, expected, within: 1e-5)
    }
  }

  @Test func `analyses come over a socket in the same order and words`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(Self.body(#""analyses":\#(Self.all)"#))
    let events = try await kit.events(run).filter { $0.type == "analysis" }
    let socket = try await WebSocketTestClient(kit, "/v1/runs/\(run)/socket")
    var frames: [[UInt8]] = []
    var seen: [JSONValue] = []
    while let message = try await socket.message(frames: &frames) {
      if message["type"]?.string == "analysis" { seen.append(message) }
      if message["type"]?.string == "run.finished" { break }
    }
    #expect(seen == events.map(\.json) && !seen.isEmpty)
    // What analyses read is nobody's tensor.
    #expect(frames.isEmpty)
  }

  /// Has a paused run make one token, its `count`-th.
  private func step(_ kit: ServerKit, _ run: String, to count: Int) async throws {
    _ = try await kit.json("POST", "/v1/runs/\(run)/step", "{}")
    #expect(
      await eventually {
        let object = try? await kit.json("GET", "/v1/runs/\(run)")
        return object?["completion_tokens"]?.integer == Int64(count)
          && object?["status"]?.string == "paused"
      })
  }

  @Test func `an analysed run is stepped, forked and given hooks like any other`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(
      Self.body(#""start":"paused","analyses":[{"name":"logit_lens","layers":[23]}]"#))
    for step in 0..<3 {
      try await self.step(kit, run, to: step + 1)
      if step == 0 {
        _ = try await kit.json("POST", "/v1/runs/\(run)/hooks", #"{"add":\#(Self.hooks)}"#)
      }
    }
    let child = try await kit.json("POST", "/v1/runs/\(run)/fork", "{}")
    #expect(child["analyses"]?.array?.map(\.string) == ["logit_lens"])
    _ = try await kit.json("POST", "/v1/runs/\(run)/resume")
    let parent = try await kit.events(run)
    let fork = try await kit.events(try #require(child["run_id"]?.string))
    #expect(results("logit_lens", parent).count == 5)
    #expect(results("logit_lens", fork) == Array(results("logit_lens", parent).suffix(2)))
  }

  @Test func `a flow graph is small, names the token behind it, and holds together`() async throws {
    let kit = try await ServerKit.shared()
    let events = try await kit.events(
      try await kit.start(Self.body(#""analyses":[{"name":"information_flow"}]"#)))
    let found = events.filter { $0.type == "analysis" }
    #expect(found.count == 5)
    for (event, token) in zip(found, tokens(events)) {
      #expect(event.json.json(.compact).utf8.count < 20_000)
      let result = try #require(event.json["result"])
      #expect(result["token"]?["token_id"] == token.json["token_id"])
      let nodes = try #require(result["nodes"]?.array)
      let edges = try #require(result["edges"]?.array)
      let ids = nodes.compactMap { $0["id"]?.string }
      #expect(Set(ids).count == nodes.count && nodes.contains { $0["kind"]?.string == "head" })
      #expect(
        edges.allSatisfy { edge in
          ids.contains(edge["source"]?.string ?? "") && ids.contains(edge["target"]?.string ?? "")
        })
    }
  }

  @Test func `a flow graph goes on after a rewind as it came before it`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(
      Self.body(#""start":"paused","analyses":[{"name":"information_flow"}]"#))
    for step in 0..<4 {
      try await self.step(kit, run, to: step + 1)
    }
    _ = try await kit.json("POST", "/v1/runs/\(run)/rewind", #"{"to_step":1}"#)
    _ = try await kit.json("POST", "/v1/runs/\(run)/resume")
    let graphs = results("information_flow", try await kit.events(run))
    #expect(graphs.count == 7)
    #expect(Array(graphs[2..<4]) == Array(graphs[4..<6]))
  }

  @Test func `a flow graph that would keep too much is refused`() async throws {
    let kit = try await ServerKit { $0.captureBudget = 10_000_000 }
    let refused = try await kit.send(
      "POST", "/v1/runs",
      #"{"tokens":[5,6,7],"max_tokens":400,"analyses":[{"name":"information_flow"}]}"#)
    #expect(refused.code == 413)
    for (member, value) in [("granularity", #""word""#), ("threshold", "0"), ("keep", "0")] {
      let wrong = try await kit.send(
        "POST", "/v1/runs",
        #"{"tokens":[5],"analyses":[{"name":"information_flow","\#(member)":\#(value)}]}"#)
      #expect(wrong.code == 400)
      #expect(try wrong.json["details"]?["field"]?.string == "analyses[0].\(member)")
    }
  }

  @Test func `what analyses read and tell counts in the estimate`() async throws {
    let kit = try await ServerKit { $0.captureBudget = 200_000 }
    let small = #"{"tokens":[5,6,7],"max_tokens":2,"analyses":[{"name":"logit_lens"}]}"#
    let large = #"{"tokens":[5,6,7],"max_tokens":20,"analyses":[{"name":"logit_lens"}]}"#
    #expect(try await kit.send("POST", "/v1/runs", small).code == 201)
    let refused = try await kit.send("POST", "/v1/runs", large)
    #expect(refused.code == 413)
    // 20 passes of 24 layers: 128 floats read, and 6 tokens told at 60 bytes.
    #expect(try refused.json["details"]?["estimated_bytes"]?.integer == 20 * 24 * (512 + 360))
  }

  @Test func `a result that would fill the memory of recent events is refused`() async throws {
    let kit = try await ServerKit { $0.ringBytes = 1 << 20 }
    let tokens = Array(repeating: 5, count: 100)
    let refused = try await kit.send(
      "POST", "/v1/runs",
      #"{"tokens":\#(tokens),"max_tokens":1,"analyses":[{"name":"logit_lens","positions":"all"}]}"#)
    #expect(refused.code == 413)
    #expect(try refused.json["details"]?["estimated_bytes"]?.integer == 100 * 24 * 360)
    #expect(try refused.json["details"]?["limit_bytes"]?.integer == 1 << 19)
    let run = try await kit.start(#"{"tokens":\#(tokens),"max_tokens":2,"start":"paused"}"#)
    let fork = try await kit.send(
      "POST", "/v1/runs/\(run)/fork",
      #"{"analyses":[{"name":"logit_lens","positions":"all"}]}"#)
    #expect(fork.code == 413)
  }

  @Test func `the analyses that are listed are those that are known`() async throws {
    let kit = try await ServerKit.shared()
    let list = try #require(try await kit.json("GET", "/v1/analyses")["live"]?.array)
    let names = list.compactMap { $0["name"]?.string }
    #expect(!names.isEmpty && list.allSatisfy { $0["parameters"]?.array?.isEmpty == false })
    for name in names {
      let run = try await kit.start(
        #"{"prompt":"a b a","max_tokens":1,"analyses":[{"name":"\#(name)"}]}"#)
      #expect(results(name, try await kit.events(run)).count == 1, "\(name)")
    }
  }

  private func offline() async throws -> (Engine, LoadedModel) {
    let engine = Engine(options: EngineOptions(threads: 1))
    return (engine, try await engine.load(path: TestModels.bundled, id: "bundled"))
  }
}
