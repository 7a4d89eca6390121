import Foundation
import JSON
import TestKit
import Testing

@testable import API

/// Adapters named in the load call: told, part of the identity, refused in words.
@Suite(.timeLimit(.minutes(20))) struct ServerAdapterTests {
  /// A server whose clients may load what lies in the temporary folder.
  private static func kit(
    _ adjust: (inout ServerOptions) -> Void = { _ in }
  ) async throws -> ServerKit {
    try await ServerKit {
      $0.modelDirectories = [NSTemporaryDirectory(), TestModels.root]
      adjust(&$0)
    }
  }

  private func load(_ kit: ServerKit, _ members: String) async throws -> TestResponse {
    try await kit.send(
      "POST", "/v1/models/load", #"{"model_path": "\#(TestModels.bundled)", \#(members)}"#)
  }

  @Test func `a model with an adapter says so, and answers otherwise than without`() async throws {
    let kit = try await Self.kit()
    var strong = AdapterFolder.ofBundledModel()
    strong.configuration["lora_alpha"] = "60"
    let folder = try strong.write()
    defer { try? FileManager.default.removeItem(at: folder) }
    let plain = try await kit.json("GET", "/v1/models/circuits")
    #expect(plain["adapter"]?.isNull == true)
    let loaded = try await load(kit, #""model_id": "b", "adapter_path": "\#(folder.path)""#)
    #expect(loaded.code == 200, "\(loaded.text)")
    let adapter = try loaded.json["adapter"]
    #expect(adapter?["format"]?.string == "peft" && adapter?["kind"]?.string == "lora")
    #expect(adapter?["updates"]?.integer == 48)
    #expect(adapter?["ranks"]?.array?.compactMap(\.integer) == [2, 2])
    #expect(adapter?["path"]?.string == folder.resolvingSymlinksInPath().path)
    var texts: [String?] = []
    for model in ["circuits", "b"] {
      let answer = try await kit.json(
        "POST", "/v1/completions",
        #"{"model": "\#(model)", "prompt": "Once upon a time", "max_tokens": 12, "temperature": 0}"#
      )
      texts.append(answer["choices"]?.array?.first?["text"]?.string)
    }
    #expect(texts[0] != nil && texts[0] != texts[1])
  }

  @Test func `a recording is verified only by the model with its adapter`() async throws {
    let recordings = FileManager.default.temporaryDirectory
      .appendingPathComponent("neuroscope-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: recordings) }
    let kit = try await Self.kit { $0.recordingsDirectory = recordings.path }
    let folder = try AdapterFolder.ofBundledModel().write()
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try await load(kit, #""model_id": "b", "adapter_path": "\#(folder.path)""#)
    let started = try await kit.json(
      "POST", "/v1/runs",
      #"{"model": "b", "prompt": "Once upon a time", "max_tokens": 4, "temperature": 0, "record": true, "detach": true}"#
    )
    let run = try #require(started["run_id"]?.string)
    _ = try await kit.events(run)
    let object = try await kit.json("GET", "/v1/runs/\(run)")
    let id = try #require(object["recording_id"]?.string)
    let verified = try await kit.json("POST", "/v1/recordings/\(id)/verify")
    #expect(verified["ok"]?.bool == true, "\(verified)")
    _ = try await kit.send("POST", "/v1/models/unload", #"{"model_id": "b"}"#)
    let without = try await kit.send("POST", "/v1/recordings/\(id)/verify", "{}")
    #expect(without.code != 200, "\(without.text)")
  }

  @Test func `a wrong adapter is refused in words, and what is loaded stays`() async throws {
    let kit = try await Self.kit()
    var wrong = AdapterFolder.ofBundledModel()
    wrong.configuration["use_dora"] = "true"
    let folder = try wrong.write()
    defer { try? FileManager.default.removeItem(at: folder) }
    for (members, code, word) in [
      (#""adapter_path": "\#(folder.path)/none""#, 404, "/none"),
      (#""adapter_path": """#, 400, "adapter_path"), (#""adapter_path": 3"#, 400, "adapter_path"),
      (#""adapter_path": "\#(folder.path)", "vocab_only": true"#, 400, "vocab_only"),
      (#""adapter_path": "\#(folder.path)""#, 422, "use_dora"),
      (#""adapter_path": "\#(TestModels.bundled)""#, 422, "adapter_config.json"),
    ] {
      let refused = try await load(kit, #""model_id": "c", \#(members)"#)
      #expect(refused.code == code, "\(refused.text)")
      #expect(refused.text.contains(word), "\(refused.text)")
    }
    #expect(try await kit.send("GET", "/v1/models/c").code == 404)
    let guarded = try await ServerKit { $0.modelDirectories = [TestModels.root] }
    let outside = try await load(guarded, #""model_id": "c", "adapter_path": "\#(folder.path)""#)
    #expect(outside.code == 403)
  }
}
