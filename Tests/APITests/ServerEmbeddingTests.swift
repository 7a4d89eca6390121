import Foundation
import JSON
import TestKit
import Testing

@testable import API

/// Vectors of texts, and scores of texts behind a prompt.
@Suite(.timeLimit(.minutes(20))) struct ServerEmbeddingTests {
  private func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
    try await ServerKit.shared().json("POST", path, body.json(.compact))
  }

  private func numbers(_ value: JSONValue?) -> [Double] {
    (value?.array ?? []).compactMap(\.double)
  }

  /// The rows that a hook captures of a prompt.
  private func rows(_ text: String, _ layer: String, _ component: String) async throws -> [[Double]]
  {
    let json = try await post(
      "/v1/completions",
      [
        "prompt": .string(text), "max_tokens": 1,
        "activation_hooks": [
          ["layer_name": .string(layer), "component": .string(component), "hook_id": "h"]
        ],
      ])
    return (json["activations"]?["h"]?.array?.first?["data"]?.array?.first?.array ?? []).map {
      numbers($0)
    }
  }

  @Test(arguments: [("mean", 7), ("last", 7), ("mean", nil), ("last", nil)] as [(String, Int?)])
  func `a vector is what a hook sees, pooled`(pooling: String, layer: Int?) async throws {
    let text = "The capital of France is Paris"
    let seen = try await rows(
      text, layer.map { "transformer.h.\($0)" } ?? "model.norm",
      layer == nil ? "final_norm" : "residual")
    #expect(seen.count > 3)
    let json = try await post(
      "/v1/embeddings",
      [
        "input": .string(text), "pooling": .string(pooling), "normalize": false,
        "layer": layer.map { .integer(Int64($0)) } ?? .null,
      ])
    let vector = numbers(json["data"]?.array?.first?["embedding"])
    #expect(vector.count == 128, "\(json)")
    for column in vector.indices {
      let expected =
        pooling == "last"
        ? seen.last?[column] ?? .nan
        : seen.reduce(0) { $0 + $1[column] } / Double(seen.count)
      #expect(abs(vector[column] - expected) < 1e-4)
    }
    #expect(json["pooling"]?.string == pooling)
    #expect(json["layer_name"]?.string?.isEmpty == false)
  }

  @Test func `vectors have length one, bytes are the numbers, tokens are their text`() async throws
  {
    let text = "Once upon a time"
    let tokens = try await post("/v1/tokenize", ["text": .string(text)])["tokens"] ?? .null
    let plain = try await post("/v1/embeddings", ["input": [.string(text), "Other"]])
    let vector = numbers(plain["data"]?.array?.first?["embedding"])
    #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    #expect(plain["data"]?.array?.compactMap { $0["index"]?.integer } == [0, 1])
    let other = try await post(
      "/v1/embeddings", ["input": [tokens, "Other"], "encoding_format": "base64"])
    let data = try #require(
      other["data"]?.array?.first?["embedding"]?.string.flatMap { Data(base64Encoded: $0) })
    let floats = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    #expect(floats == vector.map { Float($0) })
    #expect(other["usage"] == plain["usage"])
  }

  @Test(
    arguments: [
      (["input": "a", "dimensions": 64], "dimensions"), (["input": []], "input"),
      (["input": "a", "layer": 24], "layer"), (["input": "a", "pooling": "max"], "pooling"),
      (["input": [["x"]]], "input[0][0]"), ([:], "input"),
    ] as [(JSONValue, String)])
  func `a vector that cannot be had is refused by name`(body: JSONValue, field: String) async throws
  {
    let json = try await post("/v1/embeddings", body)
    #expect(json["details"]?["field"]?.string == field, "\(json)")
  }

  @Test func `texts are scored behind a prompt as completions score them`() async throws {
    let prompt = "The capital of France is"
    let texts = [" Paris", " London", " Paris.", "x"]
    let json = try await post(
      "/v1/score",
      ["prompt": .string(prompt), "texts": .array(texts.map { .string($0) }), "top_logprobs": 2])
    let scores = try #require(json["scores"]?.array, "\(json)")
    let start = try await post("/v1/tokenize", ["text": .string(prompt)])["tokens"]?.array?.count
    for (text, score) in zip(texts, scores) {
      let echo = try await post(
        "/v1/completions",
        ["prompt": .string(prompt + text), "echo": true, "logprobs": 1, "max_tokens": 0])
      let all = echo["choices"]?.array?.first?["logprobs"]?["token_logprobs"]?.array ?? []
      let expected = numbers(.array(Array(all.dropFirst(start ?? 0))))
      let found = (score["tokens"]?.array ?? []).compactMap { $0["logprob"]?.double }
      #expect(found == expected)
      #expect(abs((score["logprob"]?.double ?? 9) - expected.reduce(0, +)) < 1e-4)
      #expect(score["tokens"]?.array?.allSatisfy { $0["top"]?.array?.count == 2 } == true)
    }
    #expect(scores[0]["is_greedy"] == true)
    #expect((scores[0]["logprob"]?.double ?? -99) > (scores[1]["logprob"]?.double ?? 0) + 1)
  }

  @Test func `tokens over the place where prompt and text meet belong to the text`() async throws {
    let json = try await post("/v1/score", ["prompt": "The cap", "texts": ["ital of France"]])
    let score = try #require(json["scores"]?.array?.first)
    let tokens = (score["tokens"]?.array ?? []).compactMap { $0["token"]?.string }.joined()
    #expect("The capital of France".hasSuffix(tokens))
    #expect(tokens.hasSuffix("ital of France"))
    let alone = try await post("/v1/score", ["texts": ["Once upon a time", ""]])
    #expect(alone["error"] != nil || alone["scores"]?.array?.last?["mean_logprob"] == .null)
    let missing = try await post("/v1/score", ["prompt": "a"])
    #expect(missing["details"]?["field"]?.string == "texts")
  }
}
