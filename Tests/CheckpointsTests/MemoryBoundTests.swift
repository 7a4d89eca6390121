#if os(Linux)
import Checkpoints
import Foundation
import Testing

/// Files made to cost memory: each must be refused, or opened, within its own size and 64 MiB.
struct MemoryBoundTests {
  @Test func `hostile files ask for no more than their size and 64 MiB`() async {
    await #expect(processExitsWith: .success) {
      for (name, files) in HostileFiles.all {
        let folder = try TemporaryFolder()
        for (file, bytes) in files { try folder.write(file, bytes) }
        let size = files.values.reduce(0) { $0 + $1.count }
        let before = try dataBytes()
        var limit = rlimit(rlim_cur: rlim_t(before + size + 64 << 20), rlim_max: .max)
        // RLIMIT_DATA: writable memory; mapped files are not counted.
        setrlimit(__rlimit_resource_t(2), &limit)
        let error = refusal { () throws(CheckpointError) in try Checkpoint.open(folder.path) }
        limit.rlim_cur = .max
        setrlimit(__rlimit_resource_t(2), &limit)
        print("\(name): \(error?.description ?? "opened")")
      }
    }
  }
}

/// This process's writable memory (`VmData`), in bytes.
private func dataBytes() throws -> Int {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let line = status.split(separator: "\n").first { $0.hasPrefix("VmData:") } ?? ""
  let digits = line.filter(\.isNumber)
  return (Int(digits) ?? 0) * 1_024
}

enum HostileFiles {
  /// By what they try; file name to content.
  static var all: [(name: String, files: [String: [UInt8]])] {
    let config = Array(SafetensorsBuilder.tinyConfig.utf8)
    let weights = SafetensorsBuilder.tinyLlama().bytes()
    func folder(_ name: String, _ bytes: [UInt8]) -> [String: [UInt8]] {
      ["config.json": config, "model.safetensors": weights].merging([name: bytes]) { $1 }
    }
    return [
      ("a million empty strings", ["m.gguf": emptyStrings(1 << 20)]),
      ("as many keys as allowed", ["m.gguf": manyFields(1 << 16)]),
      ("as many tensors as allowed", ["m.gguf": manyTensors(1 << 16)]),
      ("tensors of nothing", folder("model.safetensors", emptyTensors(1 << 16))),
      ("a header of brackets", folder("model.safetensors", header(repeating: "[", 4 << 20))),
      ("a header of arrays", folder("model.safetensors", header(repeating: "[],", 4 << 20))),
      ("a configuration of ones", folder("config.json", text("[", "1,", 4 << 20))),
      ("a configuration of objects", folder("config.json", text("[", "{},", 4 << 20))),
      ("a template of arrays", folder("tokenizer_config.json", text("{\"a\":[", "[],", 4 << 20))),
      (
        "an index of numbers",
        folder("model.safetensors.index.json", text("{\"a\":[", "1,", 4 << 20))
      ),
    ]
  }

  private static func text(_ start: String, _ piece: String, _ count: Int) -> [UInt8] {
    Array(start.utf8) + Array(String(repeating: piece, count: count / piece.utf8.count).utf8)
  }

  private static func header(repeating piece: String, _ count: Int) -> [UInt8] {
    let content = text("{\"a\":", piece, count)
    return GGUFBuilder.little(UInt64(content.count)) + content
  }

  private static func emptyTensors(_ count: Int) -> [UInt8] {
    let members = (0..<count).map {
      "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"
    }
    return SafetensorsBuilder.bytes(
      header: "{" + members.joined(separator: ",") + "}", data: [])
  }

  private static func emptyStrings(_ count: Int) -> [UInt8] {
    var file = GGUFBuilder.tinyLlama()
    file.fields.removeAll { $0.0 == "tokenizer.ggml.merges" }
    file.fields.append(
      (
        "tokenizer.ggml.merges",
        .raw(
          type: 9,
          bytes: GGUFBuilder.little(UInt32(8)) + GGUFBuilder.little(UInt64(count - 4))
            + [UInt8](repeating: 0, count: 8 * (count - 4)))
      ))
    return file.bytes()
  }

  private static func manyFields(_ count: Int) -> [UInt8] {
    var file = GGUFBuilder.tinyLlama()
    let more = count - file.fields.count
    file.fields += (0..<more).map { ("key \($0)", .bool(0)) }
    return file.bytes()
  }

  private static func manyTensors(_ count: Int) -> [UInt8] {
    var file = GGUFBuilder.tinyLlama()
    let more = count - file.tensors.count
    file.tensors += (0..<more).map {
      .init(name: "tensor \($0)", extents: [1], type: 24, bytes: [0])
    }
    return file.bytes()
  }
}
#endif
