import Engine
import Interpretability
import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// Attribution graphs over HTTP: made, streamed, kept, read and forgotten.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerGraphTests {
  private static let path = "/v1/analyses"
  private static let giver =
    #""prompt":"When Mary and John went to the store, John gave a drink to""#

  private func graph(_ kit: ServerKit, _ more: String = giver) async throws -> JSONValue {
    try await kit.json("POST", Self.path, #"{"analysis":"attribution_graph",\#(more)}"#)
  }

  private func refusal(_ more: String) async throws -> (Int, String, String) {
    let answer = try await ServerKit.shared().send(
      "POST", Self.path, #"{"analysis":"attribution_graph",\#(more)}"#)
    let json = try answer.json
    return (answer.code, json["code"]?.string ?? "", json["error"]?.string ?? "")
  }

  @Test func `a graph is made, listed, read and forgotten`() async throws {
    let kit = try await ServerKit.shared()
    let made = try await graph(kit)
    let slug = try #require(made["slug"]?.string, "\(made)")
    #expect(slug.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" })
    #expect(made["targets"]?.array?.first?["text"]?.string == " Mary")
    let listed = try await kit.json("GET", "/v1/graphs")
    #expect(listed["graphs"]?.array?.contains { $0["slug"]?.string == slug } == true)
    let file = try await kit.json("GET", "/v1/graphs/\(slug)")
    let nodes = try #require(file["nodes"]?.array)
    let links = try #require(file["links"]?.array)
    #expect(nodes.count == made["nodes"]?.integer.map { Int($0) })
    #expect(links.count == made["links"]?.integer.map { Int($0) })
    let ids = Set(nodes.compactMap { $0["node_id"]?.string })
    #expect(ids.count == nodes.count)
    for link in links {
      #expect(ids.contains(try #require(link["source"]?.string)))
      #expect(ids.contains(try #require(link["target"]?.string)))
    }
    let gone = try await kit.json("DELETE", "/v1/graphs/\(slug)")
    #expect(gone["status"]?.string == "deleted")
    for method in ["GET", "DELETE"] {
      let answer = try await kit.send(method, "/v1/graphs/\(slug)")
      #expect(answer.code == 404)
      #expect(try answer.json["code"]?.string == "graph_not_found")
    }
  }

  @Test func `streamed, it tells of every step and of links as found, then the same result`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let answer = try await kit.send(
      "POST", Self.path, #"{"analysis":"attribution_graph",\#(Self.giver),"stream":true}"#)
    let events = try TestEvent.read(answer.text)
    let types = events.compactMap { $0.json["type"]?.string }
    #expect(types.first == "job.started" && types.last == "run.finished")
    let result = try #require(events.dropLast().last?.json)
    #expect(result["type"]?.string == "analysis.result")
    #expect(types.contains("analysis.rows") && types.contains("analysis.progress"))
    let steps = events.filter { $0.json["type"]?.string == "analysis.progress" }
    let total = try #require(steps.first?.json["total"]?.integer)
    #expect(steps.last?.json["done"]?.integer == total)
    let slug = try #require(result["slug"]?.string)
    let known = try await kit.send("GET", "/v1/graphs/\(slug)")
    #expect(known.code == 200)
    let plain = try await graph(kit)
    #expect(plain["links"] == result["links"])
  }

  @Test func `with thresholds of 1 the links into a logit sum to it`() async throws {
    let kit = try await ServerKit.shared()
    let made = try await graph(
      kit, #""tokens":[929,1776,1149,1757,1895],"node_threshold":1,"edge_threshold":1"#)
    let slug = try #require(made["slug"]?.string, "\(made)")
    let links = try #require(try await kit.json("GET", "/v1/graphs/\(slug)")["links"]?.array)
    for target in made["targets"]?.array ?? [] {
      let weights = links.filter { $0["target"] == target["node_id"] }
        .compactMap { $0["weight"]?.double }
      let logit = try #require(target["logit"]?.double)
      let most = weights.map(\.magnitude).max() ?? 0
      #expect(abs(weights.reduce(0, +) - logit) <= 1e-4 * max(most, 1))
    }
  }

  @Test func `a run's token is followed back as its tokens are`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(
      #"{\#(Self.giver),"max_tokens":4,"temperature":0,"ignore_eos":true,"detach":true}"#)
    let events = try await kit.events(run)
    let made = events.filter { $0.json["type"]?.string == "token" }
      .compactMap { $0.json["token_id"]?.integer }
    #expect(made.count == 4)
    let prompt = try CircuitsTruth.bundled().ioi.prompts[0].ids
    for step in [0, 2, 4] {
      let ofRun = try await graph(kit, #""run_id":"\#(run)","step":\#(step)"#)
      let tokens = prompt.map { Int64($0) } + made.prefix(step)
      let ofTokens = try await graph(kit, #""tokens":\#(tokens)"#)
      #expect(ofRun["slug"]?.string != nil, "\(ofRun)")
      for member in ["tokens", "targets", "nodes", "links", "heads"] {
        #expect(ofRun[member] == ofTokens[member])
      }
      if step < made.count {
        #expect(ofRun["targets"]?.array?.first?["token_id"]?.integer == made[step])
      }
    }
    let last = try await graph(kit, #""run_id":"\#(run)""#)
    #expect(last["tokens"]?.array?.count == prompt.count + 3)
    let (code, name, text) = try await refusal(#""run_id":"\#(run)","step":5"#)
    #expect(code == 400 && name == "out_of_range" && text.hasPrefix("step must be from 0 to 4"))
  }

  @Test func `a fork's token is followed back through what its parent made`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(
      #"{\#(Self.giver),"max_tokens":6,"temperature":0,"ignore_eos":true,"detach":true,"start":"paused"}"#
    )
    _ = try await kit.send("POST", "/v1/runs/\(run)/step", #"{"count":3}"#)
    let isPaused = await eventually {
      let facts = try? await kit.json("GET", "/v1/runs/\(run)")
      return facts?["completion_tokens"]?.integer == 3 && facts?["status"]?.string == "paused"
    }
    #expect(isPaused)
    let fork = try await kit.json("POST", "/v1/runs/\(run)/fork", #"{"detach":true}"#)
    let child = try #require(fork["run_id"]?.string)
    let parents = try await graph(kit, #""run_id":"\#(run)","step":2"#)
    let children = try await graph(kit, #""run_id":"\#(child)","step":2"#)
    #expect(parents["tokens"]?.array?.count == children["tokens"]?.array?.count)
    #expect(parents["heads"] == children["heads"] && parents["heads"] != nil)
    for id in [run, child] { _ = try await kit.send("DELETE", "/v1/runs/\(id)") }
  }

  @Test func `what can't be made is refused by field and value, before any work`() async throws {
    let cases: [(String, Int, String, String)] = [
      (#""tokens":[]"#, 400, "empty_prompt", ""),
      (#""node_threshold":0.5"#, 400, "messages_required", ""),
      (#""tokens":[5],"prompt":"Once""#, 400, "conflicting_fields", "prompt and tokens"),
      (#""tokens":[5],"node_threshold":1.5"#, 400, "out_of_range", "node_threshold must be"),
      (#""tokens":[5],"edge_threshold":"all""#, 400, "wrong_type", "edge_threshold must be"),
      (#""tokens":[5],"max_nodes":0"#, 400, "out_of_range", "max_nodes must be"),
      (#""tokens":[5],"wrong":7"#, 400, "missing_field", "answer is required"),
      (#""tokens":[5],"answer":7,"wrong":7"#, 400, "conflicting_fields", "answer and wrong"),
      (#""tokens":[5],"answer":99999"#, 400, "out_of_range", "answer must be"),
      (#""tokens":[99999]"#, 400, "token_out_of_range", ""),
      (#""tokens":[5],"step":1"#, 400, "missing_field", "run_id is required"),
      (#""run_id":"run_none""#, 404, "run_not_found", ""),
      (
        #""tokens":\#([Int](repeating: 5, count: 60)),"node_threshold":1"#, 400, "out_of_range",
        "max_nodes must be at most"
      ),
      (
        #""tokens":\#([Int](repeating: 5, count: 600))"#, 400, "context_length_exceeded", ""
      ),
    ]
    for (body, code, name, words) in cases {
      let found = try await refusal(body)
      #expect(found.0 == code && found.1 == name, "\(body.prefix(60)): \(found)")
      #expect(found.2.hasPrefix(words), "\(body.prefix(60)): \(found)")
    }
  }

  @Test func `a graph that would take more than the captures' budget is refused with both sizes`()
    async throws
  {
    let kit = try await ServerKit { $0.captureBudget = 1 << 20 }
    let answer = try await kit.send(
      "POST", Self.path, #"{"analysis":"attribution_graph","tokens":[5,6,7,8,9,10]}"#)
    #expect(answer.code == 413)
    let details = try answer.json["details"]
    #expect((details?["estimated_bytes"]?.integer ?? 0) > 1 << 20)
    #expect(details?["limit_bytes"]?.integer == 1 << 20)
  }

  @Test func `a run that is changed has no graph, as the model itself did not make it`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let run = try await kit.start(
      #"{\#(Self.giver),"max_tokens":2,"temperature":0,"detach":true,"interventions":["#
        + #"{"layer_name":"transformer.h.5","component":"attention","kind":"zero"}]}"#)
    let (code, name, text) = try await refusal(#""run_id":"\#(run)""#)
    #expect(code == 400 && name == "conflicting_fields" && text.contains("intervention"))
  }

  @Test func `a graph is checked by cutting, and then says so`() async throws {
    let kit = try await ServerKit.shared()
    let made = try await graph(kit, Self.giver + #","answer":" Mary","wrong":" John""#)
    let slug = try #require(made["slug"]?.string, "\(made)")
    let path = "/v1/graphs/\(slug)"
    let before = try await kit.json("GET", path)
    #expect(before["metadata"]?["verified"] == .null)
    let swapped = #""When Mary and John went to the store, Mary gave a drink to""#
    for (replace, corrupted) in [
      ("zero", ""), ("mean", ""), ("mean", #","corrupted":[\#(swapped)]"#),
      ("corrupted", #","corrupted":\#(swapped)"#),
    ] {
      let check = try await kit.json(
        "POST", path + "/verify", #"{"replace":"\#(replace)"\#(corrupted)}"#)
      #expect(check["metric"]?.string == "logit_diff", "\(check)")
      let whole = try #require(check["whole"]?.double)
      let expected = try CircuitsTruth.bundled().ioi.prompts[0].logit_difference
      #expect(abs(Float(whole) - expected) < 1e-3)
      #expect(check["curve"]?.array?.count == 11)
      #expect(check["heads"]?.array?.count == 20 && check["minimality"] == nil)
      #expect(check["heads"]?.array?[0]["effect"]?.double != nil)
      let after = try await kit.json("GET", path)["metadata"]?["verified"]
      #expect(after?["replace"]?.string == replace)
      #expect(after?["faithfulness"] == check["faithfulness"])
    }
    let plain = try await kit.send("POST", path + "/verify")
    #expect(plain.code == 200)
    #expect(try plain.json["replace"]?.string == "zero")
    let whole = try await kit.json("POST", path + "/verify", #"{"minimality":true}"#)
    let parts = whole["minimality"]?.array ?? []
    #expect(!parts.isEmpty && parts[0]["loss"]?.double != nil)
    #expect(
      whole["passes"]?.integer
        == (try plain.json["passes"]?.integer).map { $0 + Int64(parts.count) })
  }

  @Test func `a graph is checked by edges, each of which one part reads of another`() async throws {
    let kit = try await ServerKit.shared()
    let made = try await graph(kit, Self.giver + #","answer":" Mary","wrong":" John""#)
    let path = "/v1/graphs/" + (try #require(made["slug"]?.string))
    let swapped = #""When Mary and John went to the store, Mary gave a drink to""#
    for body in [
      #"{"by":"edges"}"#, #"{"by":"edges","replace":"mean"}"#,
      #"{"by":"edges","replace":"corrupted","corrupted":\#(swapped)}"#,
    ] {
      let check = try await kit.json("POST", path + "/verify", body)
      #expect(check["by"]?.string == "edges" && check["edges"]?.integer == 12853)
      #expect(check["nodes"]?.integer == 121)
      let whole = try #require(check["whole"]?.double)
      let expected = try CircuitsTruth.bundled().ioi.prompts[0].logit_difference
      #expect(abs(Float(whole) - expected) < 1e-3)
      #expect(check["curve"]?.array?.map { $0["edges"]?.integer }.last == 12853)
      #expect(check["curve"]?.array?.count == 11 && check["heads"]?.array?.count == 20)
      let edges = check["heaviest_edges"]?.array ?? []
      #expect(edges.count == 20)
      #expect(edges.allSatisfy { $0["sender"]?["component"]?.string != nil })
      let scores = try edges.map { abs(try #require($0["score"]?.double)) }
      #expect(scores == scores.sorted(by: >) && scores[0] > 0)
      let after = try await kit.json("GET", path)["metadata"]?["verified"]
      #expect(after?["by"]?.string == "edges")
      #expect(after?["faithfulness"] == check["faithfulness"])
    }
    for (body, name) in [
      (#"{"by":"links"}"#, "unknown_value"), (#"{"by":1}"#, "wrong_type"),
      (#"{"by":"edges","minimality":true}"#, "conflicting_fields"),
    ] {
      let answer = try await kit.send("POST", path + "/verify", body)
      #expect(answer.code == 400, "\(body)")
      #expect(try answer.json["code"]?.string == name, "\(body)")
    }
  }

  @Test func `a check that can't be made is refused by field and value`() async throws {
    let kit = try await ServerKit.shared()
    let made = try await graph(kit)
    let slug = try #require(made["slug"]?.string)
    for (body, code, name) in [
      (#"{"replace":"noise"}"#, 400, "unknown_value"),
      (#"{"replace":5}"#, 400, "wrong_type"),
      (#"{"minimality":1}"#, 400, "wrong_type"),
      (#"{"replace":"corrupted"}"#, 400, "missing_field"),
      (#"{"replace":"corrupted","corrupted":"Once"}"#, 400, "unequal_lengths"),
      (#"{"replace":"mean","corrupted":[{"tokens":[5,6]}]}"#, 400, "unequal_lengths"),
      (
        #"{"replace":"zero","corrupted":{"tokens":\#([Int](repeating: 5, count: 14))}}"#, 400,
        "conflicting_fields"
      ),
      (
        #"{"replace":"corrupted","corrupted":[{"tokens":\#([Int](repeating: 5, count: 14))},{"tokens":\#([Int](repeating: 6, count: 14))}]}"#,
        400, "out_of_range"
      ),
      (#"{"replace":"mean","corrupted":[]}"#, 400, "out_of_range"),
    ] {
      let answer = try await kit.send("POST", "/v1/graphs/\(slug)/verify", body)
      #expect(answer.code == code, "\(body)")
      #expect(try answer.json["code"]?.string == name, "\(body)")
    }
    let unknown = try await kit.send("POST", "/v1/graphs/none/verify")
    #expect(unknown.code == 404)
  }

  @Test func `the graph used longest ago gives way`() async throws {
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let store = GraphStore()
    for number in 0..<GraphStore.mostGraphs + 3 {
      store.keep(.empty("graph_\(number)", of: model))
      _ = store.graph("graph_0") { _ in true }
    }
    let kept = store.all { _ in true }.map(\.slug)
    #expect(kept.count == GraphStore.mostGraphs && kept.contains("graph_0"))
    #expect(!kept.contains("graph_1") && kept.contains("graph_66"))
    #expect(store.graph("graph_0") { _ in false } == nil)
  }
}

extension KeptGraph {
  /// A graph of one token without nodes or links.
  fileprivate static func empty(_ slug: String, of model: LoadedModel) -> KeptGraph {
    KeptGraph(
      slug: slug, of: model, AttributionOptions(),
      AttributionGraph(
        layout: GraphLayout(layers: 1, heads: 1, positions: 1, hasPositions: false), tokens: [5],
        targets: [], nodes: [], links: [], replacement: 0, completeness: 0, headInfluence: [],
        order: []), created: 0, owner: nil)
  }
}
