import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// Analyses of several passes: `POST /v1/analyses`.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerSweepTests {
  private static let path = "/v1/analyses"
  private static let names =
    #""clean":"When Mary and John went to the store, John gave a drink to","answer":" Mary","wrong":" John""#
  private static let swapped =
    #""corrupted":"When Mary and John went to the store, Mary gave a drink to""#

  private static func patching(_ more: String) -> String {
    #"{"analysis":"activation_patching",\#(names),\#(swapped),\#(more)}"#
  }

  private func rows(_ value: JSONValue?) -> [[Float]] {
    value?.array?.map { $0.array?.map { Float($0.double ?? .nan) } ?? [] } ?? []
  }

  private func expect(_ found: [Float], _ expected: [Float], within tolerance: Float) {
    #expect(found.count == expected.count && !found.isEmpty)
    let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(difference <= tolerance, "differs by \(difference)")
  }

  @Test func `patched places restore as much as PyTorch says`() async throws {
    let kit = try await ServerKit.shared()
    let truth = try CircuitsTruth.bundled()
    let prompts = truth.ioi.prompts
    let found = try await kit.json(
      "POST", Self.path,
      #"{"analysis":"activation_patching","component":"resid_post","layers":[6],"#
        + #""clean":[\#(prompts.map { "{\"tokens\":\($0.ids)}" }.joined(separator: ","))],"#
        + #""corrupted":[\#(truth.patching.swap.corrupt_ids.map { "{\"tokens\":\($0)}" }.joined(separator: ","))],"#
        + #""answer":\#(prompts.map(\.answer_id)),"wrong":\#(prompts.map(\.wrong_id))}"#)
    expect(rows(found["effect"]).flatMap { $0 }, truth.patching.swap.effect[6], within: 2e-3)
    #expect(found["axes"]?.array?.map(\.string) == ["layer", "position"])
    expect(
      [found["clean"], found["corrupted"]].map { Float($0?.double ?? .nan) },
      [truth.patching.swap.clean, truth.patching.swap.corrupt], within: 1e-3)
    #expect(found["passes"]?.integer == Int64(32 * (3 + 14)))
  }

  @Test func `ablated heads and layers matter as much as PyTorch says`() async throws {
    let kit = try await ServerKit.shared()
    let truth = try CircuitsTruth.bundled().ioi
    let prompts =
      #""clean":[\#(truth.prompts.map { "{\"tokens\":\($0.ids)}" }.joined(separator: ","))],"#
      + #""answer":\#(truth.prompts.map(\.answer_id)),"wrong":\#(truth.prompts.map(\.wrong_id))"#
    let heads = try await kit.json(
      "POST", Self.path,
      #"{"analysis":"ablation","kind":"mean","component":"z","layers":[4,7],\#(prompts)}"#)
    expect(
      rows(heads["effect"]).flatMap { $0 }, truth.head_mean[4] + truth.head_mean[7], within: 2e-3)
    let mlps = try await kit.json(
      "POST", Self.path,
      #"{"analysis":"ablation","component":"mlp_out","layers":[0],\#(prompts)}"#)
    expect(rows(mlps["effect"]).flatMap { $0 }, [truth.mlp_zero[0]], within: 2e-3)
    #expect(mlps["corrupted"] == .null && mlps["axes"]?.array?.last?.string == "layer")
  }

  @Test func `a text, a conversation and tokens are prompts alike`() async throws {
    let kit = try await ServerKit.shared()
    let truth = try CircuitsTruth.bundled().ioi.prompts[0]
    let text = try await kit.json(
      "POST", Self.path, Self.patching(#""component":"resid_post","layers":[5]"#))
    expect([Float(text["clean"]?.double ?? .nan)], [truth.logit_difference], within: 1e-3)
    #expect(text["tokens"]?.array?.count == truth.ids.count)
    let chat = try await kit.json(
      "POST", Self.path,
      #"{"analysis":"ablation","component":"attn_out","layers":[0],"answer":"The","wrong":" The","#
        + #""clean":{\#(ServerKit.france)}}"#)
    #expect((chat["clean"]?.double ?? 0) > 0, "\(chat)")
  }

  @Test(arguments: [#","stream":true"#, ""])
  func `a stream tells how far it is, then the same result`(_ member: String) async throws {
    let kit = try await ServerKit.shared()
    let body = Self.patching(#""component":"z","layers":[3,4,5]\#(member)"#)
    let accepts = member.isEmpty ? ["Accept: text/event-stream"] : []
    let response = try await kit.send("POST", Self.path, body, fields: accepts)
    #expect(response["Content-Type"] == "text/event-stream")
    let events = try TestEvent.read(response.text)
    #expect(events.map(\.sequence) == Array(events.indices))
    #expect(events.first?.type == "job.started" && events.last?.type == "run.finished")
    let progress = events.dropFirst().dropLast(2).map(\.json)
    #expect(progress.allSatisfy { $0["type"]?.string == "analysis.progress" })
    #expect(progress.compactMap { $0["done"]?.integer } == Array(1...15))
    #expect(progress.allSatisfy { $0["total"]?.integer == 15 })
    let whole = try await kit.json(
      "POST", Self.path, Self.patching(#""component":"z","layers":[3,4,5]"#))
    let result = try #require(events.dropLast().last?.json)
    for member in whole.members ?? [] { #expect(result[member.name] == member.value) }
    #expect(rows(whole["effect"]).map(\.count) == [4, 4, 4])
    // It is a run: whoever comes late is told the same.
    let run = try #require(response["X-NeuroScope-Run"])
    #expect(try await kit.events(run).map(\.json) == events.map(\.json))
    #expect(try await kit.json("GET", "/v1/runs/\(run)")["detached"]?.bool == false)
  }

  @Test func `an analysis changes nothing in the runs beside it`() async throws {
    let kit = try await ServerKit.shared()
    let body =
      #"{"prompt":"Once upon a time","max_tokens":60,"temperature":1,"seed":5,"ignore_eos":true,"#
      + #""activation_hooks":[{"layer_name":"transformer.h.9","component":"residual"}]}"#
    let alone = try await kit.events(try await kit.start(body)).compactMap(\.frame)
    let analysis = Task {
      try await kit.json("POST", Self.path, Self.patching(#""component":"resid_mid""#))
    }
    let beside = try await kit.events(try await kit.start(body)).compactMap(\.frame)
    #expect(beside == alone && alone.count == 60)
    #expect(rows(try await analysis.value["effect"]).count == 24)
  }

  @Test func `a failure within a stream is its last event`() async throws {
    let kit = try await ServerKit.shared()
    let long = Array(repeating: 5, count: 600)
    let response = try await kit.send(
      "POST", Self.path,
      #"{"analysis":"ablation","component":"z","layers":[0],"stream":true,"answer":1,"wrong":2,"#
        + #""clean":{"tokens":\#(long)}}"#)
    let events = try TestEvent.read(response.text)
    #expect(events.map(\.type) == ["job.started", "error"])
    #expect(events.last?.json["error"]?["code"]?.string == "context_length_exceeded")
  }

  static let refusals: [(body: String, status: Int, error: String)] = [
    (
      #"{"analysis":"x"}"#, 400,
      #"analysis "x" is not known; known: activation_patching, ablation, path_patching, attribution_graph, weight_circuits"#
    ),
    ("{}", 400, "analysis is required"),
    (#"{"analysis":"ablation"}"#, 400, "component is required"),
    (
      #"{"analysis":"ablation","component":"brain"}"#, 400,
      #"component "brain" is not known; known: resid_pre, resid_mid, resid_post, attn_out, mlp_out, q, k, v, z"#
    ),
    (#"{"analysis":"ablation","component":"z"}"#, 400, "clean is required"),
    (
      #"{"analysis":"ablation","component":"z","clean":[]}"#, 400,
      "clean must be 1 to 256 prompts, found 0 prompts"
    ),
    (
      #"{"analysis":"ablation","component":"z","clean":[{"prompt":7}]}"#, 400,
      "clean[0].prompt must be a string, found 7"
    ),
    (#"{"analysis":"ablation","component":"z","clean":"a"}"#, 400, "answer is required"),
    (
      #"{"analysis":"ablation","component":"z","clean":"a","answer":[1,2],"wrong":1}"#, 400,
      "answer has 2 entries, clean has 1"
    ),
    (
      #"{"analysis":"ablation","component":"z","clean":"a","answer":true,"wrong":1}"#, 400,
      "answer must be a token id or a text, found true"
    ),
    (
      #"{"analysis":"ablation","component":"z","clean":"a","answer":1,"wrong":2,"kind":"mean"}"#,
      400, "clean must be two prompts or more, to have a mean, found 1 prompt"
    ),
    (
      #"{"analysis":"ablation","component":"mlp_out","by":"head","clean":"a","answer":1,"wrong":2}"#,
      400, "component and by can't go together: hook_mlp_out has no heads"
    ),
    (
      #"{"analysis":"activation_patching","component":"z","clean":{"tokens":[1,2]},"#
        + #""corrupted":{"tokens":[1]},"answer":1,"wrong":2}"#, 400,
      "corrupted[0] has 1 tokens, clean[0] has 2; positions must correspond"
    ),
    (
      #"{"analysis":"activation_patching","component":"z","clean":"a","corrupted":["a","b"],"#
        + #""answer":1,"wrong":2}"#, 400, "corrupted has 2 entries, clean has 1"
    ),
    (
      #"{"analysis":"activation_patching","component":"resid_pre","clean":{"tokens":\#(Array(repeating: 5, count: 500))},"#
        + #""corrupted":{"tokens":\#(Array(repeating: 6, count: 500))},"answer":1,"wrong":2}"#, 413,
      "The analysis takes 12003 passes over 500 tokens, more than the 4194304 tokens allowed in all; "
        + "name fewer layers, places or prompts"
    ),
    (
      #"{"analysis":"ablation","component":"z","by":"neuron","clean":"a","answer":1,"wrong":2}"#,
      400, #"by "neuron" is not known; known: layer, head, position"#
    ),
  ]

  @Test(arguments: refusals.indices) func `a refusal says what is wrong`(index: Int) async throws {
    let kit = try await ServerKit.shared()
    let one = Self.refusals[index]
    let response = try await kit.send("POST", Self.path, one.body)
    #expect(response.code == one.status)
    #expect(try response.json["error"]?.string == one.error)
  }
}
