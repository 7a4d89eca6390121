import JSON
import TestKit
import Testing
import Tokenizers

@testable import API
@testable import Engine

/// Text completions that score their prompts, and batches of them.
@Suite(.timeLimit(.minutes(20))) struct ServerScoringTests {
  private func complete(_ body: String) async throws -> JSONValue {
    try await ServerKit.shared().json("POST", "/v1/completions", body)
  }

  private func tokens(_ text: String) async throws -> [Int64] {
    let json = try await ServerKit.shared().json(
      "POST", "/v1/tokenize", (["text": .string(text)] as JSONValue).json(.compact))
    return (json["tokens"]?.array ?? []).compactMap(\.integer)
  }

  @Test func `a repeated prompt comes with how likely its tokens are`() async throws {
    let prompt = "The capital of France is Paris"
    let json = try await complete(
      #"{"prompt":"\#(prompt)","echo":true,"logprobs":3,"max_tokens":0}"#)
    let choice = try #require(json["choices"]?.array?.first, "\(json)")
    #expect(choice["text"]?.string == prompt)
    #expect(choice["finish_reason"]?.string == "length")
    let logprobs = try #require(choice["logprobs"])
    let count = try await tokens(prompt).count
    for name in ["tokens", "token_logprobs", "top_logprobs", "text_offset"] {
      #expect(logprobs[name]?.array?.count == count, "\(name)")
    }
    #expect(logprobs["token_logprobs"]?.array?.first == .null)
    #expect(logprobs["top_logprobs"]?.array?.first == .null)
    #expect(logprobs["tokens"]?.array?.compactMap(\.string).joined() == prompt)
    for (place, value) in (logprobs["token_logprobs"]?.array ?? []).enumerated().dropFirst() {
      let name = try #require(logprobs["tokens"]?.array?[place].string)
      let top = try #require(logprobs["top_logprobs"]?.array?[place])
      #expect(top[name] == value)
      #expect((3...4).contains(top.members?.count ?? 0))
    }
    #expect(json["usage"]?["completion_tokens"]?.integer == 0)
    #expect(json["usage"]?["prompt_tokens"]?.integer == Int64(count))
  }

  @Test func `what follows a prompt is scored as the generation of it was`() async throws {
    let body = #""prompt":"Once upon a time there was","temperature":0,"logprobs":2"#
    let made = try await complete(#"{\#(body),"max_tokens":6,"ignore_eos":true}"#)
    let choice = try #require(made["choices"]?.array?.first)
    let text = "Once upon a time there was" + (choice["text"]?.string ?? "")
    let again = try await complete(
      ([
        "prompt": .string(text), "echo": true, "logprobs": 2, "max_tokens": 0,
      ] as JSONValue).json(.compact))
    let values = choice["logprobs"]?["token_logprobs"]?.array ?? []
    let scored = again["choices"]?.array?.first?["logprobs"]?["token_logprobs"]?.array ?? []
    for (value, other) in zip(values, scored.suffix(values.count)) {
      // One is read as part of a prompt, the other alone: other kernels, the same sums in another order.
      #expect(abs((value.double ?? 9) - (other.double ?? 0)) < 1e-4)
    }
    #expect(values.count == 6)
  }

  @Test func `texts, tokens and batches of both say the same`() async throws {
    let prompts = ["The capital of France is", "Once upon a time", "é ü 🙂 done"]
    var ids: [JSONValue] = []
    for prompt in prompts { ids.append(.array(try await tokens(prompt).map { .integer($0) })) }
    func ask(_ prompt: JSONValue) async throws -> [JSONValue] {
      let json = try await complete(
        ([
          "prompt": prompt, "echo": true, "logprobs": 1, "max_tokens": 3, "temperature": 0,
        ] as JSONValue).json(.compact))
      #expect(json["error"] == nil, "\(json)")
      return json["choices"]?.array ?? []
    }
    let batch = try await ask(.array(prompts.map { .string($0) }))
    #expect(batch.compactMap { $0["index"]?.integer } == [0, 1, 2])
    #expect(try await ask(.array(ids)) == batch)
    #expect(try await ask(.array([.string(prompts[0]), ids[1], ids[2]])) == batch)
    for (place, one) in ids.enumerated() {
      let alone = try #require(try await ask(one).first)
      #expect(alone["text"] == batch[place]["text"])
      #expect(alone["logprobs"] == batch[place]["logprobs"])
    }
  }

  @Test func `offsets count code points, and tokens that are no text have names of their own`()
    async throws
  {
    let prompt = "é 🙂 ok"
    let json = try await complete(
      #"{"prompt":"\#(prompt)","echo":true,"logprobs":20,"max_tokens":0}"#)
    let logprobs = try #require(json["choices"]?.array?.first?["logprobs"])
    let names = (logprobs["tokens"]?.array ?? []).compactMap(\.string)
    let offsets = (logprobs["text_offset"]?.array ?? []).compactMap(\.integer)
    let scalars = Array(prompt.unicodeScalars)
    for (name, offset) in zip(names, offsets) where !name.hasPrefix("bytes:") {
      let rest = String(String.UnicodeScalarView(scalars[Int(offset)...]))
      #expect(rest.hasPrefix(name), "\(name) at \(offset)")
    }
    #expect(names.contains { $0.hasPrefix("bytes:\\x") })
    // Every alternative has a key of its own: 20, and the token itself where it is none of them.
    for top in logprobs["top_logprobs"]?.array?.dropFirst() ?? [] {
      #expect((20...21).contains(top.members?.count ?? 0))
      #expect(Set((top.members ?? []).map(\.name)).count == top.members?.count)
    }
  }

  @Test func `several answers to several prompts are numbered by prompt, and streams say the same`()
    async throws
  {
    let body =
      #"{"prompt":["One two three","Four five"],"n":2,"seed":4,"temperature":1,"max_tokens":4,"logprobs":1,"echo":true"#
    let whole = try await complete(body + "}")
    let choices = try #require(whole["choices"]?.array)
    #expect(choices.count == 4)
    let stream = try await ServerKit.shared().send(
      "POST", "/v1/completions",
      body + #","stream":true,"stream_options":{"include_usage":true}}"#)
    var texts: [Int: String] = [:]
    var values: [Int: [JSONValue]] = [:]
    var usage: JSONValue?
    for event in try TestEvent.read(stream.text).dropLast() {
      usage = event.json["usage"] ?? usage
      guard let choice = event.json["choices"]?.array?.first, let index = choice["index"]?.integer
      else { continue }
      texts[Int(index), default: ""] += choice["text"]?.string ?? ""
      values[Int(index), default: []] += choice["logprobs"]?["token_logprobs"]?.array ?? []
    }
    for (index, choice) in choices.enumerated() {
      #expect(choice["index"]?.integer == Int64(index))
      #expect(choice["text"]?.string?.hasPrefix(index < 2 ? "One two three" : "Four five") == true)
      #expect(choice["text"]?.string == texts[index])
      #expect(choice["logprobs"]?["token_logprobs"]?.array == values[index])
    }
    #expect(usage?["prompt_tokens"] == whole["usage"]?["prompt_tokens"])
    let counts = try await (tokens("One two three").count, tokens("Four five").count)
    #expect(whole["usage"]?["prompt_tokens"]?.integer == Int64(counts.0 + counts.1))
  }

  @Test func `more answers than are made at a time come all, in order`() async throws {
    let prompts = (0..<40).map { JSONValue.string("Number \($0) is") }
    let json = try await complete(
      ([
        "prompt": .array(prompts), "max_tokens": 1, "temperature": 0, "echo": true,
      ] as JSONValue).json(.compact))
    let choices = try #require(json["choices"]?.array)
    #expect(choices.compactMap { $0["index"]?.integer } == Array(0..<40))
    for (place, choice) in choices.enumerated() {
      #expect(choice["text"]?.string?.hasPrefix("Number \(place) is") == true)
    }
  }

  @Test func `the end of an answer and what a stop string takes have no log probabilities`()
    async throws
  {
    let kit = try await ServerKit.shared()
    for (path, body) in [
      ("/v1/completions", #"{"prompt":"Once upon a time","logprobs":1"#),
      ("/v1/chat/completions", #"{\#(ServerKit.france),"logprobs":true"#),
    ] {
      for stop in [#","stop":[" a","e ","the"]"#, ""] {
        let json = try await kit.json(
          "POST", path, body + #","temperature":0,"max_tokens":40\#(stop)}"#)
        let choice = try #require(json["choices"]?.array?.first)
        let text = choice["text"]?.string ?? choice["message"]?["content"]?.string ?? ""
        let names =
          choice["logprobs"]?["tokens"]?.array?.compactMap(\.string)
          ?? choice["logprobs"]?["content"]?.array?.compactMap { $0["token"]?.string } ?? []
        // Together they are the text, but for what the stop string took of the last one.
        let joined = names.joined()
        #expect(joined.hasPrefix(text))
        #expect(names.dropLast().joined().utf8.count < max(text.utf8.count, 1))
      }
    }
  }

  @Test func `minus one asks for what the context has room for`() async throws {
    let kit = try await ServerKit(loadsModel: false)
    _ = try await kit.server.service.loadUnchecked(
      path: TestModels.bundled, id: "circuits", contextLength: 48)
    let json = try await kit.json(
      "POST", "/v1/completions",
      #"{"prompt":"Once","max_tokens":-1,"ignore_eos":true,"temperature":0}"#)
    #expect((json["usage"]?["total_tokens"]?.integer ?? 0) >= 48, "\(json)")
  }

  @Test(arguments: [
    (#"{"prompt":[]}"#, "prompt"), (#"{"prompt":[1,"a"]}"#, "prompt[1]"),
    (#"{"prompt":["a",[99999]]}"#, "prompt[1][0]"), (#"{"prompt":{"a":1}}"#, "prompt"),
    (#"{"prompt":[[]]}"#, ""), (#"{"prompt":"a","logprobs":21}"#, "logprobs"),
    (#"{"prompt":"a","max_tokens":-2}"#, "max_tokens"),
    (#"{"prompt":"a","logit_bias":{"x":1}}"#, "logit_bias"),
    (#"{"prompt":"a","logit_bias":{"5":101}}"#, "logit_bias.5"),
    (#"{"prompt":"a","logit_bias":{"99999":1}}"#, "logit_bias"),
  ])
  func `what cannot be done is refused by name`(body: String, field: String) async throws {
    let json = try await complete(body)
    #expect(json["error"] != nil, "\(json)")
    if !field.isEmpty { #expect(json["details"]?["field"]?.string == field, "\(json)") }
  }

  @Test func `seed -1 draws another seed each time, and a tiny temperature is none`() async throws {
    let body = #"{"prompt":"Once upon a time","max_tokens":12,"ignore_eos":true"#
    var texts: Set<String> = []
    for _ in 0..<4 {
      let json = try await complete(body + #","seed":-1,"temperature":2,"top_p":1}"#)
      texts.insert(json["choices"]?.array?.first?["text"]?.string ?? "")
    }
    #expect(texts.count > 1)
    let greedy = try await complete(body + #","temperature":0}"#)
    for temperature in ["1e-6", "1e-30", "5e-324"] {
      let tiny = try await complete(body + #","temperature":\#(temperature),"top_p":1}"#)
      #expect(tiny["choices"] == greedy["choices"])
    }
  }
}
