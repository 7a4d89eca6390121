import Foundation

@testable import Tokenizers

/// A folder of files that vanishes with the value.
final class TemporaryFolder {
  let url: URL

  init(_ files: [String: String]) throws {
    url = FileManager.default.temporaryDirectory.appending(path: "tokenizers-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    for (name, text) in files {
      try Data(text.utf8).write(to: url.appending(path: name))
    }
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

/// Vocabularies that fit on a page.
enum TinyVocabulary {
  /// A `tokenizer.json` with four letters, two merges and two control tokens.
  static func json(
    model: String = "", parts: String = "", added: String = ""
  ) -> String {
    """
    {"added_tokens": [
      {"id": 7, "content": "<|im_start|>", "special": true, "normalized": false},
      {"id": 8, "content": "<|im_end|>", "special": true, "normalized": false}\(added)],
     \(parts.contains(#""decoder""#) ? "" : #""decoder": {"type": "Fuse"},"#)
     \(parts)
     "model": {"type": "BPE", \(model)
       "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "ab": 4, "cd": 5, "abcd": 6},
       "merges": [["a", "b"], ["c", "d"], "ab cd"]}}
    """
  }

  static func open(_ text: String) throws -> Tokenizer {
    try Tokenizer(file: TokenizerFile(Array(text.utf8), name: "tokenizer.json"))
  }
}
