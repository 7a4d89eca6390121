import Engine
import Foundation
import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// Circuits in weights over HTTP.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerWeightsTests {
  private static let path = "/v1/analyses"

  private static func body(_ more: String) -> String {
    #"{"analysis":"weight_circuits"\#(more)}"#
  }

  @Test func `heads and compositions are NumPy's`() async throws {
    let kit = try await ServerKit.shared()
    let file = try JSONValue(
      parsing: [UInt8](
        Data(
          contentsOf: URL(
            fileURLWithPath: TestModels.root + "/Tests/References/bundled/weights.json"))),
      JSONRules()
    ) { $0 }
    let found = try await kit.json(
      "POST", Self.path,
      Self.body(#","layers":[6,0,3,12],"fold_norms":false,"directions":0,"edges":2"#))
    try #require(found["layers"]?.array?.compactMap(\.integer) == [0, 3, 6, 12], "\(found)")
    #expect(found["fold_norms"]?.bool == false)
    let (heads, wanted) = (found["heads"]?.array ?? [], file["raw"]?["heads"]?.array ?? [])
    #expect(heads.count == 16 && wanted.count == 16)
    for (head, expected) in zip(heads, wanted) {
      #expect(
        [head["layer"]?.integer, head["head"]?.integer]
          == expected["place"]?.array?.map(\.integer))
      for (name, score) in [("ov", "copying"), ("qk", "matching")] {
        let values = head[name]?["singular_values"]?.array?.compactMap(\.double) ?? []
        let numbers = expected[name]?["singular"]?.array?.compactMap(\.double) ?? []
        let worst = zip(values, numbers).map { abs($0 - $1) }.max() ?? 1
        #expect(values.count == 32 && worst < 1e-4 * (numbers.first ?? 0))
        let one = head[name]?[score]?.double ?? .nan
        #expect(abs(one - (expected[name]?["positivity"]?.double ?? 0)) < 1e-3)
        #expect(head[name]?["directions"]?.array?.isEmpty == true)
      }
    }
    for kind in ["q", "k", "v"] {
      let edges = found["composition"]?[kind]?.array ?? []
      let all = file["raw"]?["edges"]?[kind]?.array?.compactMap { $0["score"]?.double } ?? []
      try #require(edges.count == 2)
      #expect((edges[0]["prefix_matching"] != nil) == (kind == "k"))
      #expect(abs((edges[0]["score"]?.double ?? 0) - (all.max() ?? 0)) < 1e-5)
    }
  }

  @Test func `steps are told, and a job has the same result`() async throws {
    let kit = try await ServerKit.shared()
    let wish = #","layers":[1,2],"directions":1,"top":2,"vectors":true,"edges":1"#
    let events = try TestEvent.read(
      try await kit.send("POST", Self.path, Self.body(wish + #","stream":true"#)).text)
    #expect(events.suffix(2).map(\.type) == ["analysis.result", "run.finished"])
    let result = try #require(events.dropLast().last?.json)
    let total = try #require(result["steps"]?.integer)
    #expect(events.compactMap { $0.json["done"]?.integer } == Array(1...total))
    let direction = try #require(result["heads"]?.array?[0]["ov"]?["directions"]?.array?[0])
    #expect(direction["read"]?.array?.count == 128 && direction["write"]?.array?.count == 128)
    #expect(direction["from"]?.array?.count == 2)
    #expect(direction["to"]?.array?[0]["text"]?.string != nil)
    let begun = try await kit.json("POST", Self.path, Self.body(wish + #","detach":true"#))
    let id = try #require(begun["run_id"]?.string)
    let ended = try await kit.events(id)
    let job = try #require(ended.first { $0.type == "analysis.result" }?.json)
    #expect(job["heads"] == result["heads"] && job["composition"] == result["composition"])
  }

  @Test func `what would hold or answer too much is refused with what is allowed`() async throws {
    for (kit, limit) in [
      (try await ServerKit { $0.engine.captureMemory = 1 << 20 }, (1 << 20) * 3 / 4),
      (try await ServerKit { $0.ringBytes = 64 << 10 }, 32 << 10),
    ] {
      let answer = try await kit.send("POST", Self.path, Self.body(""))
      #expect(answer.code == 413)
      #expect(try answer.json["code"]?.string == "analysis_too_large")
      let sentence = try answer.json["error"]?.string ?? ""
      #expect(sentence.contains("more than the \(limit) allowed"), "\(sentence)")
    }
  }

  @Test func `it is listed with its parameters`() async throws {
    let kit = try await ServerKit.shared()
    let listed = try await kit.json("GET", Self.path)["weights"]?.array ?? []
    #expect(listed.compactMap { $0["name"]?.string } == ["weight_circuits"])
    #expect(
      listed.first?["parameters"]?.array?.compactMap { $0["name"]?.string } == [
        "layers", "fold_norms", "directions", "top", "vectors", "edges", "stream", "detach",
      ])
  }

  static let refusals: [(more: String, status: Int, error: String)] = [
    (#","layers":[24]"#, 400, "layers: 24 is out of range (0 to 23)"),
    (#","fold_norms":1"#, 400, "fold_norms must be true or false, found 1"),
    (#","directions":65"#, 400, "directions must be from 0 to 64, found 65"),
    (#","top":0"#, 400, "top must be from 1 to 50, found 0"),
    (#","edges":10001"#, 400, "edges must be from 0 to 10000, found 10001"),
    (#","model":"none""#, 404, ""),
  ]

  @Test(arguments: refusals.indices) func `a refusal says what is wrong`(index: Int) async throws {
    let kit = try await ServerKit.shared()
    let one = Self.refusals[index]
    let response = try await kit.send("POST", Self.path, Self.body(one.more))
    #expect(response.code == one.status)
    guard !one.error.isEmpty else { return }
    #expect(try response.json["error"]?.string == one.error)
  }
}
