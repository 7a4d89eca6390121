import Foundation
import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// The chat endpoints, with and without activations.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerChatTests {
  private static let greedy = #"{\#(ServerKit.france),"temperature":0,"max_tokens":12"#
  private static let hooks =
    #","activation_hooks":[{"layer_name":"transformer.h.5","component":"residual","hook_id":"r"},"#
    + #"{"layer_name":"transformer.h.15","component":"mlp","hook_id":"m","capture_input":true}]"#

  @Test func `an answer has OpenAI's shape and exact counts`() async throws {
    let kit = try await ServerKit.shared()
    let response = try await kit.send("POST", "/v1/chat/completions", Self.greedy + "}")
    let json = try response.json
    #expect(response.code == 200)
    #expect(response["X-NeuroScope-Run"]?.hasPrefix("run_") == true)
    #expect(json["object"]?.string == "chat.completion")
    #expect(json["model"]?.string == "circuits")
    let choice = json["choices"]?.array?.first
    #expect(choice?["message"]?["role"]?.string == "assistant")
    #expect(choice?["message"]?["content"]?.string?.isEmpty == false)
    #expect(["stop", "length"].contains(choice?["finish_reason"]?.string))
    let usage = json["usage"]
    #expect(
      usage?["total_tokens"]?.integer
        == (usage?["prompt_tokens"]?.integer ?? 0) + (usage?["completion_tokens"]?.integer ?? 0))
  }

  @Test func `a stream says what the whole answer says, then its reason, then the end`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let whole = try await kit.json("POST", "/v1/chat/completions", Self.greedy + "}")
    let stream = try await kit.send(
      "POST", "/v1/chat/completions",
      Self.greedy + #","stream":true,"stream_options":{"include_usage":true}}"#)
    #expect(stream["Content-Type"] == "text/event-stream")
    let events = try TestEvent.read(stream.text)
    #expect(events.last?.json == .string("[DONE]"))
    let chunks = events.dropLast().map(\.json)
    let text = chunks.compactMap {
      $0["choices"]?.array?.first?["delta"]?["content"]?.string
    }.joined()
    #expect(text == whole["choices"]?.array?.first?["message"]?["content"]?.string)
    let reasons = chunks.compactMap { $0["choices"]?.array?.first?["finish_reason"]?.string }
    #expect(reasons.count == 1)
    #expect(chunks.last?["usage"]?["total_tokens"] == whole["usage"]?["total_tokens"])
  }

  @Test func `a stop string ends the answer before it`() async throws {
    let kit = try await ServerKit.shared()
    let json = try await kit.json(
      "POST", "/v1/chat/completions", Self.greedy + #","stop":" of"}"#)
    let choice = json["choices"]?.array?.first
    #expect(choice?["message"]?["content"]?.string?.contains(" of") == false)
    #expect(choice?["finish_reason"]?.string == "stop")
  }

  @Test func `equal seeds give equal text, and several answers are given when asked for`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let body = #"{\#(ServerKit.france),"temperature":1.5,"max_tokens":8,"seed":11,"n":3}"#
    let first = try await kit.json("POST", "/v1/chat/completions", body)
    let second = try await kit.json("POST", "/v1/chat/completions", body)
    #expect(first["choices"]?.array?.count == 3)
    #expect(first["choices"] == second["choices"])
  }

  @Test func `logprobs list each token with its bytes and alternatives`() async throws {
    let kit = try await ServerKit.shared()
    let json = try await kit.json(
      "POST", "/v1/chat/completions", Self.greedy + #","logprobs":true,"top_logprobs":2}"#)
    let choice = json["choices"]?.array?.first
    let entries = try #require(choice?["logprobs"]?["content"]?.array)
    // The token that ends the answer is none of it.
    let hidden: Int64 = choice?["finish_reason"]?.string == "stop" ? 1 : 0
    #expect(Int64(entries.count) + hidden == json["usage"]?["completion_tokens"]?.integer)
    for entry in entries {
      #expect(entry["top_logprobs"]?.array?.count == 2)
      #expect((entry["logprob"]?.double ?? 1) <= 0)
      // At temperature 0 the token drawn is the best one.
      #expect(entry["top_logprobs"]?.array?.first?["token"] == entry["token"])
    }
  }

  @Test func `N tokens give N passes, the prompt's first, inputs before outputs`() async throws {
    let kit = try await ServerKit.shared()
    let json = try await kit.json(
      "POST", "/v1/chat/completions/with_activations", Self.greedy + Self.hooks + "}")
    let passes = Int(json["usage"]?["completion_tokens"]?.integer ?? 0)
    let prompt = Int(json["usage"]?["prompt_tokens"]?.integer ?? 0)
    let residual = try #require(json["activations"]?["r"]?.array)
    #expect(residual.count == passes)
    for (pass, activation) in residual.enumerated() {
      let rows = pass == 0 ? prompt : 1
      #expect(activation["shape"] == [1, .init(rows), 128])
      #expect(activation["dtype"]?.string == "float32")
      #expect(activation["step"]?.integer == Int64(pass))
      let data = activation["data"]?.array?.first?.array
      #expect(data?.count == rows)
      #expect(data?.first?.array?.count == 128)
    }
    let mlp = try #require(json["activations"]?["m"]?.array)
    #expect(mlp.map { $0["is_input"]?.bool } == (0..<passes).flatMap { _ in [true, false] })
  }

  @Test func `each encoding carries the same numbers`() async throws {
    let kit = try await ServerKit.shared()
    func activation(_ encoding: String) async throws -> JSONValue {
      let body = Self.greedy + Self.hooks + #","encoding":"\#(encoding)"}"#
      let json = try await kit.json("POST", "/v1/chat/completions/with_activations", body)
      return try #require(json["activations"]?["r"]?.array?.first)
    }
    let nested = try await activation("nested")
    let list = try await activation("list")
    let text = try await activation("base64")
    let none = try await activation("none")
    let flat = try #require(nested["data"]?.array?.first?.array).flatMap { $0.array ?? [] }
    #expect(list["data"]?.array == flat)
    let bytes = try #require(text["data"]?.string.flatMap { Data(base64Encoded: $0) })
    let floats = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    #expect(floats == flat.map { Float($0.double ?? .nan) })
    #expect(none["data"] == .null)
    #expect(none["shape"] == nested["shape"])
  }

  @Test func `a stream carries each tensor exactly once, as lines of JSON too`() async throws {
    let kit = try await ServerKit.shared()
    let path = "/v1/chat/completions/with_activations"
    let whole = try await kit.json("POST", path, Self.greedy + Self.hooks + "}")
    let body = Self.greedy + Self.hooks + #","stream":true}"#
    let events = try TestEvent.read(try await kit.send("POST", path, body).text)
    let lines = try await kit.send(
      "POST", path, body, fields: ["Accept: application/x-ndjson"])
    #expect(lines["Content-Type"] == "application/x-ndjson")
    let objects = try lines.text.split(separator: "\n").map {
      try JSONValue(parsing: Array($0.utf8))
    }
    for chunks in [events.dropLast().map(\.json), objects] {
      for hook in ["r", "m"] {
        let streamed = chunks.flatMap { $0["activations"]?[hook]?.array ?? [] }
        #expect(.array(streamed) == whole["activations"]?[hook])
      }
    }
  }

  @Test func `all names of one point give equal tensors`() async throws {
    let kit = try await ServerKit.shared()
    let names = [
      ("transformer.h.5", "residual"), ("model.layers.5", "RESIDUAL"), ("layers.5", "residual"),
      ("layers[5]", "residual"), ("blocks.5.hook_resid_post", "residual"),
    ]
    let hooks = names.enumerated().map {
      #"{"layer_name":"\#($1.0)","component":"\#($1.1)","hook_id":"h\#($0)","encoding":"base64"}"#
    }.joined(separator: ",")
    let json = try await kit.json(
      "POST", "/v1/chat/completions/with_activations",
      Self.greedy + #","activation_hooks":[\#(hooks)]}"#)
    let first = json["activations"]?["h0"]?.array?.map { $0["data"] }
    for number in 1..<names.count {
      #expect(json["activations"]?["h\(number)"]?.array?.map { $0["data"] } == first)
    }
  }

  @Test func `a selection before the wire equals the same of the full capture`() async throws {
    let kit = try await ServerKit.shared()
    let base = #""layer_name":"transformer.h.5","component":"residual""#
    let hooks = [
      #"{\#(base),"hook_id":"all"}"#, #"{\#(base),"hook_id":"last","positions":"last"}"#,
      #"{\#(base),"hook_id":"few","neurons":[3,1]}"#,
      #"{\#(base),"hook_id":"norm","reduce":"norm"}"#,
      #"{\#(base),"hook_id":"top","reduce":"topk:2"}"#,
      #"{\#(base),"hook_id":"second","every":2}"#,
    ].joined(separator: ",")
    let json = try await kit.json(
      "POST", "/v1/chat/completions/with_activations",
      Self.greedy + #","activation_hooks":[\#(hooks)]}"#)
    func rows(_ hook: String, _ pass: Int) -> [[Double]] {
      (json["activations"]?[hook]?.array?[pass]["data"]?.array?.first?.array ?? []).map {
        ($0.array ?? []).map { $0.double ?? .nan }
      }
    }
    let full = rows("all", 0)
    #expect(rows("last", 0) == [full.last])
    #expect(rows("few", 0) == full.map { [$0[3], $0[1]] })
    let norms = json["activations"]?["norm"]?.array?.first?["data"]?.array?.first?.array
    for (norm, row) in zip(norms ?? [], full) {
      // Decimals stand for singles; sums run in double precision from the first element to the last.
      let exact = row.map { Double(Float($0)) }
      let expected = Float(exact.reduce(0) { $0 + $1 * $1 }.squareRoot())
      #expect(Float(norm.double ?? 0) == expected)
    }
    let best = full[0].indices.sorted { abs(full[0][$0]) > abs(full[0][$1]) }.prefix(2)
    let top = json["activations"]?["top"]?.array?.first?["data"]?.array?.first?.array?.first
    #expect(top?.array?[0].array?.map { $0.double } == best.map { full[0][$0] })
    #expect(top?.array?[1].array?.map { $0.integer } == best.map { Int64($0) })
    let passes = json["activations"]?["all"]?.array?.count ?? 0
    #expect(json["activations"]?["second"]?.array?.count == (passes + 1) / 2)
  }

  @Test func `registered hooks apply only to requests that ask for them`() async throws {
    let kit = try await ServerKit()
    let register =
      #"{"hooks":[{"layer_name":"transformer.h.1","component":"residual","hook_id":"one"}]}"#
    let answer = try await kit.json("POST", "/v1/activations/hooks", register)
    #expect(answer["registered_hooks"] == ["one"])
    #expect(answer["status"]?.string == "hooks_registered")
    let bad =
      #"{"hooks":[{"layer_name":"transformer.h.2","component":"residual","hook_id":"two"},"#
      + #"{"layer_name":"transformer.h.99","component":"residual"}]}"#
    #expect(try await kit.send("POST", "/v1/activations/hooks", bad).code == 400)
    let listed = try await kit.json("GET", "/v1/activations/hooks")
    #expect(listed["hooks"]?.array?.map { $0["hook_id"] } == [.string("one")])
    let path = "/v1/chat/completions/with_activations"
    let with = try await kit.json("POST", path, Self.greedy + #","use_registered_hooks":true}"#)
    #expect(with["activations"]?["one"]?.array?.isEmpty == false)
    let without = try await kit.json("POST", path, Self.greedy + Self.hooks + "}")
    #expect(without["activations"]?["one"] == nil)
    let cleared = try await kit.send("DELETE", "/v1/activations/hooks?model=circuits")
    #expect(cleared.text == #"{"status":"hooks cleared"}"#)
    #expect(
      try await kit.send("POST", path, Self.greedy + #","use_registered_hooks":true}"#).code == 400)
  }

  @Test func `text goes to tokens and back`() async throws {
    let kit = try await ServerKit.shared()
    let text = "The capital of France is Paris."
    let tokens = try await kit.json("POST", "/v1/tokenize", #"{"text":"\#(text)"}"#)
    let list = try #require(tokens["tokens"]?.array).map { "\($0.integer ?? 0)" }
    let back = try await kit.json(
      "POST", "/v1/detokenize", #"{"tokens":[\#(list.joined(separator: ","))]}"#)
    #expect(back["text"]?.string == text)
    let prompt = try await kit.json("POST", "/v1/apply_template", "{\(ServerKit.france)}")
    #expect(prompt["prompt"]?.string?.contains("What is the capital of France?") == true)
    let completion = try await kit.json(
      "POST", "/v1/completions",
      #"{"prompt":"The capital of France","max_tokens":4,"temperature":0}"#)
    #expect(completion["object"]?.string == "text_completion")
    #expect(completion["choices"]?.array?.first?["text"]?.string?.isEmpty == false)
  }
}
