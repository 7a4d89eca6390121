import Foundation
import JSON
import TestKit
import Testing

@testable import API

@Suite(.ownThreads, .timeLimit(.minutes(60))) struct `A model's name` {
  private func load(_ name: String) async throws -> TestResponse {
    let kit = try await ServerKit.shared()
    return try await kit.send(
      "POST", "/v1/models/load", #"{"model_path":"/there/is/no/such/model","model_id":"\#(name)"}"#)
  }

  @Test(arguments: [
    "", "../../x", "a/../b", ".", "..", "/a", "a/", "a//b", #"a\nb"#, #"a\u0000b"#, #"\u001b[31m"#,
    "a b", "naïve", #"\u202eab"#, String(repeating: "x", count: 129),
    String(repeating: "x", count: 100_000), String(repeating: #"\u0001"#, count: 5000),
  ])
  func `is refused where it is not plain`(name: String) async throws {
    let response = try await load(name)
    #expect(response.code == 400)
    let json = try response.json
    #expect(json["code"]?.string == "out_of_range")
    #expect(json["error"]?.string?.hasPrefix("model_id must be 1 to 128 letters") == true)
    #expect(response.body.count < 4000)
  }

  @Test(arguments: [
    "a", "Qwen/Qwen3-0.6B", "m.Q4_1", "x@main:2+3", "..a", String(repeating: "x", count: 128),
  ])
  func `may be any plain one`(name: String) async throws {
    let response = try await load(name)
    #expect(try response.json["code"]?.string != "out_of_range")
  }

  @Test func `made of a file's is plain, whatever the file is called`() {
    var generator = SeededGenerator(seed: 4)
    let scalars = Array("aZ09._-:+@/ \n\0é\u{202e}😀()[]".unicodeScalars)
    for length in [0, 1, 2, 3, 5, 8, 50, 127, 128, 129, 400] {
      for _ in 0..<40 {
        var name = ""
        for _ in 0..<length {
          name.unicodeScalars.append(scalars.randomElement(using: &generator) ?? "a")
        }
        let made = ModelName.plain(ofFile: name)
        #expect(ModelName.isPlain(made), "\(made.debugDescription) of \(name.debugDescription)")
        if ModelName.isPlain(name), !name.contains("/") { #expect(made == name || name == "-") }
      }
    }
    #expect(ModelName.plain(ofFile: "my model (1).gguf") == "my-model-1-.gguf")
    #expect(ModelName.plain(ofFile: "..") == "model")
  }

  @Test func `is that of the file where a request gives none`() async throws {
    let folder = NSTemporaryDirectory() + "neuroscope \(UUID().uuidString) é\n"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kit = try await ServerKit(loadsModel: false)
    try FileManager.default.copyItem(atPath: TestModels.bundled, toPath: folder)
    let path = JSONValue.string(folder).json(.compact)
    let loaded = try await kit.json("POST", "/v1/models/load", #"{"model_path":\#(path)}"#)
    let id = try #require(loaded["model_id"]?.string, "\(loaded)")
    #expect(ModelName.isPlain(id))
    #expect(try await kit.json("GET", "/v1/models/\(id)")["model_id"]?.string == id)
  }
}
