import Checkpoints
import Engine
import Foundation
import TestKit
import Testing

/// The engine knows a model's identity without making its loading wait.
struct ModelDigestTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("neuroscope-\(UUID().uuidString)").path

  private func clean() { try? FileManager.default.removeItem(atPath: folder) }

  private func digest(kept: Bool = true, path: String = TestModels.bundled) async throws -> String {
    var options = EngineOptions(threads: 1)
    options.digestFolder = kept ? folder : nil
    let model = try await Engine(options: options).load(path: path, id: "m")
    let value = try await model.digest.value()
    #expect(model.digest.known == value)
    return value
  }

  @Test func `it is that of all bytes of the model's files`() async throws {
    #expect(try await digest(kept: false) == Checkpoint.open(TestModels.bundled).identity())
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test func `digests are kept for the next start, and nonsense in their place is not believed`()
    async throws
  {
    defer { clean() }
    let first = try await digest()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 2, "the configuration's and the weights'")
    // What is kept is used: it was not the file that was read.
    let other = String(repeating: "0", count: 64)
    for name in names {
      try Data(other.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    #expect(try await digest() != first)
    for junk in ["", "zz", String(repeating: "g", count: 64), String(repeating: "A", count: 64)] {
      for name in names {
        try Data(junk.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
      #expect(try await digest() == first)
    }
  }

  @Test func `a file changed in place since is read again`() async throws {
    defer { clean() }
    let model = folder + "-model"
    defer { try? FileManager.default.removeItem(atPath: model) }
    try FileManager.default.copyItem(atPath: TestModels.bundled, toPath: model)
    let first = try await digest(path: model)
    #expect(try await digest(path: model) == first)
    // As many bytes, one of them another, in a file of the same name.
    let weights = URL(fileURLWithPath: model + "/model.safetensors")
    var bytes = try Data(contentsOf: weights)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: weights, options: .atomic)
    #expect(try await digest(path: model) != first)
  }
}
