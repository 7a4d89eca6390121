import Foundation
import JSON
import TestKit
import Testing
import Tokenizers

@testable import API

/// Answers that are held to a schema, an expression, a choice or a grammar.
@Suite(.ownThreads, .timeLimit(.minutes(20))) struct ServerConstraintTests {
  static let chat = "/v1/chat/completions"
  static let schema =
    #"{"type":"object","properties":{"name":{"type":"string","maxLength":8},"age":{"type":"integer","minimum":0,"maximum":120},"tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":2}},"required":["name","age","tags"],"additionalProperties":false}"#

  /// Whether a text is an object of ``schema``.
  static func fits(_ text: String) -> Bool {
    guard let value = try? JSONValue(parsing: Array(text.utf8)), let members = value.members else {
      return false
    }
    return members.map(\.name) == ["name", "age", "tags"]
      && (value["name"]?.string?.unicodeScalars.count ?? 99) <= 8
      && (0...120).contains(value["age"]?.integer ?? -1)
      && (value["tags"]?.array.map { $0.count <= 2 && $0.allSatisfy { ["a", "b"].contains($0) } }
        ?? false)
  }

  static let constraints: [(member: String, fits: @Sendable (String) -> Bool)] = [
    (
      #""response_format":{"type":"json_schema","json_schema":{"name":"p","strict":true,"schema":\#(schema)}}"#,
      fits
    ),
    (#""response_format":{"type":"json_object","schema":\#(schema)}"#, fits),
    (#""json_schema":\#(schema)"#, fits), (#""guided_json":\#(schema)"#, fits),
    (#""guided_json":\#(JSONValue.string(schema).json(.compact))"#, fits),
    (#""structured_outputs":{"json":\#(schema)}"#, fits),
    (#""guided_regex":"[A-Z][a-z]{2,5}-\\d{4}""#, { $0.utf8.count <= 11 && $0.contains("-") }),
    (#""structured_outputs":{"regex":"(yes|no)!"}"#, { ["yes!", "no!"].contains($0) }),
    (#""guided_choice":["Paris","London","Rome"]"#, { ["Paris", "London", "Rome"].contains($0) }),
    (#""structured_outputs":{"choice":["x"]}"#, { $0 == "x" }),
    (
      #""grammar":"root ::= \"<\" word \">\" [0-9]{2}\nword ::= (\"ab\" | \"c\"){1,4} # letters""#,
      { $0.first == "<" && $0.contains(">") }
    ),
  ]

  @Test(arguments: constraints.indices, [chat, "/v1/completions"])
  func `an answer is what it was held to, drawn wildly or not`(
    index: Int, path: String
  ) async throws {
    let kit = try await ServerKit.shared()
    let (member, fits) = Self.constraints[index]
    for temperature in [0, 1.5] {
      let prompt = path == Self.chat ? ServerKit.france : #""prompt":"A person:""#
      let body =
        #"{\#(prompt),"max_tokens":200,"temperature":\#(temperature),"top_p":1,"seed":3,\#(member)"#
      let many = try await kit.json("POST", path, body + #","n":3}"#)
      for choice in try #require(many["choices"]?.array, "\(many)") {
        let text = choice["message"]?["content"]?.string ?? choice["text"]?.string ?? ""
        #expect(choice["finish_reason"]?.string == "stop", "\(text)")
        #expect(fits(text), "\(text)")
      }
      #expect(many["warnings"] == nil)
      let stream = try await kit.send("POST", path, body + #","stream":true}"#)
      let chunks = try TestEvent.read(stream.text)
      let streamed = chunks.compactMap { chunk in
        let choice = chunk.json["choices"]?.array?.first
        return choice?["delta"]?["content"]?.string ?? choice?["text"]?.string
      }.joined()
      let first = many["choices"]?.array?.first
      #expect(streamed == first?["message"]?["content"]?.string ?? first?["text"]?.string)
    }
  }

  @Test func `a run is held to it too`() async throws {
    let kit = try await ServerKit.shared()
    let run = try await kit.json(
      "POST", "/v1/runs",
      #"{"prompt":"A person:","max_tokens":200,"temperature":1.2,"guided_json":\#(Self.schema),"detach":true}"#
    )
    let id = try #require(run["run_id"]?.string ?? run["id"]?.string, "\(run)")
    var text: String?
    let ended = await eventually {
      let found = try? await kit.json("GET", "/v1/runs/\(id)")
      text = found?["text"]?.string
      return found?["state"]?.string == "finished" || found?["status"]?.string == "finished"
    }
    #expect(ended)
    let made = try #require(text)
    #expect(Self.fits(made), "\(made)")
  }

  @Test func `what is told of scores is of the tokens that may come, biases or not`() async throws {
    let kit = try await ServerKit.shared()
    let answer = try await kit.json(
      "POST", Self.chat,
      #"{\#(ServerKit.france),"temperature":0,"logprobs":true,"top_logprobs":20,"guided_choice":["yes","no"],"logit_bias":{"5":100}}"#
    )
    let choice = try #require(answer["choices"]?.array?.first, "\(answer)")
    #expect(["yes", "no"].contains(choice["message"]?["content"]?.string ?? ""))
    let first = try #require(choice["logprobs"]?["content"]?.array?.first)
    let top = try #require(first["top_logprobs"]?.array)
    #expect(!top.isEmpty && top.count < 20)
    let letters = Set(top.compactMap { $0["token"]?.string?.first })
    #expect(letters.isSubset(of: ["y", "n"]))
    // All that may come is told, so the shares make a whole.
    let sum = top.compactMap { $0["logprob"]?.double }.reduce(0) { $0 + exp($1) }
    #expect(abs(sum - 1) < 1e-3)
  }

  @Test func `an answer that is cut says so, and begins like one that fits`() async throws {
    let kit = try await ServerKit.shared()
    let answer = try await kit.json(
      "POST", Self.chat,
      #"{\#(ServerKit.france),"max_tokens":4,"temperature":0,"guided_json":\#(Self.schema)}"#)
    let choice = try #require(answer["choices"]?.array?.first)
    #expect(choice["finish_reason"]?.string == "length")
    #expect(choice["message"]?["content"]?.string?.hasPrefix("{") == true)
  }

  @Test func `answers beside it are the same as without it`() async throws {
    let kit = try await ServerKit.shared()
    let body = #"{\#(ServerKit.france),"max_tokens":24,"temperature":0.8,"seed":9}"#
    let alone = try await kit.json("POST", Self.chat, body)
    async let held = kit.json(
      "POST", Self.chat, #"{\#(ServerKit.france),"max_tokens":60,"guided_json":\#(Self.schema)}"#)
    async let beside = kit.json("POST", Self.chat, body)
    #expect(try await beside["choices"] == alone["choices"])
    #expect(try await held["choices"]?.array?.count == 1)
  }

  @Test func `stop strings cut no value, which is told`() async throws {
    let kit = try await ServerKit.shared()
    let response = try await kit.send(
      "POST", Self.chat,
      #"{\#(ServerKit.france),"max_tokens":200,"temperature":0,"stop":["\"","a"],"guided_json":\#(Self.schema)}"#
    )
    let json = try response.json
    #expect(Self.fits(json["choices"]?.array?.first?["message"]?["content"]?.string ?? ""))
    #expect(json["warnings"]?.array?.first?.string?.hasPrefix("stop is not used") == true)
  }

  @Test(arguments: [
    (
      #""response_format":{"type":"json_schema","json_schema":{"schema":{"properties":{"a":{"not":{}}}}}}"#,
      "response_format.json_schema.schema.properties.a.not"
    ),
    (
      #""response_format":{"type":"json_schema","json_schema":{"name":"x"}}"#,
      "response_format.json_schema.schema"
    ),
    (#""response_format":{"type":"xml"}"#, "response_format.type"),
    (#""response_format":{}"#, "response_format.type"),
    (#""guided_json":{"type":"integer","minimum":3,"maximum":2}"#, "guided_json"),
    (#""guided_json":"{""#, "guided_json"), (#""guided_json":[1]"#, "guided_json"),
    (#""guided_regex":"(a"#, "guided_regex"), (#""guided_regex":"\\bx""#, "guided_regex"),
    (#""guided_choice":[]"#, "guided_choice"), (#""guided_choice":["a",1]"#, "guided_choice[1]"),
    (#""guided_choice":[""]"#, "guided_choice"),
    (#""grammar":"root ::= root \"a\"""#, "grammar"), (#""grammar":"start ::= \"a\"""#, "grammar"),
    (#""structured_outputs":{"structural_tag":"x"}"#, "structured_outputs.structural_tag"),
  ]) func `what can't be held to is refused by its path`(member: String, field: String) async throws
  {
    let member = member.hasSuffix("(a") ? member + "\"" : member
    let kit = try await ServerKit.shared()
    for (path, prompt) in [(Self.chat, ServerKit.france), ("/v1/completions", #""prompt":"x""#)] {
      let refused = try await kit.json("POST", path, "{\(prompt),\(member)}")
      #expect(refused["details"]?["field"]?.string == field, "\(refused)")
    }
  }

  @Test func `two constraints at once are refused`() async throws {
    let refused = try await ServerKit.shared().json(
      "POST", Self.chat, #"{\#(ServerKit.france),"guided_regex":"a","guided_choice":["a"]}"#)
    #expect(refused["code"]?.string == "conflicting_fields")
  }

  @Test func `responses are held to text.format, and refuse by its path`() async throws {
    let kit = try await ServerKit.shared()
    let body = #"{"input":"Hi","max_output_tokens":200,"temperature":1.2,"text":{"format":"#
    let found = try await kit.json(
      "POST", "/v1/responses",
      body + #"{"type":"json_schema","name":"p","strict":true,"schema":\#(Self.schema)}}}"#)
    let item = found["output"]?.array?.first?["content"]?.array?.first
    #expect(Self.fits(item?["text"]?.string ?? ""), "\(found)")
    #expect(found["text"]?["format"]?["type"]?.string == "json_schema")
    let refused = try await kit.json(
      "POST", "/v1/responses", body + #"{"type":"json_schema","schema":{"not":{}}}}}"#)
    #expect(refused["details"]?["field"]?.string == "text.format.schema.not")
  }
}
