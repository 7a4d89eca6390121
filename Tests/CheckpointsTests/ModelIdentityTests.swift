import CKernels
import Checkpoints
import Digests
import Foundation
import TestKit
import Testing

/// A model's identity is of all its bytes.
struct ModelIdentityTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func digest(_ bytes: [UInt8]) -> String {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.hex()
  }

  @Test func `of one file it is that file's SHA-256`() throws {
    let bytes = GGUFBuilder.tinyLlama().bytes()
    let path = try folder.write("m.gguf", bytes)
    #expect(try Checkpoint.open(path).identity() == digest(bytes))
  }

  @Test func `of several it is the SHA-256 of what sha256sum prints of them`() throws {
    let config = Array(SafetensorsBuilder.tinyConfig.utf8)
    let weights = SafetensorsBuilder.tinyLlama().bytes()
    try folder.write("config.json", config)
    try folder.write("model.safetensors", weights)
    let lines = "\(digest(config))  config.json\n\(digest(weights))  model.safetensors\n"
    #expect(try Checkpoint.open(folder.path).identity() == digest(Array(lines.utf8)))
  }

  @Test func `a changed bit in the middle of a tensor makes another model`() throws {
    // Samples at the tensors' ends do not see it: 72 bytes, of which the first and last 64 overlap, would.
    var builder = GGUFBuilder.tinyLlama()
    builder.tensors[1].extents = [32, 32]
    builder.tensors[1].bytes = [UInt8](repeating: 0, count: 4096)
    let path = try folder.write("m.gguf", builder.bytes())
    let before = try Checkpoint.open(path)
    let first = try before.identity()
    builder.tensors[1].bytes[2048] ^= 1
    let other = try folder.write("n.gguf", builder.bytes())
    let after = try Checkpoint.open(other)
    #expect(before.contentHash == after.contentHash)
    #expect(try after.identity() != first)
  }

  @Test func `a file that was replaced after opening has no identity`() throws {
    let path = try folder.write("m.gguf", GGUFBuilder.tinyLlama().bytes())
    let checkpoint = try Checkpoint.open(path)
    var builder = GGUFBuilder.tinyLlama()
    builder.tensors[0].bytes[3] ^= 1
    let new = try folder.write("new", builder.bytes())
    #expect(rename(new, path) == 0)
    let error = try #require(throws: CheckpointError.self) { try checkpoint.identity() }
    #expect(error.file == path && error.kind == .mismatch)
    #expect(remove(path) == 0)
    let missing = try #require(throws: CheckpointError.self) { try checkpoint.identity() }
    #expect(missing.kind == .missing)
  }

  @Test(arguments: [0, 1, 2, 255, 256, 257, 1_000])
  func `the processor's instructions fold blocks as plain code does`(_ blocks: Int) {
    var random = SeededGenerator(seed: UInt64(blocks))
    let data = random.bytes(64 * blocks + 1)
    var plain = (0..<8).map { _ in UInt32.random(in: 0 ... .max, using: &random) }
    var quick = plain
    // From an odd address, too.
    data.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      ns_sha256_plain(&plain, base + 1, blocks)
      ns_sha256(&quick, base + 1, blocks)
    }
    #expect(plain == quick)
  }

  @Test func `a million letters have the digest that the standard gives them`() {
    // FIPS 180-2, B.3.
    #expect(
      digest([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }
}
