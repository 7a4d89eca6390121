import Foundation
import Tokenizers

extension FuzzTarget {
  /// A `tokenizer.json` is refused, or opened and used.
  package static let tokenizer = FuzzTarget(name: "tokenizer") { bytes in
    _ = ScratchFile.with(bytes, named: "tokenizer.json") { path in
      let folder = URL(filePath: path).deletingLastPathComponent()
      guard let tokenizer = try? Tokenizer.open(directory: folder) else { return }
      _ = tokenizer.encode("Hé 12 <s>\n", parseSpecial: true, addSpecial: true)
    }
    return nil
  }
}
