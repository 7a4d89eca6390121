import Foundation
import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// Path patching over HTTP.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerPathTests {
  private static let path = "/v1/analyses"
  private static let contrast =
    #""clean":"When Mary and John went to the store, John gave a drink to","answer":" Mary","wrong":" John","#
    + #""corrupted":"When Mary and John went to the store, Mary gave a drink to""#

  private static func body(_ more: String) -> String {
    #"{"analysis":"path_patching",\#(contrast),\#(more)}"#
  }

  private func rows(_ value: JSONValue?) -> [[Double?]] {
    value?.array?.map { $0.array?.map(\.double) ?? [] } ?? []
  }

  @Test func `a request of PyTorch's plan has PyTorch's answer`() async throws {
    let kit = try await ServerKit.shared()
    let file = try JSONValue(
      parsing: [UInt8](
        Data(
          contentsOf: URL(
            fileURLWithPath: TestModels.root + "/Tests/References/bundled/paths.json"))),
      JSONRules()
    ) { $0 }
    let plan = try #require(file["plans"]?.array?.first)
    func groups(_ member: String) -> String {
      let list = plan[member]?.array ?? []
      return "["
        + list.map { group in
          "["
            + (group.array ?? []).map { place in
              let numbers = ["layer", "head"].compactMap { name in
                place[name]?.integer.flatMap { $0 < 0 ? nil : #","\#(name)":\#($0)"# }
              }
              let positions = place["positions"]?.array.map {
                #","positions":\#($0.compactMap(\.integer))"#
              }
              return
                #"{"component":"\#(place["part"]?.string ?? "")"\#(numbers.joined())\#(positions ?? "")}"#
            }.joined(separator: ",") + "]"
        }.joined(separator: ",") + "]"
    }
    func tokens(_ member: String) -> String {
      let list = file[member]?.array ?? []
      return "["
        + list.map { #"{"tokens":\#(($0.array ?? []).compactMap(\.integer))}"# }.joined(
          separator: ",") + "]"
    }
    func ids(_ member: String) -> [Int64] { (file[member]?.array ?? []).compactMap(\.integer) }
    let found = try await kit.json(
      "POST", Self.path,
      #"{"analysis":"path_patching","clean":\#(tokens("clean")),"corrupted":\#(tokens("corrupted")),"#
        + #""answer":\#(ids("answers")),"wrong":\#(ids("wrong")),"senders":\#(groups("senders")),"#
        + #""receivers":\#(groups("receivers"))}"#)
    let (numbers, expected) = (rows(found["logit_diff"]), rows(plan["differences"]))
    #expect(numbers.map { $0.map { $0 == nil } } == expected.map { $0.map { $0 == nil } })
    let worst = zip(numbers.joined(), expected.joined()).map { abs(($0 ?? 0) - ($1 ?? 0)) }.max()
    #expect((worst ?? 1) < 1e-3 && !expected.isEmpty)
    #expect(found["direction"]?.string == "noising")
    #expect(found["frozen"]?.array?.compactMap(\.string) == ["heads", "mlps"])
    #expect(found["senders"]?.array?.count == 8 && found["receivers"]?.array?.count == 7)
  }

  @Test func `without senders each head before a receiver is one, and all passes are told`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let response = try await kit.send(
      "POST", Self.path,
      Self.body(
        #""receivers":[{"component":"q","layer":2,"head":1},{"component":"v","layer":1}],"stream":true"#
      ))
    let events = try TestEvent.read(response.text)
    let result = try #require(events.dropLast().last?.json)
    #expect(events.suffix(2).map(\.type) == ["analysis.result", "run.finished"])
    let effect = rows(result["effect"])
    // Two layers of four heads come before q; those of the first alone before v.
    #expect(effect.count == 8 && effect.allSatisfy { $0.first ?? nil != nil })
    #expect(effect.map { $0[1] != nil } == [true, true, true, true, false, false, false, false])
    #expect(result["passes"]?.integer == Int64(22))
    #expect(events.compactMap { $0.json["done"]?.integer } == Array(1...22))
  }

  static let refusals: [(more: String, status: Int, error: String)] = [
    (#""senders":[]"#, 400, "receivers is required"),
    (
      #""receivers":7"#, 400,
      "receivers must be an array of places, or of arrays of places, found 7"
    ),
    (#""receivers":[]"#, 400, "receivers must be 1 to 1024 places, found 0 places"),
    (#""receivers":[[]]"#, 400, "receivers[0] must be 1 or more places, found no places"),
    (#""receivers":[{"layer":1}]"#, 400, "receivers[0].component is required"),
    (
      #""receivers":[{"component":"z","layer":1}]"#, 400,
      #"receivers[0].component "z" is not known; known: q, k, v, mlp_in, logits"#
    ),
    (#""receivers":[{"component":"q"}]"#, 400, "receivers[0].layer is required"),
    (
      #""receivers":[{"component":"k","layer":3,"head":2}]"#, 400,
      "receivers[0].head must be from 0 to 1, found 2"
    ),
    (
      #""receivers":[[{"component":"q","layer":3},{"component":"logits"}]]"#, 400,
      "receivers[0]: the logits are read behind all other receivers; name them as a receiver alone"
    ),
    (
      #""receivers":[{"component":"logits","layer":3}]"#, 400,
      "receivers[0].component and receivers[0].layer can't go together: logits has no layer"
    ),
    (
      #""receivers":[{"component":"q","layer":3,"positions":[99]}]"#, 400,
      "receivers[0].positions[0] must be from 0 to 13, found 99"
    ),
    (
      #""senders":[[{"component":"embed"},{"component":"mlp_out","layer":0,"head":1}]],"receivers":[{"component":"logits"}]"#,
      400,
      "senders[0][1].component and senders[0][1].head can't go together: mlp_out has no head"
    ),
    (
      #""senders":[{"component":"z","layer":5}],"receivers":[{"component":"q","layer":5}]"#, 400,
      "senders[0]: no receiver reads what it writes; name receivers in later layers"
    ),
    (
      #""receivers":[{"component":"logits"},{"component":"q","layer":0}]"#, 400,
      "receivers[1]: it reads nothing that a sender writes; name senders in earlier layers"
    ),
    (
      #""receivers":[{"component":"logits"}],"frozen":["norms"]"#, 400,
      #"frozen[0] "norms" is not known; known: heads, mlps"#
    ),
    (
      #""direction":"up","receivers":[{"component":"logits"}]"#, 400,
      #"direction "up" is not known; known: noising, denoising"#
    ),
  ]

  @Test(arguments: refusals.indices) func `a refusal says what is wrong`(index: Int) async throws {
    let kit = try await ServerKit.shared()
    let one = Self.refusals[index]
    let response = try await kit.send("POST", Self.path, Self.body(one.more))
    #expect(response.code == one.status)
    #expect(try response.json["error"]?.string == one.error)
  }
}
