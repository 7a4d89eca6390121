import Foundation
import JSON
import TestKit
import Testing

@testable import API

/// What lies in the folders that models may be loaded from.
@Suite(.timeLimit(.minutes(20))) struct ServerAvailableTests {
  @Test func `the parts of a split model are one, with the bytes of all`() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("neuroscope-\(UUID().uuidString)").resolvingSymlinksInPath()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, count) in [
      ("a-00001-of-00003.gguf", 10), ("a-00002-of-00003.gguf", 200),
      ("a-00003-of-00003.gguf", 3000),
      ("b-00001-of-00001.gguf", 5), ("c.gguf", 7), ("d-00002-of-00002.gguf", 1),
      ("e-0001-of-0002.gguf", 4), ("notes.txt", 9),
    ] {
      try Data(count: count).write(to: folder.appendingPathComponent(name))
    }
    let kit = try await ServerKit { $0.modelDirectories = [folder.path] }
    let listed = try await kit.json("GET", "/v1/models/available")["models"]?.array ?? []
    let own = listed.filter { $0["path"]?.string?.hasPrefix(folder.path) == true }
    let bytes = Dictionary(
      uniqueKeysWithValues: own.map { ($0["id"]?.string ?? "", $0["bytes"]?.integer ?? 0) })
    #expect(
      bytes == [
        "a-00001-of-00003.gguf": 3210, "b-00001-of-00001.gguf": 5, "c.gguf": 7,
        "e-0001-of-0002.gguf": 4,
      ])
  }
}
