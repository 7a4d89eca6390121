import HTTP
import JSON
import StreamKit
import TestKit
import Testing

@testable import API

/// Ways in which clients of all kinds spell what they ask for.
@Suite(.timeLimit(.minutes(20))) struct ServerDoorTests {
  @Test(arguments: [
    "/v1/models/", "//v1/models", "/v1//models//", "/health/", "/v1/models/circuits/",
    "/v1/models//circuits/hook_points/",
  ])
  func `doubled slashes and one at the end lead to the same place`(path: String) async throws {
    let kit = try await ServerKit.shared()
    let plain = path.split(separator: "/").joined(separator: "/")
    #expect(try await kit.send("GET", path).code == 200)
    #expect(try await kit.send("GET", "/" + plain).code == 200)
    #expect(try await kit.send("GET", path + "nowhere/at/all").code == 404)
  }

  @Test func `a model's name may have slashes, sent plain or encoded, and other names`()
    async throws
  {
    let kit = try await ServerKit(loadsModel: false) {
      $0.aliases = ["gpt-4o": "", "small": "org/tiny-model", "lost": "absent"]
    }
    _ = try await kit.server.service.loadUnchecked(
      path: TestModels.bundled, id: "org/tiny-model", contextLength: nil)
    for name in ["org/tiny-model", "org%2Ftiny-model", "org%2ftiny-model", "gpt-4o", "small"] {
      let json = try await kit.json("GET", "/v1/models/\(name)")
      #expect(json["id"]?.string == "org/tiny-model", "\(name): \(json)")
      let points = try await kit.json("GET", "/v1/models/\(name)/hook_points")
      #expect(points["model_id"]?.string == "org/tiny-model", "\(name): \(points)")
      #expect([200, 202].contains(try await kit.send("GET", "/v1/models/\(name)/heads").code))
    }
    for name in ["org/tiny-model", "gpt-4o", "small"] {
      let json = try await kit.json(
        "POST", "/v1/completions", #"{"model":"\#(name)","prompt":"a","max_tokens":1}"#)
      #expect(json["model"]?.string == "org/tiny-model", "\(json)")
    }
    for name in ["lost", "org", "tiny-model", "org/tiny-model/nothing"] {
      #expect(try await kit.send("GET", "/v1/models/\(name)").code == 404)
    }
  }

  @Test func `no raw end of a line but LF stands in a stream`() async throws {
    let kit = try await ServerKit.shared()
    let odd = "a\u{2028}b\u{2029}c\u{85}d"
    let body =
      (["prompt": .string(odd), "echo": true, "max_tokens": 2, "stream": true] as JSONValue)
    let stream = try await kit.send("POST", "/v1/completions", body.json(.compact))
    #expect(
      !stream.text.unicodeScalars.contains { "\u{2028}\u{2029}\u{85}".unicodeScalars.contains($0) })
    let text = try TestEvent.read(stream.text).compactMap {
      $0.json["choices"]?.array?.first?["text"]?.string
    }.joined()
    #expect(text.hasPrefix(odd))
  }

  @Test func `the preface of HTTP 2 is answered in words`() async throws {
    let kit = try await ServerKit.shared()
    let client = try kit.client()
    await client.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8))
    let answer = TestResponse(try #require(await client.receiveAll()))
    #expect(answer.code == 505)
    #expect(try answer.json["error"]?.string?.contains("HTTP/1.1") == true)
    #expect(try answer.json["code"]?.string == "http_version")
  }

  @Test(arguments: [
    ("[0,4096]", "positions"), (#"{"from":4096}"#, "positions.from"),
    (#"{"from":0,"to":4097}"#, "positions.to"), ("[2147483647]", "positions"),
  ])
  func `positions beyond the context are refused, of hooks and of interventions`(
    positions: String, field: String
  ) async throws {
    let kit = try await ServerKit.shared()
    let length = try await kit.json("GET", "/v1/models/circuits")["context_length"]?.integer ?? 0
    let text = positions.replacing("4096", with: "\(length)").replacing(
      "4097", with: "\(length + 1)")
    let place = #""layer_name":"transformer.h.5","component":"mlp","positions":\#(text)"#
    for (list, more) in [("activation_hooks", ""), ("interventions", #","kind":"zero""#)] {
      let json = try await kit.json(
        "POST", "/v1/runs", #"{"prompt":"a","\#(list)":[{\#(place)\#(more)}]}"#)
      #expect(json["code"]?.string == "invalid_selection", "\(json)")
      #expect(json["details"]?["field"]?.string == "\(list)[0].\(field)")
    }
    let last = #"{"layer_name":"transformer.h.5","component":"mlp","positions":{"to":\#(length)}}"#
    let fine = try await kit.send(
      "POST", "/v1/runs", #"{"prompt":"a","max_tokens":1,"activation_hooks":[\#(last)]}"#)
    #expect(fine.code == 201, "\(fine.text)")
  }

  @Test func `hooks work on plain chat and completions, and change no bit of them`() async throws {
    let kit = try await ServerKit.shared()
    let hooks =
      #","activation_hooks":[{"layer_name":"transformer.h.5","component":"residual","hook_id":"r"}]"#
    for (path, body) in [
      (
        "/v1/chat/completions",
        #"{\#(ServerKit.france),"temperature":0,"max_tokens":4,"logprobs":true"#
      ),
      (
        "/v1/completions",
        #"{"prompt":"Once upon a time there was a","temperature":0,"max_tokens":4,"logprobs":1"#
      ),
    ] {
      let plain = try await kit.json("POST", path, body + "}")
      let seen = try await kit.json("POST", path, body + hooks + "}")
      #expect(seen["choices"] == plain["choices"])
      #expect(plain["activations"] == nil)
      #expect(seen["activations"]?["r"]?.array?.count == 4)
      let stream = try await kit.send("POST", path, body + hooks + #","stream":true}"#)
      let streamed = try TestEvent.read(stream.text).flatMap {
        $0.json["activations"]?["r"]?.array ?? []
      }
      #expect(.array(streamed) == seen["activations"]?["r"])
      let several = try await kit.json("POST", path, body + hooks + #","n":2}"#)
      #expect(several["code"]?.string == "conflicting_fields")
    }
  }
}
