import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// What is told of a run's hooks is what applies now, however often they were changed.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `Changes of hooks` {
  private static let paused =
    #"{"prompt":"Once","max_tokens":12,"ignore_eos":true,"detach":true,"start":"paused"}"#

  private func hook(_ id: String, _ generator: inout SeededGenerator) -> String {
    let layer = Int.random(in: 0..<24, using: &generator)
    return #"{"layer_name":"transformer.h.\#(layer)","component":"mlp","hook_id":"\#(id)"}"#
  }

  private func ids(_ hooks: JSONValue?) -> [String] {
    (hooks?.array ?? []).compactMap { $0["hook_id"]?.string }
  }

  @Test func `the eight hundredth is told as briefly as the first`() async throws {
    let kit = try await ServerKit()
    let run = try await kit.start(Self.paused)
    var generator = SeededGenerator(seed: 9)
    var sizes: [Int] = []
    for change in 0..<801 {
      let hooks = (0..<3).map { hook("h\(change)_\($0)", &generator) }.joined(separator: ",")
      let answer = try await kit.send(
        "POST", "/v1/runs/\(run)/hooks", #"{"activation_hooks":[\#(hooks)]}"#)
      #expect(answer.code == 200)
      sizes.append(answer.body.count)
    }
    // Ids and indices grow by a few digits.
    #expect(try #require(sizes.max()) < #require(sizes.first) + 100)
    #expect(try await kit.send("GET", "/v1/runs/\(run)").body.count < 4000)
    let told = try await kit.json("GET", "/v1/runs/\(run)")["hooks"]
    #expect(ids(told) == (0..<3).map { "h800_\($0)" })
  }

  @Test func `a hook asked for again with another type comes in that type from then on`()
    async throws
  {
    let kit = try await ServerKit()
    let run = try await kit.start(Self.paused)
    var types: [String] = []
    for type in ["bf16", "f32", "f16", "f32"] {
      let changed = try await kit.json(
        "POST", "/v1/runs/\(run)/hooks",
        #"{"add":[{"layer_name":"transformer.h.3","component":"mlp","hook_id":"h","dtype":"\#(type)"}]}"#
      )
      let told = changed["hooks"]?.array?.filter { $0["active"]?.bool == true }
      #expect(told?.compactMap { $0["dtype"]?.string } == [type])
      _ = try await kit.send("POST", "/v1/runs/\(run)/step")
      types.append(type)
    }
    _ = try await kit.send("POST", "/v1/runs/\(run)/resume")
    let came = try await kit.events(run).filter { $0.type == "activation" }
    #expect(came.prefix(4).compactMap { $0.json["dtype"]?.string } == types)
    #expect(came.prefix(4).compactMap { $0.json["hook_index"]?.integer } == [0, 1, 2, 1])
  }

  @Test(arguments: 0..<6) func `a viewer that keeps the last list knows every tensor that comes`(
    seed: UInt64
  ) async throws {
    let kit = try await ServerKit()
    var generator = SeededGenerator(seed: seed)
    let prompt = (0..<300).map { _ in "\(Int.random(in: 10..<1000, using: &generator))" }
      .joined(separator: ",")
    let first = hook("h0", &generator)
    let run = try await kit.start(
      #"{"tokens":[\#(prompt)],"max_tokens":40,"ignore_eos":true,"detach":true,"#
        + #""activation_hooks":[\#(first)]}"#)
    var inForce = ["h0"]
    for _ in 0..<40 {
      let id = "h\(Int.random(in: 0..<8, using: &generator))"
      let body =
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: #"{"remove":["\#(inForce.randomElement(using: &generator) ?? "h0")"]}"#
        case 1: #"{"activation_hooks":[\#(hook(id, &generator))]}"#
        default: #"{"add":[\#(hook(id, &generator))]}"#
        }
      let answer = try await kit.send("POST", "/v1/runs/\(run)/hooks", body)
      guard answer.code == 200 else { continue }
      let list = try answer.json["hooks"]?.array ?? []
      inForce = list.filter { $0["active"]?.bool == true }.compactMap { $0["hook_id"]?.string }
    }
    var known: [Int64: String] = [:]
    for event in try await kit.events(run, query: "?tensors=none&policy=lossless") {
      if let hooks = event.json["hooks"]?.array {
        known = [:]
        for hook in hooks { known[try #require(hook["index"]?.integer)] = hook["hook_id"]?.string }
        #expect(hooks.count <= 16)
      }
      guard event.type == "activation" else { continue }
      let index = try #require(event.json["hook_index"]?.integer)
      #expect(known[index] == event.json["hook_id"]?.string, "\(event.json)")
    }
  }

  @Test func `more hooks or interventions than a run may have are refused with words`() async throws
  {
    let kit = try await ServerKit()
    let run = try await kit.start(Self.paused)
    var generator = SeededGenerator(seed: 1)
    func add(_ count: Int, from first: Int) async throws -> TestResponse {
      let hooks = (first..<first + count).map { hook("n\($0)", &generator) }.joined(separator: ",")
      return try await kit.send(
        "POST", "/v1/runs/\(run)/hooks", #"{"activation_hooks":[\#(hooks)]}"#)
    }
    #expect(try await add(4096, from: 0).code == 200)
    #expect(try await add(4096, from: 4096).code == 200)
    let refused = try await add(1, from: 8192)
    #expect(refused.code == 409)
    #expect(try refused.json["code"]?.string == "too_many_hooks")
    for number in 0..<RunOrder.mostInterventions {
      let answer = try await kit.send(
        "POST", "/v1/runs/\(run)/interventions",
        #"{"layer_name":"transformer.h.1","component":"mlp","kind":"zero","intervention_id":"i\#(number)"}"#
      )
      try #require(answer.code == 201)
    }
    let other =
      #"{"layer_name":"transformer.h.1","component":"mlp","kind":"zero","intervention_id":"other"}"#
    let second = try await kit.send("POST", "/v1/runs/\(run)/interventions", other)
    #expect(try second.json["code"]?.string == "too_many_interventions")
    // One of equal id takes the other's place.
    let same = other.replacing("other", with: "i7")
    #expect(try await kit.send("POST", "/v1/runs/\(run)/interventions", same).code == 201)
  }

  @Test func `a list of runs stays small, whatever they hold`() async throws {
    let kit = try await ServerKit()
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<4 {
      let hooks = (0..<600).map { hook("n\($0)", &generator) }.joined(separator: ",")
      let stop = #""\#(String(repeating: "é", count: 100_000))""#
      _ = try await kit.start(
        #"{"prompt":"Once","max_tokens":4,"detach":true,"start":"paused","stop":[\#(stop)],"#
          + #""activation_hooks":[\#(hooks)]}"#)
    }
    let answer = try await kit.send("GET", "/v1/runs")
    #expect(answer.body.count < 4 * 16 << 10)
    let run = try #require(try answer.json["runs"]?.array?.first)
    #expect(run["hooks"]?.array?.count == 16)
    #expect(run["omitted"]?["hooks"]?.integer == 584)
    #expect(run["omitted"]?["stop"]?.integer == 199_920)
    let whole = try await kit.json("GET", "/v1/runs/\(run["run_id"]?.string ?? "")")
    #expect(whole["hooks"]?.array?.count == 600)
    #expect(whole["omitted"] == nil)
  }
}
