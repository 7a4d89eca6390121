import Checkpoints
import Foundation
import Tensors
import Testing

/// Opens every checkpoint that `Tests/References/make_references.py` made, when `NEUROSCOPE_REFERENCES` names
/// its folder.
@Suite(.enabled(if: References.root != nil))
struct ReferenceCheckpointTests {
  @Test(arguments: References.paths)
  func `opens and every module has a matrix`(_ path: String) throws {
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint.configuration.layers >= 2)
    #expect(checkpoint.configuration.vocabularySize == 512)
    #expect(checkpoint.tokenizer != .none)
    for name in checkpoint.tensorNames {
      let entry = try #require(checkpoint.tensor(name))
      guard name.hasSuffix(".weight"), entry.shape.count == 2 else { continue }
      let matrix = try checkpoint.matrix(String(name.dropLast(7)))
      #expect(matrix.rows == entry.shape[0], "\(name)")
    }
  }
}

/// Where the reference checkpoints are.
enum References {
  static let root = ProcessInfo.processInfo.environment["NEUROSCOPE_REFERENCES"]

  /// Every checkpoint: GGUF files, and folders with a configuration.
  static let paths: [String] = {
    guard let root, let all = FileManager.default.enumerator(atPath: root) else { return [] }
    return all.compactMap { $0 as? String }.filter {
      $0.hasSuffix(".gguf") || $0.hasSuffix("/config.json")
    }.map { root + "/" + ($0.hasSuffix(".gguf") ? $0 : String($0.dropLast("/config.json".count))) }
      .sorted()
  }()
}
