import Foundation
import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// Names of heads over HTTP: found by a job, kept beside the recordings.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerHeadTests {
  private static let path = "/v1/models/circuits/heads"

  /// Asks until the heads are found.
  private func found(_ kit: ServerKit) async throws -> (json: JSONValue, waited: Int) {
    var waited = 0
    while true {
      let answer = try await kit.send("GET", Self.path)
      let json = try answer.json
      guard answer.code == 202 else {
        #expect(answer.code == 200, "\(json)")
        return (json, waited)
      }
      #expect(json["status"]?.string == "running")
      let (done, total) = (json["done"]?.integer ?? -1, json["total"]?.integer ?? 0)
      #expect((0...total).contains(done))
      waited += 1
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  @Test func `heads are named by a job, once, and kept beside the recordings`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "heads-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await ServerKit { $0.recordingsDirectory = folder }
    let (json, waited) = try await found(kit)
    #expect(waited > 0 && json["status"]?.string == "found")
    let heads = try #require(json["heads"]?.array)
    let kinds = try #require(json["kinds"]?.array)
    #expect(heads.count == 96 && kinds.count == 7)
    for head in heads {
      for kind in kinds {
        let name = try #require(kind["name"]?.string)
        let least = try #require(kind["threshold"]?.double)
        let score = try #require(head["scores"]?[name]?.double)
        #expect((head["kinds"]?[name]?.double == score) == (score >= least))
      }
    }
    let tests = json["tests"]?.array?.compactMap { $0["name"]?.string }
    #expect(tests == ["repeats", "copies", "names"])
    #expect(heads.contains { $0["kinds"]?["induction"] != nil })
    // Nothing is found again.
    #expect(try await found(kit).json == json)
    let file = try #require(json["model_hash"]?.string) + ".heads.json"
    #expect(FileManager.default.fileExists(atPath: "\(folder)/\(file)"))
    await kit.server.shutDown()
    let next = try await ServerKit { $0.recordingsDirectory = folder }
    let kept = try await found(next)
    #expect(kept.waited == 0 && kept.json == json)
    await next.server.shutDown()
    // What is no finding is found again, and replaced.
    try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
    let last = try await ServerKit { $0.recordingsDirectory = folder }
    let again = try await found(last)
    #expect(again.waited > 0 && again.json == json)
    await last.server.shutDown()
  }

  @Test func `of a model that is not there nothing is found`() async throws {
    let answer = try await ServerKit.shared().send("GET", "/v1/models/nobody/heads")
    #expect(answer.code == 404)
    #expect(try answer.json["code"]?.string == "model_not_found")
  }
}
