import Foundation
import HTTP
import HTTPTypes
import JSON
import TestKit
import Testing

@testable import API

/// The other routes of the server that the documented clients were written for.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerOriginalTests {
  private static let given = "When Mary and John went to the store, John gave a drink to"
  private static let swapped = "When Mary and John went to the store, Mary gave a drink to"

  private func numbers(_ value: JSONValue?) -> [Float] {
    value?.array?.map { Float($0.double ?? .nan) } ?? []
  }

  /// What a run is told first, under an intervention: the five likeliest tokens.
  private func expected(_ kit: ServerKit, _ prompt: String, _ interventions: String) async throws
    -> [(token: Int64?, logprob: Float)]
  {
    let run = try await kit.start(
      #"{"prompt":"\#(prompt)","max_tokens":1,"top_logprobs":5,"detach":true,"interventions":[\#(interventions)]}"#
    )
    let token = try #require(try await kit.events(run).first { $0.type == "token" })
    return (token.json["top"]?.array ?? []).map {
      ($0["token_id"]?.integer, Float($0["logprob"]?.double ?? .nan))
    }
  }

  private func told(_ list: JSONValue?) -> [(token: Int64?, logprob: Float)] {
    (list?.array ?? []).map { ($0["token_id"]?.integer, Float($0["logprob"]?.double ?? .nan)) }
  }

  private func expectEqual(
    _ found: [(token: Int64?, logprob: Float)], _ expected: [(token: Int64?, logprob: Float)]
  ) {
    #expect(found.count == 5 && expected.count == 5)
    #expect(found.map(\.token) == expected.map(\.token))
    for (one, other) in zip(found, expected) { #expect(abs(one.logprob - other.logprob) < 1e-4) }
  }

  @Test func `models that can be loaded are told in both shapes`() async throws {
    let kit = try await ServerKit.shared()
    let list = try await kit.json("GET", "/v1/models/available")
    let own = list["models"]?.array ?? []
    let other = list["available_models"]?.array ?? []
    #expect(!own.isEmpty && own.count == other.count)
    for (one, two) in zip(own, other) {
      #expect(one["id"] == two["model_id"] && one["path"] == two["model_path"])
      let files = two["files"]?.array ?? []
      #expect((1...10).contains(files.count))
      #expect(two["size_mb"]?.double == Double(one["bytes"]?.integer ?? -1) / 1_048_576)
    }
    let loaded = list["loaded_models"]?.array ?? []
    #expect(loaded.contains { $0["model_id"]?.string == "circuits" })
    #expect(list["total_loaded"]?.integer == Int64(loaded.count))
    #expect(list["total_available"]?.integer == Int64(own.count))
    #expect(list["search_paths"]?.array?.map(\.string) == ["/"])
    #expect(list["current_model"]?.string != nil)
  }

  @Test func `heads are described by what a capture of their patterns shows`() async throws {
    let kit = try await ServerKit.shared()
    let prompt = "one two three one two three one two"
    let answer = try await kit.json(
      "POST", "/v1/analyze/attention", #"{"prompt":"\#(prompt)","layers":[3,17]}"#)
    let score = try await kit.json(
      "POST", "/v1/score",
      #"{"texts":["\#(prompt)"],"encoding":"nested","activation_hooks":["#
        + #"{"layer_name":"blocks.3.attn.hook_pattern","hook_id":"3"},"#
        + #"{"layer_name":"blocks.17.attn.hook_pattern","hook_id":"17"}]}"#)
    let heads = answer["attention_heads"]?.array ?? []
    #expect(!heads.isEmpty && answer["analyzed_layers"]?.array?.map(\.integer) == [3, 17])
    let tokens = answer["metadata"]?["num_tokens"]?.integer.map { Int($0) } ?? 0
    #expect(tokens > 6)
    for head in heads {
      let layer = "\(head["layer"]?.integer ?? -1)"
      let captured = score["scores"]?.array?.first?["activations"]?[layer]?.array?.first
      let place = Int(head["head"]?.integer ?? -1)
      let rows = (captured?["data"]?.array?.first?.array?[place].array ?? []).map(numbers)
      try #require(rows.count == tokens, "\(score)")
      let first = (1..<tokens).reduce(Float(0)) { $0 + rows[$1][0] } / Float(tokens - 1)
      let before = (1..<tokens).reduce(Float(0)) { $0 + rows[$1][$1 - 1] } / Float(tokens - 1)
      let facts = head["metadata"]
      let scores = facts?["pattern_scores"]
      #expect(abs(Float(scores?["first_token"]?.double ?? -1) - first) < 1e-5)
      #expect(abs(Float(scores?["previous_token"]?.double ?? -1) - before) < 1e-5)
      let largest = rows.dropFirst().flatMap { $0 }.max() ?? 0
      #expect(abs(Float(facts?["max_attention"]?.double ?? -1) - largest) < 1e-6)
      let entropy = rows.flatMap { $0 }.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
      #expect(
        abs(Float(facts?["attention_entropy"]?.double ?? -1) - entropy / Float(tokens)) < 1e-4)
      let received = (0..<tokens).map { key in rows.reduce(0) { $0 + $1[key] } }
      let most = Int(facts?["key_positions"]?.array?.first?.integer ?? -1)
      #expect(received.indices.contains(most) && received[most] == received.max())
      let kinds = [("induction", 0.3), ("previous_token", 0.5), ("first_token", 0.4)]
        .filter { (scores?[$0.0]?.double ?? -1) >= $0.1 }
      let best = kinds.max { scores?[$0.0]?.double ?? 0 < scores?[$1.0]?.double ?? 0 }?.0
      #expect(head["pattern_type"]?.string == best ?? "unknown")
    }
    let induction = heads.first { $0["layer"]?.integer == 17 && $0["head"]?.integer == 0 }
    #expect(induction?["pattern_type"]?.string == "induction")
    let counts = answer["pattern_statistics"]?["pattern_counts"]?.members ?? []
    #expect(counts.reduce(0) { $0 + ($1.value.integer ?? 0) } == Int64(heads.count))
    for name in answer["not_computed"]?.array?.compactMap(\.string) ?? [] where !name.contains("[")
    {
      #expect(answer[name]?.array?.isEmpty ?? answer[name]?.members?.isEmpty == true, "\(name)")
    }
  }

  @Test func `a patch tells what runs with the same interventions are told`() async throws {
    let kit = try await ServerKit.shared()
    let place = #""layer_name":"model.layers.16","component":"attention""#
    let cases = [
      (#"{\#(place)}"#, #"{\#(place),"kind":"zero"}"#),
      (#"{\#(place),"strength":0.25}"#, #"{\#(place),"kind":"scale","strength":0.75}"#),
      (
        #"{\#(place),"type":"scaled_intervention","strength":-2,"target_positions":[11,12]}"#,
        #"{\#(place),"kind":"scale","strength":-2,"positions":[11,12]}"#
      ),
      (
        #"{\#(place),"type":"noise_injection","strength":5}"#,
        #"{\#(place),"kind":"noise","std":0.5,"seed":0}"#
      ),
    ]
    let plain = try await expected(kit, Self.given, "")
    for (theirs, ours) in cases {
      let answer = try await kit.json(
        "POST", "/v1/activations/patch",
        #"{"prompt":"\#(Self.given)","interventions":[\#(theirs)]}"#)
      expectEqual(told(answer["results"]?["baseline"]), plain)
      expectEqual(
        told(answer["results"]?["intervened"]), try await expected(kit, Self.given, ours))
      #expect(answer["results"]?["causal_effect"]?.double ?? 0 > 0)
      #expect(answer["intervention_count"]?.integer == 1 && answer["success"]?.bool == true)
    }
  }

  @Test func `a patched stream is wholly that of the other prompt, and one's own changes nothing`()
    async throws
  {
    let kit = try await ServerKit.shared()
    func patched(_ baseline: String) async throws -> JSONValue? {
      try await kit.json(
        "POST", "/v1/activations/patch",
        #"{"prompt":"\#(Self.given)","baseline_prompt":"\#(baseline)","#
          + #""interventions":[{"layer_name":"model.layers.23","type":"activation_patching"}]}"#)[
          "results"]
    }
    let own = try await patched(Self.given)
    #expect(own?["causal_effect"]?.double == 0 && own?["baseline"] == own?["intervened"])
    let other = try await patched(Self.swapped)
    #expect(other?["causal_effect"]?.double ?? 0 > 0.1)
    expectEqual(told(other?["intervened"]), try await expected(kit, Self.swapped, ""))
  }

  @Test func `a mean over positions is the mean of what is captured there`() async throws {
    let kit = try await ServerKit.shared()
    let score = try await kit.json(
      "POST", "/v1/score",
      #"{"texts":["\#(Self.given)"],"encoding":"nested","activation_hooks":["#
        + #"{"layer_name":"model.layers.9","component":"mlp","hook_id":"m"}]}"#)
    let captured = score["scores"]?.array?.first?["activations"]?["m"]?.array?.first
    let rows = (captured?["data"]?.array?.first?.array ?? []).map(numbers)
    let width = try #require(rows.first?.count)
    let mean = (0..<width).map { column in
      rows.reduce(0) { $0 + $1[column] } / Float(rows.count)
    }
    let place = #""layer_name":"model.layers.9","component":"mlp""#
    let answer = try await kit.json(
      "POST", "/v1/activations/patch",
      #"{"prompt":"\#(Self.given)","interventions":[{\#(place),"type":"mean_ablation"}]}"#)
    expectEqual(
      told(answer["results"]?["intervened"]),
      try await expected(kit, Self.given, #"{\#(place),"kind":"mean","vector":\#(mean)}"#))
  }

  @Test func `places are ranked by what a patch of each does`() async throws {
    let kit = try await ServerKit.shared()
    let found = try await kit.json(
      "POST", "/v1/circuits/discover",
      #"{"prompt":"\#(Self.given)","phenomenon":"ioi","target_layers":["model.layers.0","model.layers.16"],"#
        + #""intervention_types":["zero_ablation","mean_ablation"],"max_circuits":5,"confidence_threshold":0.7}"#
    )
    let circuits = found["circuits"]?.array ?? []
    #expect(circuits.count == 5 && found["total_results"]?.integer == 8)
    let effects = circuits.map { $0["causal_effect"]?.double ?? -1 }
    #expect(effects == effects.sorted(by: >) && (effects.last ?? -1) >= 0)
    for circuit in circuits {
      let place = ["layer_name", "component"].map { "\"\($0)\":\"\(circuit[$0]?.string ?? "")\"" }
      let answer = try await kit.json(
        "POST", "/v1/activations/patch",
        #"{"prompt":"\#(Self.given)","interventions":[{\#(place.joined(separator: ",")),"#
          + #""type":"\#(circuit["intervention_type"]?.string ?? "")"}]}"#)
      #expect(answer["results"]?["causal_effect"] == circuit["causal_effect"])
      #expect(circuit["confidence"] == .null)
      #expect(circuit["phenomenon"]?.string == "ioi")
    }
    #expect(found["answer"]?.string == " Mary")
    let warnings = found["warnings"]?.array?.compactMap(\.string) ?? []
    #expect(warnings.count == 1 && warnings.allSatisfy { $0.hasPrefix("confidence_threshold") })
    let plain = try await kit.json(
      "POST", "/v1/circuits/discover", #"{"prompt":"\#(Self.given)","max_circuits":100}"#)
    #expect(plain["circuits"]?.array?.count == 12 && plain["phenomenon"]?.string == "general")
  }

  @Test func `what can't be answered truly is refused by its field`() async throws {
    let kit = try await ServerKit.shared()
    let (attention, patch, circuits) = (
      "/v1/analyze/attention", "/v1/activations/patch", "/v1/circuits/discover"
    )
    let given = #""prompt":"Once upon a time""#
    for (path, body, code, word) in [
      (attention, "{}", "missing_field", "prompt"),
      (attention, #"{\#(given),"scope":"cross_layer"}"#, "unsupported_field", "attribution_graph"),
      (attention, #"{\#(given),"scope":"all"}"#, "unknown_value", "scope"),
      (attention, #"{\#(given),"layer":[1]}"#, "unknown_field", "layers"),
      (attention, #"{\#(given),"layers":[24]}"#, "invalid_selection", "layers"),
      (patch, #"{\#(given)}"#, "missing_field", "interventions"),
      (patch, #"{\#(given),"interventions":[{}]}"#, "missing_field", "interventions[0].layer_name"),
      (
        patch,
        #"{\#(given),"interventions":[{"layer_name":"model.layers.1","type":"gradient_based"}]}"#,
        "unsupported_field", "attribution_graph"
      ),
      (
        patch,
        #"{\#(given),"interventions":[{"layer_name":"model.layers.1","type":"activation_patching"}]}"#,
        "missing_field", "baseline_prompt"
      ),
      (
        patch,
        #"{\#(given),"baseline_prompt":"x","interventions":[{"layer_name":"model.layers.1","type":"activation_patching"}]}"#,
        "unequal_lengths", "baseline_prompt"
      ),
      (
        patch,
        #"{\#(given),"baseline_prompt":"x","interventions":[{"layer_name":"model.layers.1"}]}"#,
        "conflicting_fields", "baseline_prompt"
      ),
      (
        patch,
        #"{\#(given),"interventions":[{"layer_name":"model.layers.1","target_positions":[99]}]}"#,
        "out_of_range", "target_positions"
      ),
      (
        patch, #"{\#(given),"interventions":[{"layer_name":"model.layers.99"}]}"#,
        "layer_out_of_range", "interventions[0]"
      ),
      (
        patch,
        #"{\#(given),"interventions":[{"layer_name":"model.layers.1","type":"mean_ablation","strength":0.5}]}"#,
        "unsupported_field", "strength"
      ),
      (
        patch,
        #"{\#(given),"interventions":[{"layer_name":"model.layers.1","component":"attention_pattern","type":"mean_ablation"}]}"#,
        "unsupported_field", "positions"
      ),
      (circuits, #"{\#(given),"target_layers":[]}"#, "out_of_range", "target_layers"),
      (
        circuits, #"{\#(given),"intervention_types":["activation_patching"]}"#, "unsupported_field",
        "/v1/analyses"
      ),
      (circuits, #"{\#(given),"target_layers":["nowhere"]}"#, "unknown_layer", "target_layers[0]"),
    ] {
      let answer = try await kit.send("POST", path, body)
      #expect(answer.code == 400, "\(body)")
      #expect(try answer.json["code"]?.string == code, "\(body): \(answer.text)")
      #expect(try answer.json["error"]?.string?.contains(word) == true, "\(answer.text)")
    }
  }

  @Test func `every other route is refused with what to use instead, and written down`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let served = Routes(kit.server.service).all
    let document = try String(
      contentsOfFile: TestModels.root + "/Protocol/original.md", encoding: .utf8)
    for other in OtherRoutes.all {
      let path = other.path.replacing("{id}", with: "one")
      let answer = try await kit.send(
        other.method.rawValue, path, other.method == .post ? "{}" : nil)
      #expect(answer.code == 501, "\(path)")
      #expect(try answer.json["code"]?.string == "not_served")
      #expect(try answer.json["details"]?["instead"]?.string == other.instead)
      // What is named instead is there.
      let named = other.instead.matches(of: /(GET|POST) (\/[a-z0-9_.\/{}]+)/)
      #expect(!named.isEmpty, "\(other.instead)")
      for match in named {
        #expect(
          served.contains { $0.method.rawValue == match.1 && $0.pattern == match.2 },
          "\(match.0)")
      }
      #expect(document.contains("| `\(other.method.rawValue) \(other.path)` | "), "\(path)")
    }
    let rows = document.split(separator: "\n").count {
      $0.contains("| `POST /") || $0.contains("| `GET /")
    }
    #expect(rows == OtherRoutes.all.count + 4)
  }
}
