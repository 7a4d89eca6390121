import Foundation

/// Answers made by the field's own libraries (`Tests/References`), read for comparison.
///
/// Where they lie is said by `NEUROSCOPE_REFERENCES`; without it only the small committed part is used.
package struct ReferenceSet: Sendable {
  /// The folder of the checkpoint, or the GGUF file.
  package let checkpoint: String
  /// The answers, without their extension.
  package let answers: String
  package let name: String

  /// Every checkpoint below the folders (separated by colons) that has answers: those of
  /// `make_references.py --out`, and of a real model in the folder `real` or in a folder of its own.
  package static let all: [ReferenceSet] = {
    guard let root = ProcessInfo.processInfo.environment["NEUROSCOPE_REFERENCES"] else { return [] }
    return root.split(separator: ":").flatMap { sets(below: String($0)) }
  }()

  private static func sets(below root: String) -> [ReferenceSet] {
    let files = FileManager.default
    let families = (try? files.contentsOfDirectory(atPath: root))?.sorted() ?? []
    return families.flatMap { family -> [ReferenceSet] in
      if files.fileExists(atPath: "\(root)/\(family)/real-gguf.json") {
        return real(in: "\(root)/\(family)")
      }
      let folder = "\(root)/\(family)/refs"
      let names = (try? files.contentsOfDirectory(atPath: folder))?.sorted() ?? []
      return names.filter { $0.hasSuffix(".safetensors") }.compactMap { file in
        let format = String(file.dropLast(".safetensors".count))
        let path =
          format.hasPrefix("gguf-")
          ? "\(root)/\(family)/gguf/model-\(format.dropFirst(5)).gguf"
          : "\(root)/\(family)/\(format)"
        guard files.fileExists(atPath: path) else { return nil }
        return ReferenceSet(
          checkpoint: path, answers: "\(folder)/\(format)", name: "\(family) \(format)")
      }
    }
  }

  /// A real model beside its answers (`--real-gguf`).
  private static func real(in folder: String) -> [ReferenceSet] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".gguf") }.map {
      ReferenceSet(checkpoint: "\(folder)/\($0)", answers: "\(folder)/real-gguf", name: $0)
    }
  }
}

/// The float32 tensors of a safetensors file, whole in memory: only for tests.
package struct TensorFile {
  package struct Tensor {
    package let shape: [Int]
    package let values: [Float]
  }

  package let tensors: [String: Tensor]

  package init(_ path: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = try JSONSerialization.jsonObject(with: data.subdata(in: 8..<8 + length))
    var tensors: [String: Tensor] = [:]
    for (name, value) in header as? [String: Any] ?? [:] {
      guard let entry = value as? [String: Any], let shape = entry["shape"] as? [Int],
        let range = entry["data_offsets"] as? [Int], let type = entry["dtype"] as? String
      else { continue }
      let bytes = data.subdata(in: 8 + length + range[0]..<8 + length + range[1])
      let count = shape.reduce(1, *)
      let values: [Float]
      switch type {
      case "F32":
        values = bytes.withUnsafeBytes { raw in
          (0..<count).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
      case "I64":
        values = bytes.withUnsafeBytes { raw in
          (0..<count).map { Float(raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
        }
      case "I32":
        values = bytes.withUnsafeBytes { raw in
          (0..<count).map { Float(raw.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)) }
        }
      default: continue
      }
      tensors[name] = Tensor(shape: shape, values: values)
    }
    self.tensors = tensors
  }
}

/// The part of an answers' JSON file that tests read.
package struct ReferenceAnswers: Decodable {
  package struct Prompt: Decodable {
    package let ids: [Int32]
    package let greedy: [Int32]
  }

  package let prompts: [Prompt]

  package init(_ path: String) throws {
    self = try JSONDecoder().decode(
      ReferenceAnswers.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
