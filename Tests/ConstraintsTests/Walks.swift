import Foundation
import JSON
import TestKit
import Tokenizers

@testable import Constraints

/// Vocabularies to walk with.
enum Vocabularies {
  /// The bundled model's.
  static let bundled: (trie: TokenTrie, texts: [[UInt8]?]) = {
    guard let tokenizer = try? Tokenizer.open(directory: URL(filePath: TestModels.bundled)) else {
      return (TokenTrie(texts: [], vocabularySize: 0), [])
    }
    let texts = tokenizer.texts
    return (
      TokenTrie(
        texts: texts, vocabularySize: tokenizer.vocabularySize, beginnings: tokenizer.firstTexts),
      texts
    )
  }()

  /// A token for each byte.
  static let bytes = TokenTrie(texts: (0..<256).map { [UInt8($0)] }, vocabularySize: 256)
}

extension Constraint {
  /// A text whose tokens are drawn evenly among those that may come.
  ///
  /// - Returns: nil where it did not end within so many tokens.
  func walk(
    _ texts: [[UInt8]?], using generator: inout SeededGenerator, atMost limit: Int = 400
  ) -> [UInt8]? {
    var cursor = start()
    var text: [UInt8] = []
    for _ in 0..<limit {
      let (may, must) = end(cursor)
      if must || (may && generator.next() % 8 == 0) { return text }
      let mask = mask(&cursor)
      let allowed = (0..<Int32(trie.vocabularySize)).filter(mask.contains)
      // There is always a way on.
      guard !allowed.isEmpty else { return may ? text : Array("a dead end: ".utf8) + text }
      // Short tokens end things, so that walks come to an end.
      var token = allowed[Int(generator.next() % UInt64(allowed.count))]
      if generator.next() % 3 == 0 {
        let ends = allowed.filter { token in
          texts[Int(token)]?.allSatisfy { "\"}],:0123456789".utf8.contains($0) } ?? false
        }
        if !ends.isEmpty { token = ends[Int(generator.next() % UInt64(ends.count))] }
      }
      guard let bytes = texts[Int(token)], advance(&cursor, token, bytes: bytes) else {
        return Array("a token that can't come: ".utf8) + text
      }
      text += bytes
    }
    return nil
  }
}
