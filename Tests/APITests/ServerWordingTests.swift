import Interpretability
import Foundation
import HTTP
import HTTPTypes
import JSON
import TestKit
import Testing

@testable import API
@testable import Runs

/// Every refusal of the documented contract, word for word.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerWordingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let method: String
    let path: String
    let body: String?
    let status: Int
    let error: String

    init(_ line: String, _ body: String? = nil, _ status: Int, _ error: String) {
      let parts = line.split(separator: " ").map(String.init)
      method = parts[0]
      path = parts[1]
      self.body = body
      self.status = status
      self.error = error
    }

    var testDescription: String { "\(method) \(path) \(body ?? "")" }
  }

  private static let user = #""messages":[{"role":"user","content":"hi"}]"#
  private static let chat = "POST /v1/chat/completions"
  private static let capture = "POST /v1/chat/completions/with_activations"

  private static func hook(_ text: String) -> String {
    "{\(user),\"activation_hooks\":[\(text)]}"
  }

  static let cases: [Case] = [
    Case(chat, "", 400, "Request body is required"),
    Case(chat, " \n", 400, "Request body is required"),
    Case(chat, #"{"model":"absent","messages":[]}"#, 404, "Model not found"),
    Case(chat, "{}", 400, "Messages are required"),
    Case(chat, #"{"messages":[]}"#, 400, "Messages are required"),
    Case(
      chat, "{", 400,
      "Request body is not valid JSON: at byte 1 expected a string, found the end of the text"),
    Case(chat, "[1]", 400, "Request body must be a JSON object, found an array of 1"),
    Case(
      chat, "{\(user),\"temperature\":\"hot\"}", 400,
      "temperature must be a number, found \"hot\""),
    Case(chat, "{\(user),\"temperature\":3}", 400, "temperature must be from 0 to 2, found 3"),
    Case(chat, "{\(user),\"max_tokens\":1.5}", 400, "max_tokens must be an integer, found 1.5"),
    Case(
      chat, #"{"messages":[{"role":"user"}]}"#, 400, "messages[0].content is required"),
    Case(
      chat, #"{"messages":[{"role":"king","content":"a"}]}"#, 400,
      "messages[0].role \"king\" is not known; known: system, developer, user, assistant, tool"),
    Case(
      "POST /v1/runs", #"{"tokens":[5,6,7],"max_tokens":5000}"#, 400,
      "This model's maximum context length is 512 tokens, but 5003 were asked for (3 in the prompt, 5000 to generate)"
    ),
    Case(
      "POST /v1/runs", "{\(user),\"analyses\":[{\"name\":\"crystal_ball\"}]}", 400,
      "analyses[0].name \"crystal_ball\" is not known; known: "
        + Analyses.live.map { $0.name }.joined(separator: ", ")),
    Case("POST /v1/runs", "{\(user),\"analyses\":[{}]}", 400, "analyses[0].name is required"),
    Case(
      "POST /v1/runs", "{\(user),\"analyses\":[{\"name\":\"logit_lens\",\"layers\":[24]}]}", 400,
      "analyses[0].layers: 24 is out of range (0 to 23)"),
    Case(
      "POST /v1/runs", "{\(user),\"analyses\":[{\"name\":\"logit_lens\",\"top\":0}]}", 400,
      "analyses[0].top must be from 1 to 50, found 0"),
    Case(
      "POST /v1/runs",
      "{\(user),\"analyses\":[{\"name\":\"head_scores\"},{\"name\":\"head_scores\"}]}", 400,
      "analyses[1].name: head_scores is asked for twice"),
    Case(
      "POST /v1/runs",
      "{\(user),\"analyses\":[{\"name\":\"direct_logit_attribution\",\"answer\":\"Paris, France\"}]}",
      400, "analyses[0].answer: \"Paris, France\" is 5 tokens of this model, one is needed"),
    Case(
      "POST /v1/runs",
      "{\(user),\"analyses\":[{\"name\":\"direct_logit_attribution\",\"versus\":2048}]}",
      400, "analyses[0].versus must be from 0 to 2047, found 2048"),
    Case(capture, "", 400, "Request body is required"),
    Case(capture, #"{"model":"absent"}"#, 404, "Model not found"),
    Case(capture, #"{"activation_hooks":[]}"#, 400, "Messages are required"),
    Case(capture, "{\(user)}", 400, "activation_hooks are required for this endpoint"),
    Case(
      capture, "{\(user),\"activation_hooks\":[]}", 400,
      "activation_hooks are required for this endpoint"),
    Case(
      capture, hook(#"{"layer_name":"transformer.h.24","component":"residual"}"#), 400,
      "activation_hooks[0]: transformer.h.24 names layer 24, but the model has 24 layers (0 to 23); "
        + "nearest: transformer.h.23"),
    Case(
      capture, hook(#"{"layer_name":"transformer.h.5","component":"residul"}"#), 400,
      "activation_hooks[0]: unknown component residul; nearest: residual, expert, key"),
    Case(
      capture, hook(#"{"layer_name":"model.layers.5.mlp","component":"attention"}"#), 400,
      "activation_hooks[0]: layer_name model.layers.5.mlp contradicts component attention; "
        + "valid with it: mlp, moe"),
    Case(
      capture,
      hook(
        #"{"layer_name":"transformer.h.5","component":"mlp","hook_id":"a","capture_output":false}"#),
      400, "activation_hooks[0]: hook a has both capture_input and capture_output false"),
    Case(
      capture,
      hook(
        #"{"layer_name":"transformer.h.5","component":"mlp"},{"layer_name":"transformer.h.5","component":"mlp"}"#
      ),
      400, "activation_hooks[1].hook_id: hook_id transformer.h.5_mlp is used twice"),
    Case(
      capture, hook(#"{"component":"mlp"}"#), 400, "activation_hooks[0].layer_name is required"),
    Case(
      capture, hook(#"{"layer_name":"transformer.h.5","component":"mlp","heads":[0]}"#), 400,
      "activation_hooks[0].heads: mlp.output_before_post_norm has no heads"),
    Case(
      capture, hook(#"{"layer_name":"transformer.h.5","component":"residual","neurons":[128]}"#),
      400, "activation_hooks[0].neurons: 128 is out of range (0 to 127)"),
    Case(
      capture,
      hook(#"{"layer_name":"transformer.h.5","component":"mlp","positions":{"every":2,"from":1}}"#),
      400,
      "activation_hooks[0].positions.every and activation_hooks[0].positions.from can't go together: "
        + "every counts over all positions"),
    Case(
      "POST /v1/runs", #"{"prompt":"a","analyses":[{"name":"logit_lens","heads":1}]}"#, 400,
      "analyses[0].heads must be true or false, found 1"),
    Case("POST /v1/models/load", "", 400, "Request body is required"),
    Case("POST /v1/models/load", "{}", 400, "model_path is required"),
    Case("POST /v1/models/load", #"{"model_path":7}"#, 400, "model_path must be a string, found 7"),
    Case(
      "POST /v1/models/load", #"{"model_path":"/nowhere/at/all"}"#, 404,
      "/nowhere/at/all: no such file or directory"),
    Case("GET /v1/models/absent", nil, 404, "Model not found"),
    Case("GET /v1/runs/run_absent", nil, 404, "Run run_absent not found"),
    Case("POST /v1/runs/run_absent/pause", nil, 404, "Run run_absent not found"),
    Case("POST /v1/runs", "{}", 400, "Messages are required"),
    Case(
      "POST /v1/runs", #"{"prompt":"a","tokens":[1]}"#, 400,
      "prompt and tokens can't go together: a run begins with one of them"),
    Case(
      "POST /v1/runs", #"{"tokens":[99999]}"#, 400,
      "Token 99999 is out of range; the vocabulary has 2048 tokens (0 to 2047)"),
    Case("POST /v1/tokenize", "{}", 400, "text is required"),
    Case(
      "POST /v1/runs",
      #"{"prompt":"a","interventions":[{"layer_name":"transformer.h.1","component":"mlp","kind":"zero","vector":1}]}"#,
      400, "interventions[0].vector must be an array of numbers, found 1"),
    Case(
      "POST /v1/runs",
      #"{"prompt":"a","interventions":[{"layer_name":"transformer.h.1","component":"mlp","kind":"zero","source":{"run_id":1}}]}"#,
      400, "interventions[0].source.run_id must be a string, found 1"),
    Case(
      "POST /v1/analyses",
      #"{"analysis":"activation_patching","component":"resid_post","clean":"a","corrupted":"b","answer":"a","wrong":"b","kind":"x"}"#,
      400, "kind \"x\" is not known; known: zero, mean"),
    Case(
      "POST /v1/activations/hooks", #"{"hooks":[{"layer_name":"x","component":"mlp"}]}"#, 400,
      "hooks[0]: unknown layer_name x; nearest: logits, lm_head, layers.0"),
  ]

  @Test(arguments: cases) func `a refusal says what is wrong`(_ one: Case) async throws {
    let kit = try await ServerKit.shared()
    let response = try await kit.send(one.method, one.path, one.body)
    let json = try response.json
    #expect(response.code == one.status)
    #expect(json["error"]?.string == one.error)
    #expect(json["code"]?.string?.isEmpty == false)
    #expect(json["details"]?.members != nil)
    #expect(json["request_id"]?.string == response["X-Request-Id"])
  }

  @Test func `without a model every request for one is answered with 404`() async throws {
    let kit = try await ServerKit(loadsModel: false)
    let body = "{\(Self.user)}"
    let response = try await kit.send("POST", "/v1/chat/completions", body)
    #expect(response.code == 404)
    #expect(try response.json["error"]?.string == "Model not found")
    #expect(try await kit.json("GET", "/health")["ready"]?.bool == false)
    #expect(try await kit.json("GET", "/health")["current_model"] == .null)
  }

  @Test func `an unknown path is 404 and a wrong method 405 with what is allowed`() async throws {
    let kit = try await ServerKit.shared()
    #expect(try await kit.send("GET", "/v2/chat").code == 404)
    let wrong = try await kit.send("DELETE", "/v1/models")
    #expect(wrong.code == 405)
    #expect(wrong["Allow"]?.contains("GET") == true)
  }

  @Test func `captures over the budget are refused with their weight`() async throws {
    let kit = try await ServerKit { $0.captureBudget = 10_000 }
    let hook = #"{"layer_name":"transformer.h.5","component":"residual"}"#
    let response = try await kit.send(
      "POST", "/v1/runs", #"{"tokens":[5,6,7],"activation_hooks":[\#(hook)]}"#)
    #expect(response.code == 413)
    let details = try response.json["details"]
    // Three positions of the prompt and 99 generated ones, 128 numbers each, two bytes a number.
    #expect(details?["estimated_bytes"]?.integer == Int64((3 + 99) * 128 * 2))
    #expect(details?["limit_bytes"]?.integer == 10_000)
  }

  @Test func `a path outside the allowed directories is forbidden`() async throws {
    let kit = try await ServerKit(loadsModel: false) { $0.modelDirectories = ["/nowhere"] }
    let response = try await kit.send("POST", "/v1/models/load", #"{"model_path":"/etc/hosts"}"#)
    #expect(response.code == 403)
    let dotted = try await kit.send(
      "POST", "/v1/models/load", #"{"model_path":"/nowhere/../etc/hosts"}"#)
    #expect(dotted.code == 403)
  }

  @Test func `without directories only the operator's models and the bundled one are loaded`()
    async throws
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    for name in ["own", "other", "fetched/pulled"] {
      let place = folder.appending(path: name)
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: TestModels.bundled, toPath: place.path)
    }
    defer { try? FileManager.default.removeItem(at: folder) }
    let kit = try await ServerKit {
      $0.modelDirectories = []
      $0.fetchedModels = folder.path + "/fetched"
    }
    let own = folder.path + "/own"
    func load(_ path: String) async throws -> Int {
      try await kit.send(
        "POST", "/v1/models/load", #"{"model_path":"\#(path)","vocab_only":true}"#
      ).code
    }
    for path in [
      "/etc/hosts", "/etc/absent", "/", folder.path, own, own + "/../other", "../../etc/passwd",
      "~", folder.path + "/fetched/../other", TestModels.bundled + "/../../../README.md",
    ] {
      #expect(try await load(path) == 403, "\(path)")
    }
    _ = try await kit.server.service.loadUnchecked(path: own, id: "own", contextLength: nil)
    for path in [own, own + "/", folder.path + "/fetched/pulled", TestModels.bundled] {
      #expect(try await load(path) == 200, "\(path)")
    }
    #expect(try await load(folder.path + "/other") == 403)
    let found = try await kit.json("GET", "/v1/models/available")["models"]?.array ?? []
    let paths = found.compactMap { $0["path"]?.string }
    #expect(paths.contains { $0.hasSuffix("/own") } && paths.contains { $0.hasSuffix("/pulled") })
    #expect(!paths.contains { $0.hasSuffix("/other") })
  }

  @Test func `a foreign name of the server reaches no route`() async throws {
    let kit = try await ServerKit.shared()
    var count = 0
    for route in Routes(kit.server.service).all {
      for host in ["a", "evil.example", "localhost.evil.example:\(kit.port)", "10.0.0.1"] {
        let client = try kit.client()
        let path = route.pattern.replacing("{id}", with: "circuits").replacing("{", with: "")
          .replacing("}", with: "")
        let head =
          "\(route.method.rawValue) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
          + "Content-Length: 2\r\n\r\n{}"
        await client.send(head)
        let response = TestResponse(try #require(await client.receiveAll()))
        #expect(
          response.code == 421, "\(route.method.rawValue) \(path) as \(host): \(response.text)")
        count += 1
      }
    }
    #expect(count > 150)
  }

  @Test(arguments: [
    ("mamba", "MambaForCausalLM"), ("deepseek_v2", "DeepseekV2ForCausalLM"),
    ("deepseek_v3", "DeepseekV3ForCausalLM"),
  ])
  func `a family that is not there is refused with those that are and the page on adding one`(
    family: String, architecture: String
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.copyItem(atPath: TestModels.bundled, toPath: folder.path)
    defer { try? FileManager.default.removeItem(at: folder) }
    let configuration = folder.appending(path: "config.json")
    let text = try String(contentsOf: configuration, encoding: .utf8)
    // Latent attention's own keys change nothing of it: the family comes before them.
    try text.replacing("LlamaForCausalLM", with: architecture)
      .replacing(#""llama""#, with: #""\#(family)", "kv_lora_rank": 512, "q_lora_rank": null"#)
      .write(to: configuration, atomically: true, encoding: .utf8)
    let kit = try await ServerKit(loadsModel: false)
    let response = try await kit.send(
      "POST", "/v1/models/load", #"{"model_path":"\#(folder.path)"}"#)
    #expect(response.code == 422)
    #expect(
      try response.json["error"]?.string
        == "Models of the family \(family) are not supported; supported: llama, mistral, smollm3, "
        + "granite, mixtral, qwen2, qwen3, qwen2_moe, qwen3_moe, gpt2, gemma2, gemma3_text, olmo2, olmo3, "
        + "phi3, stablelm, cohere, cohere2, gpt_oss. Sources/FAMILIES.md says how to add one")
    let page = try String(contentsOfFile: TestModels.root + "/Sources/FAMILIES.md", encoding: .utf8)
    #expect(page.hasPrefix("# Adding a model family"))
    #expect(page.contains("`deepseek_v2`, `deepseek_v3`"))
  }

  @Test func `two hundred malformed requests get only 4xx, and the server keeps serving`()
    async throws
  {
    let kit = try await ServerKit.shared()
    var random = SeededGenerator(seed: 7)
    let paths = [
      "/v1/chat/completions", "/v1/chat/completions/with_activations", "/v1/runs",
      "/v1/models/load", "/v1/tokenize", "/v1/detokenize", "/v1/activations/hooks",
    ]
    let good = Array(
      Self.hook(#"{"layer_name":"transformer.h.5","component":"residual"}"#).utf8)
    for number in 0..<200 {
      var bytes = good
      // An unclosed or broken text, whatever else is hit.
      bytes.removeLast(1 + Int.random(in: 0..<bytes.count - 2, using: &random))
      for _ in 0..<Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      let client = try kit.client()
      let path = paths[number % paths.count]
      let head =
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        + "Content-Length: \(bytes.count)\r\n\r\n"
      await client.send(Array(head.utf8) + bytes)
      let response = TestResponse(try #require(await client.receiveAll()))
      #expect((400..<500).contains(response.code), "\(response.status) for \(path) \(bytes)")
    }
    #expect(try await kit.send("GET", "/health").code == 200)
  }
}
