import Checkpoints
import Foundation
import TestKit
import Testing

/// Every way a file can be wrong ends in a typed error or in a checkpoint that can be read to its end.
struct DamagedFileTests {
  /// A whole checkpoint, and which of its files is damaged.
  enum Sample: String, CaseIterable, Sendable {
    case gguf, safetensors, mlx, shardIndex, configuration

    var damagedFile: String {
      switch self {
      case .gguf: "model.gguf"
      case .safetensors, .mlx: "model.safetensors"
      case .shardIndex: "model.safetensors.index.json"
      case .configuration: "config.json"
      }
    }

    var files: [String: [UInt8]] {
      switch self {
      case .gguf: ["model.gguf": GGUFBuilder.tinyLlama().bytes()]
      case .safetensors, .configuration:
        [
          "config.json": Array(SafetensorsBuilder.tinyConfig.utf8),
          "model.safetensors": SafetensorsBuilder.tinyLlama().bytes(),
        ]
      case .mlx:
        [
          "config.json": Array(SafetensorsBuilder.tinyMLXConfig.utf8),
          "model.safetensors": SafetensorsBuilder.tinyMLX().bytes(),
        ]
      case .shardIndex:
        [
          "config.json": Array(SafetensorsBuilder.tinyConfig.utf8),
          "a.safetensors": SafetensorsBuilder.tinyLlama().bytes(),
          "model.safetensors.index.json": Array(
            #"{"metadata":{},"weight_map":{"model.norm.weight":"a.safetensors"}}"#.utf8),
        ]
      }
    }
  }

  /// Opens the folder and reads all there is; true if that succeeded.
  private static func isReadable(_ path: String) -> Bool {
    do throws(CheckpointError) {
      let checkpoint = try Checkpoint.open(path)
      for name in checkpoint.tensorNames {
        guard let entry = checkpoint.tensor(name) else { return false }
        let module = name.hasSuffix(".weight") ? String(name.dropLast(7)) : name
        // Neither may crash; both may refuse.
        _ = refusal { () throws(CheckpointError) in
          rows(of: try checkpoint.matrix(module)).count
        }
        _ = refusal { () throws(CheckpointError) in
          try checkpoint.vector(name, count: entry.elementCount)
        }
      }
      return true
    } catch {
      #expect(error.description.hasPrefix(error.file))
      #expect(!error.expected.isEmpty && !error.found.isEmpty)
      return false
    }
  }

  /// Calls `body` with a function that writes a damaged file into a whole checkpoint and tries it.
  private static func withFolder(
    _ sample: Sample,
    _ body: (_ whole: [UInt8], _ isReadable: ([UInt8]) throws -> Bool) throws -> Void
  ) throws {
    let folder = try TemporaryFolder()
    for (name, bytes) in sample.files { try folder.write(name, bytes) }
    #expect(isReadable(folder.path), "the undamaged one opens")
    let whole = try #require(sample.files[sample.damagedFile])
    try body(whole) { damaged in
      try folder.write(sample.damagedFile, damaged)
      return isReadable(folder.path)
    }
  }

  @Test(arguments: Sample.allCases)
  func `a file cut short at any byte is refused`(_ sample: Sample) throws {
    try Self.withFolder(sample) { whole, isReadable in
      // What may be missing at the end: padding behind the last tensor, blanks behind a document.
      let harmless = sample == .gguf ? 0 : 1
      for count in 0..<(whole.count - harmless) {
        let opened = try isReadable(Array(whole.prefix(count)))
        #expect(!opened, "cut at byte \(count)")
      }
    }
  }

  @Test(arguments: Sample.allCases)
  func `300 flipped bits never crash`(_ sample: Sample) throws {
    var random = SeededGenerator(seed: 6)
    try Self.withFolder(sample) { whole, isReadable in
      for _ in 0..<300 {
        var damaged = whole
        let bit = Int.random(in: 0..<(8 * whole.count), using: &random)
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        _ = try isReadable(damaged)
      }
    }
  }

  @Test(arguments: Sample.allCases)
  func `300 overwritten, torn out and doubled stretches never crash`(_ sample: Sample) throws {
    var random = SeededGenerator(seed: 7)
    try Self.withFolder(sample) { whole, isReadable in
      for round in 0..<300 {
        var damaged = whole
        let start = Int.random(in: 0..<whole.count, using: &random)
        let end = min(start + Int.random(in: 1...16, using: &random), whole.count)
        switch round % 3 {
        case 0: damaged.replaceSubrange(start..<end, with: random.bytes(end - start))
        case 1: damaged.removeSubrange(start..<end)
        default: damaged.insert(contentsOf: whole[start..<end], at: start)
        }
        _ = try isReadable(damaged)
      }
    }
  }

  @Test(arguments: [0, 1, 1 << 31, 1 << 32, 1 << 62, .max >> 1, .max] as [UInt64])
  func `lengths and counts that lie never crash`(_ lie: UInt64) throws {
    for sample in [Sample.gguf, .safetensors] {
      try Self.withFolder(sample) { whole, isReadable in
        let places = sample == .gguf ? 0..<(whole.count - 8) : 0..<1
        for place in places where place % 4 == 0 || place < 64 {
          var damaged = whole
          damaged.replaceSubrange(place..<(place + 8), with: GGUFBuilder.little(lie))
          _ = try isReadable(damaged)
        }
      }
    }
  }

  @Test(arguments: [
    "-1", "0", "1e400", "99999999999999999999", "4611686018427387904", "null", "{}", "[]", "\"x\"",
  ])
  func `numbers in a header that lie never crash`(_ lie: String) throws {
    for sample in [Sample.safetensors, .mlx] {
      let folder = try TemporaryFolder()
      for (name, bytes) in sample.files { try folder.write(name, bytes) }
      let builder = sample == .mlx ? SafetensorsBuilder.tinyMLX() : .tinyLlama()
      let header = builder.header
      for number in header.indices where header[number].isNumber {
        let damaged = header[..<number] + lie + header[header.index(after: number)...]
        try folder.write(
          "model.safetensors",
          SafetensorsBuilder.bytes(header: String(damaged), data: builder.tensors.flatMap(\.bytes)))
        _ = Self.isReadable(folder.path)
      }
    }
  }
}
