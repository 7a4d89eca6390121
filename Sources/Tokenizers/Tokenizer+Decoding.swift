/// Tokens to text.
extension Tokenizer {
  /// The bytes that a token adds to a text; none for a number without a token.
  ///
  /// One token may hold a part of a character; `TextDecoder` puts characters together.
  package func bytes(of token: Token) -> [UInt8] { bytes(of: token, isFirst: false) }

  func bytes(of token: Token, isFirst: Bool) -> [UInt8] {
    if let added = added[token] { return decoder.bytes(ofAdded: added.text, isFirst: isFirst) }
    return vocabulary.spelling(of: token).map { decoder.bytes(of: $0, isFirst: isFirst) } ?? []
  }

  /// A token for people to read: parts of characters appear as U+FFFD.
  package func piece(_ token: Token) -> String { String(decoding: bytes(of: token), as: UTF8.self) }

  /// The text of a whole sequence.
  package func decode(_ tokens: [Token], skipSpecial: Bool) -> String {
    var decoder = TextDecoder(self, skipSpecial: skipSpecial)
    var text = ""
    for token in tokens { text += decoder.append(token) }
    return text + decoder.finish()
  }

  /// Whether a token is a control token, not text.
  package func isSpecial(_ token: Token) -> Bool { added[token]?.special ?? false }
}
