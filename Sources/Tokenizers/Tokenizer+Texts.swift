/// What each token adds to a text, for those who must know it of all tokens at once.
extension Tokenizer {
  /// The bytes that each token adds to a text, by its number; nil for control tokens and for numbers without a token.
  package var texts: [[UInt8]?] { texts(isFirst: false) }

  /// The same for the first token of a text; nil where that makes no difference.
  package var firstTexts: [[UInt8]?]? {
    guard decoder.tellsFirstTokens else { return nil }
    return texts(isFirst: true)
  }

  /// The bytes that a token adds as the first of a text.
  package func firstBytes(of token: Token) -> [UInt8] {
    let bytes = bytes(of: token, isFirst: true)
    guard var strip = decoder.leadingStrip else { return bytes }
    var count = 0
    let mark = Array(String(strip.character).utf8)
    while strip.left > 0, bytes[count...].starts(with: mark) {
      count += mark.count
      strip.left -= 1
    }
    return Array(bytes[count...])
  }

  private func texts(isFirst: Bool) -> [[UInt8]?] {
    (0..<vocabularySize).map { number in
      let token = Token(truncatingIfNeeded: number)
      guard !isSpecial(token) else { return nil }
      return isFirst ? firstBytes(of: token) : bytes(of: token)
    }
  }
}

extension PieceDecoder {
  /// Whether the first token of a text says something else than it would further on.
  fileprivate var tellsFirstTokens: Bool {
    leadingStrip != nil || droppedFromFirst != nil
      || steps.contains { if case .words = $0 { true } else { false } }
  }
}
