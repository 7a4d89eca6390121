import Foundation
import Frames
import JSON
import TestKit
import Testing

@testable import API

/// Harvests that the server keeps in files.
@Suite(.ownThreads, .timeLimit(.minutes(20))) struct ServerStoredHarvestTests {
  private static let hooks: JSONValue = [
    ["layer_name": "blocks.3.hook_resid_post"],
    [
      "layer_name": "transformer.h.7", "component": "mlp", "hook_id": "both",
      "capture_input": true, "positions": "last",
    ],
    ["layer_name": "blocks.9.attn.hook_pattern", "heads": [1, 3]],
    ["layer_name": "blocks.9.attn.hook_q", "positions": ["every": 2], "dtype": "bf16"],
    ["layer_name": "blocks.9.attn.hook_pattern", "reduce": "topk:3", "hook_id": "keys"],
    ["layer_name": "lm_head", "positions": [0, 12], "neurons": [5, 1, 9], "hook_id": "few"],
    ["layer_name": "blocks.5.hook_mlp_out", "positions": ["from": 3], "dtype": "i8"],
    ["layer_name": "blocks.5.hook_mlp_out", "reduce": "norm", "hook_id": "norm"],
  ]

  private static func prompts(_ count: Int) -> [JSONValue] {
    (0..<count).map { (index: Int) -> JSONValue in
      let length = 1 + index * 7 % 23
      let ids = (0..<length).map { (place: Int) -> JSONValue in
        JSONValue.integer(Int64(3 + (index * 31 + place * 7) % 400))
      }
      return JSONValue.array(ids)
    }
  }

  private static func request(
    _ name: String, prompts: [JSONValue] = prompts(20), hooks: JSONValue = hooks
  ) -> String {
    ([
      "name": .string(name), "tokens": .array(prompts), "activation_hooks": hooks,
      "shard_bytes": 65_536,
    ] as JSONValue).json(.compact)
  }

  private func kit(
    _ folder: String, _ adjust: (inout ServerOptions) -> Void = { _ in }
  ) async throws -> ServerKit {
    try await ServerKit {
      $0.harvestsDirectory = folder
      adjust(&$0)
    }
  }

  private func temporaryFolder() -> String {
    NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
  }

  /// Waits until nobody writes a harvest.
  private func settled(_ kit: ServerKit, _ name: String) async throws -> JSONValue {
    #expect(
      await eventually {
        (try? await kit.json("GET", "/v1/harvests/\(name)"))?["status"]?.string != "running"
      })
    return try await kit.json("GET", "/v1/harvests/\(name)")
  }

  private func files(_ folder: String) -> [String: Data] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, FileManager.default.contents(atPath: "\(folder)/\($0)") ?? Data())
      })
  }

  /// Every tensor of the shards by its name.
  private func tensors(_ files: [String: Data]) throws -> [String: (entry: JSONValue, Data)] {
    var found: [String: (entry: JSONValue, Data)] = [:]
    for (name, bytes) in files where name.hasPrefix("harvest-") {
      let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      for member in try JSONValue(parsing: Array(bytes[8..<8 + length])).members ?? []
      where member.name != "__metadata__" {
        let ends = (member.value["data_offsets"]?.array ?? []).compactMap(\.integer)
        let start = 8 + length
        found[member.name] = (
          member.value, bytes[(start + Int(ends[0]))..<(start + Int(ends[1]))]
        )
      }
    }
    return found
  }

  @Test func `what is kept are the tensors of the stream, in files that tell where each is`()
    async throws
  {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await kit(folder)
    let response = try await kit.send("POST", "/v1/harvest", Self.request("one"))
    #expect(response.code == 202, "\(response.text)")
    #expect(response["Location"] == "/v1/harvests/one")
    let done = try await settled(kit, "one")
    #expect(done["status"]?.string == "complete", "\(done)")
    #expect(done["texts_done"] == done["texts"])
    let kept = try tensors(files(folder + "/one"))
    let body =
      ([
        "tokens": .array(Self.prompts(20)), "activation_hooks": Self.hooks,
      ] as JSONValue).json(.compact)
    let events = try TestEvent.read(try await kit.send("POST", "/v1/harvest", body).text)
    var count = 0
    for event in events where event.type == "activation" {
      let frame = try FrameBytes(checking: try #require(event.frame))
      let number = String(format: "%06d", Int(event.json["text"]?.integer ?? 0))
      let side = event.json["is_input"]?.bool == true ? "/input" : ""
      let id = event.json["hook_id"]?.string ?? ""
      let (entry, bytes) = try #require(kept["\(id)/\(number)\(side)"])
      let shape = (entry["shape"]?.array ?? []).compactMap { $0.integer.map(Int.init) }
      #expect(shape == Array(frame.frame.shape.dropFirst()), "\(id)")
      let expected =
        frame.frame.elementType == .int8Blocks
        ? try frame.values().withUnsafeBytes { Array($0) } : try frame.unpacked()
      #expect(Array(bytes) == expected, "\(id)")
      count += 1
    }
    #expect(kept.count == count)
    #expect((done["files"]?.array?.count ?? 0) > 5)
    for file in done["files"]?.array ?? [] {
      let name = try #require(file["name"]?.string)
      let sent = try await kit.send("GET", "/v1/harvests/one/files/\(name)")
      #expect(Data(sent.body) == files(folder + "/one")[name])
    }
    #expect(try await kit.json("GET", "/v1/harvests")["harvests"]?.array?.count == 1)
  }

  @Test func `one that is ended goes on with the same request, to the same bytes`() async throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await kit(folder)
    let prompts = Self.prompts(600)
    _ = try await kit.json("POST", "/v1/harvest", Self.request("whole", prompts: prompts))
    #expect(try await settled(kit, "whole")["status"]?.string == "complete")
    _ = try await kit.json("POST", "/v1/harvest", Self.request("cut", prompts: prompts))
    #expect(
      await eventually {
        (try? await kit.json("GET", "/v1/harvests/cut"))?["texts_done"]?.integer ?? 0 > 3
      })
    let ended = try await kit.json("DELETE", "/v1/harvests/cut")
    let after = try await kit.json("GET", "/v1/harvests/cut")
    // It may have been over just then.
    if ended["status"]?.string == "cancelled" { #expect(after["error"] == nil) }
    // Another server goes on with it.
    let other = try await self.kit(folder)
    let again = try await other.send(
      "POST", "/v1/harvest", Self.request("cut", prompts: prompts))
    #expect(again.code == 202, "\(again.text)")
    #expect(try await settled(other, "cut")["status"]?.string == "complete")
    var (whole, cut) = (files(folder + "/whole"), files(folder + "/cut"))
    whole["harvest.json"] = nil
    cut["harvest.json"] = nil
    #expect(whole == cut)
    #expect(try await other.json("DELETE", "/v1/harvests/cut")["status"]?.string == "deleted")
    #expect(try await other.send("GET", "/v1/harvests/cut").code == 404)
  }

  @Test func `another harvest of the name, and one without room, are refused`() async throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await kit(folder) { $0.harvestsLimit = 1 << 20 }
    _ = try await kit.json("POST", "/v1/harvest", Self.request("a", prompts: Self.prompts(4)))
    _ = try await settled(kit, "a")
    for body in [
      Self.request("a", prompts: Self.prompts(5)),
      Self.request("a", prompts: Self.prompts(4), hooks: [["layer_name": "hook_embed"]]),
    ] {
      let refused = try await kit.send("POST", "/v1/harvest", body)
      #expect(refused.code == 409)
      #expect(try refused.json["code"]?.string == "harvest_differs")
    }
    let large = try await kit.send(
      "POST", "/v1/harvest", Self.request("b", prompts: Self.prompts(300)))
    #expect(large.code == 507)
    #expect(try large.json["code"]?.string == "harvests_full")
    #expect(!FileManager.default.fileExists(atPath: folder + "/b"))
    for name in ["../b", "", ".b", "b/c"] {
      let refused = try await kit.send("POST", "/v1/harvest", Self.request(name))
      #expect(refused.code == 400, "\(name): \(refused.text)")
    }
  }

  @Test func `a server without a folder keeps none, and streams all the same`() async throws {
    let kit = try await ServerKit.shared()
    let refused = try await kit.send("POST", "/v1/harvest", Self.request("a"))
    #expect(refused.code == 400)
    #expect(try refused.json["code"]?.string == "harvests_disabled")
    #expect(try await kit.send("GET", "/v1/harvests").code == 400)
  }

  @Test func `a folder that can't be written ends it with the reason`() async throws {
    let file = temporaryFolder()
    #expect(FileManager.default.createFile(atPath: file, contents: Data()))
    defer { try? FileManager.default.removeItem(atPath: file) }
    let kit = try await kit(file)
    let refused = try await kit.send("POST", "/v1/harvest", Self.request("a"))
    #expect(refused.code == 500)
    #expect(try refused.json["code"]?.string == "harvest_file")
  }
}
