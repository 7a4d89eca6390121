import Foundation
import JSON
import Logging
import StreamKit
import TestKit
import Testing

@testable import API

/// Models loaded with `vocab_only`, and what a load tells of what it did not use.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerVocabularyTests {
  @Test func `a vocabulary alone tokenises and renders, and is refused as a model to run`()
    async throws
  {
    let kit = try await ServerKit()
    let load = try await kit.json(
      "POST", "/v1/models/load",
      #"{"model_path": "\#(TestModels.bundled)", "model_id": "v", "vocab_only": true}"#)
    #expect(load["vocab_only"]?.bool == true && load["supports_activations"]?.bool == false)
    #expect(load["num_layers"]?.integer == 24 && load["parameters"]?.integer == 0)
    #expect(load["model_hash"]?.isNull == true)
    for (path, body) in [
      ("/v1/tokenize", #""text": "Hello world""#), ("/v1/detokenize", #""tokens": [5, 6, 7]"#),
      ("/v1/apply_template", ServerKit.france),
    ] {
      let other = try await kit.send("POST", path, #"{"model": "v", \#(body)}"#)
      let whole = try await kit.send("POST", path, #"{"model": "circuits", \#(body)}"#)
      #expect(other.code == 200 && other.body == whole.body)
    }
    let hook = #"{"layer_name": "layers.1", "component": "mlp"}"#
    let sweep = #""analysis": "ablation", "component": "mlp", "clean": "a", "answer": 5"#
    for (method, path, body) in [
      ("POST", "/v1/chat/completions", ServerKit.france), ("POST", "/v1/runs", ServerKit.france),
      ("POST", "/v1/completions", #""prompt": "x""#),
      ("POST", "/v1/activations/hooks", #""hooks": [\#(hook)]"#),
      ("POST", "/v1/analyses", sweep),
      (
        "POST", "/v1/chat/completions/with_activations",
        ServerKit.france + #", "activation_hooks": [\#(hook)]"#
      ),
    ] {
      let refused = try await kit.send(method, path, #"{"model": "v", \#(body)}"#)
      #expect(refused.code == 400, "\(path): \(refused.text)")
      #expect(try refused.json["code"]?.string == "vocabulary_only")
    }
    for part in ["hook_points", "heads"] {
      let refused = try await kit.send("GET", "/v1/models/v/\(part)")
      #expect(try refused.json["code"]?.string == "vocabulary_only")
    }
    // Being loaded last it is the current one, and the other one serves on.
    let other = try await kit.send("POST", "/v1/completions", #"{"prompt": "x", "max_tokens": 1}"#)
    #expect(try other.json["code"]?.string == "vocabulary_only")
    let run = #"{"model": "circuits", "prompt": "x", "max_tokens": 1}"#
    #expect(try await kit.send("POST", "/v1/completions", run).code == 200)
  }

  /// The bundled model with another configuration, its weights where they are.
  private func altered(_ files: [String: String]) throws -> URL {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("neuroscope-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: TestModels.bundled) {
      let place = folder.appendingPathComponent(name)
      if let text = files[name] {
        try text.write(to: place, atomically: true, encoding: .utf8)
      } else {
        try FileManager.default.createSymbolicLink(
          atPath: place.path, withDestinationPath: TestModels.bundled + "/" + name)
      }
    }
    return folder
  }

  @Test func `a load tells and logs what it did not understand or use`() async throws {
    let config = try String(contentsOfFile: TestModels.bundled + "/config.json", encoding: .utf8)
    let odd = config.replacing("{", with: #"{"odd_field": 7,"#, maxReplacements: 1)
    let folder = try altered([
      "config.json": odd, "generation_config.json": #"{"eos_token_id": [2, 9], "odd": 1}"#,
    ])
    defer { try? FileManager.default.removeItem(at: folder) }
    let log = LogLines()
    let kit = try await ServerKit(loadsModel: false, logger: log.logger)
    let body = #"{"model_path": "\#(folder.path)", "model_id": "odd", "kv_bits": 8}"#
    let load = try await kit.json("POST", "/v1/models/load", body)
    let names: JSONValue = .array([.string("odd_field"), .string("generation_config.odd")])
    #expect(load["unknown_fields"] == names)
    #expect(load["notes"]?.array?.first?.string?.contains("kv_bits is not used") == true)
    #expect(load["end_tokens"] == .array([.integer(2), .integer(9)]))
    #expect(load["model_sampling"]?.isNull == true)
    let described = try await kit.json("GET", "/v1/models/odd")
    #expect(described["unknown_fields"] == names && described["tensors_aside"] == .array([]))
    #expect(described["notes"] == .array([]))
    let line = try #require(log.lines.first { $0.contains("not all of it is understood") })
    #expect(line.contains("odd_field") && line.contains("generation_config.odd"))
  }

  @Test
  func `the model's own sampling holds where a request asks for it, and yields to its members`()
    async throws
  {
    let generation =
      #"{"do_sample": true, "temperature": 0.5, "top_k": 7, "top_p": 0.75, "repetition_penalty": 1.25}"#
    let folder = try altered(["generation_config.json": generation])
    defer { try? FileManager.default.removeItem(at: folder) }
    let kit = try await ServerKit(loadsModel: false)
    let load = try await kit.json(
      "POST", "/v1/models/load", #"{"model_path": "\#(folder.path)", "model_id": "m"}"#)
    #expect(load["model_sampling"]?["temperature"]?.double == 0.5)
    #expect(load["model_sampling"]?["top_k"]?.integer == 7)
    #expect(load["model_sampling"]?["not_applied"] == .array([]))
    func sampling(_ members: String) async throws -> JSONValue {
      let run = try await kit.start(
        #"{"prompt": "x", "max_tokens": 1, "detach": true, \#(members)}"#)
      return try #require(try await kit.json("GET", "/v1/runs/\(run)")["sampling"])
    }
    let plain = try await sampling(#""seed": 1"#)
    #expect(plain["temperature"]?.double == 0.7 && plain["top_k"]?.integer == 0)
    let asked = try await sampling(#""use_model_sampling": true, "top_k": 3"#)
    #expect(asked["temperature"]?.double == 0.5 && asked["top_k"]?.integer == 3)
    #expect(asked["top_p"]?.double == 0.75 && asked["repetition_penalty"]?.double == 1.25)
  }

  @Test(arguments: [
    (#"{"eos_token_id": 2}"#, "name no sampling"),
    (#"{"do_sample": true, "num_beams": 4}"#, "num_beams"),
  ])
  func `sampling that the files do not name, or ask for and nothing does, is refused`(
    _ generation: String, _ reason: String
  ) async throws {
    let folder = try altered(["generation_config.json": generation])
    defer { try? FileManager.default.removeItem(at: folder) }
    let kit = try await ServerKit(loadsModel: false)
    _ = try await kit.json(
      "POST", "/v1/models/load", #"{"model_path": "\#(folder.path)", "model_id": "m"}"#)
    for path in ["/v1/runs", "/v1/completions"] {
      let refused = try await kit.send(
        "POST", path, #"{"prompt": "x", "use_model_sampling": true}"#)
      #expect(refused.code == 400 && refused.text.contains(reason), "\(refused.text)")
    }
  }
}
