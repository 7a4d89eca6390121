import Engine
import HTTP
import HTTPTypes
import JSON
import Loops
import StreamKit
import TestKit
import Testing

@testable import API

/// Long texts at every door that reads them.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `Long texts` {
  private static let doors: [(path: String, body: @Sendable (String) -> String)] = [
    ("/v1/runs", { "{\"prompt\":\"\($0)\"}" }),
    ("/v1/runs", { "{\"messages\":[{\"role\":\"user\",\"content\":\"\($0)\"}]}" }),
    ("/v1/completions", { "{\"prompt\":\"\($0)\"}" }),
    ("/v1/chat/completions", { "{\"messages\":[{\"role\":\"user\",\"content\":\"\($0)\"}]}" }),
    (
      "/v1/analyses",
      {
        "{\"analysis\":\"ablation\",\"component\":\"z\",\"clean\":\"\($0)\",\"answer\":5,\"wrong\":6}"
      }
    ),
  ]

  @Test(arguments: doors.indices) func `a prompt that cannot fit is refused by its length`(
    door: Int
  ) async throws {
    let kit = try await ServerKit.shared()
    let (path, body) = Self.doors[door]
    let answer = try await kit.send("POST", path, body(String(repeating: "a", count: 3_000_000)))
    #expect(answer.code == 400)
    let json = try answer.json
    #expect(json["code"]?.string == "context_length_exceeded")
    let details = json["details"]
    #expect(details?["prompt_bytes"]?.integer ?? 0 >= 3_000_000)
    let context = try #require(details?["context_length"]?.integer)
    #expect(details?["least_prompt_tokens"]?.integer ?? 0 > context)
  }

  @Test func `a prompt that could fit is counted, and its tokens told`() async throws {
    let kit = try await ServerKit.shared()
    let context = try #require(kit.server.service.engine.current?.info.contextLength)
    let answer = try await kit.json(
      "POST", "/v1/completions",
      "{\"prompt\":\"\(String(repeating: "1 ", count: context))\"}")
    #expect(answer["code"]?.string == "context_length_exceeded")
    #expect(answer["details"]?["prompt_tokens"]?.integer ?? 0 > Int64(context))
  }

  @Test func `a long text is still tokenised, as its parts are`() async throws {
    let kit = try await ServerKit.shared()
    let line = "Some words, 12 of them.\\n"
    let one = try await kit.json("POST", "/v1/tokenize", "{\"text\":\"\(line)\"}")
    let count = 6000
    let all = try await kit.json(
      "POST", "/v1/tokenize", "{\"text\":\"\(String(repeating: line, count: count))\"}")
    let tokens = try #require(one["tokens"]?.array)
    #expect(all["tokens"]?.array == (0..<count).flatMap { _ in tokens })
  }

  @Test func `a body of too many values is refused`() async throws {
    let kit = try await ServerKit.shared()
    let list = String(repeating: "0,", count: 3_000_000) + "0"
    let answer = try await kit.json("POST", "/v1/runs", "{\"tokens\":[\(list)]}")
    #expect(answer["code"]?.string == "invalid_json")
    #expect(answer["error"]?.string?.contains("too many values") == true)
  }

  @Test func `as much waiting work as may be is refused with 503, and other clients go on`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let refusal = Refusal.work(.busy(waiting: 7, limit: 7)).reply
    #expect(refusal.status == .serviceUnavailable && refusal.code == "overloaded")
    #expect(refusal.fields[.retryAfter] == "1")
    #expect(try await kit.send("GET", "/health").code == 200)
  }
}
