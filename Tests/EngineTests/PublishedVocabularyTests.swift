import Foundation
import Hooks
import JSON
import OrderedCollections
import Tensors
import Testing
import Tokenizers

@testable import Engine

/// llama.cpp's own vocabularies, read out of GGUF files with nothing else in them, against its tokens.
///
/// `make_gguf_cases.py --models` makes the files and the answers; `NEUROSCOPE_REFERENCES` names the folder.
@Suite struct PublishedVocabularyTests {
  static let folder = ProcessInfo.processInfo.environment["NEUROSCOPE_REFERENCES"].map {
    URL(filePath: $0).appending(path: "tok/published")
  }
  static let isThere =
    folder.map { FileManager.default.fileExists(atPath: $0.appending(path: "cases.json").path) }
    ?? false

  @Test(.enabled(if: isThere)) func `a published vocabulary encodes as in llama.cpp`() throws {
    let folder = try #require(Self.folder)
    let json = try JSONValue(
      parsing: Array(try Data(contentsOf: folder.appending(path: "cases.json"))))
    let strings = json["strings"]?.array?.compactMap(\.string) ?? []
    guard case .object(let cases) = json["cases"] else { throw CocoaError(.fileReadCorruptFile) }
    #expect(cases.count >= 3)
    let loader = ModelLoader(
      options: EngineOptions(threads: 1), roundings: Roundings(.exact, .scalar),
      digests: DigestStore(folder: nil))
    for (name, answers) in cases {
      let path = folder.appending(path: "ggml-vocab-\(name).gguf").path
      let tokenizer = try loader.loadVocabulary(path: path, id: name).tokenizer
      for (text, ids) in zip(strings, answers.array ?? []) where !ids.isNull {
        let expected = (ids.array ?? []).compactMap { $0.integer.map { Token(clamping: $0) } }
        let found = tokenizer.encode(text, parseSpecial: true, addSpecial: false)
        #expect(found == expected, "\(name) \(text.debugDescription)")
      }
    }
  }
}
