/// BERT's WordPiece: the longest token that a word begins with, and so on to its end; a word that cannot be
/// spelt so is unknown as a whole.
///
/// - Complexity: O(n · longest token) lookups a word of n characters.
struct WordPieceModel: PieceModel {
  var unknown: Token
  /// Put before a word itself, as GGUF vocabularies have it.
  var wordPrefix: [UInt8] = []
  /// Put before every part of a word but the first.
  var continuingPrefix: [UInt8] = Array("##".utf8)
  /// Words of more characters are unknown.
  var mostCharacters: Int
  /// The bytes of the longest token: no longer part is looked up.
  var longest: Int
  /// Tokens that no text spells.
  var unspelt: Set<Token> = []

  func encode(
    _ piece: ArraySlice<UInt8>, _ vocabulary: Vocabulary, into tokens: inout [Token],
    unless isGivenUp: () -> Bool
  ) {
    // A word is short, or it is unknown: there is nothing long to give up.
    if piece.isEmpty { return }
    let characters = piece.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    guard characters <= mostCharacters else { return tokens.append(unknown) }
    let word = wordPrefix + piece
    var parts: [Token] = []
    var start = 0
    while start < word.count {
      guard let (token, end) = longestPart(of: word, from: start, vocabulary) else {
        return tokens.append(unknown)
      }
      parts.append(token)
      start = end
    }
    tokens += parts
  }

  private func longestPart(
    of word: [UInt8], from start: Int, _ vocabulary: Vocabulary
  ) -> (Token, Int)? {
    let prefix = start == 0 ? [] : continuingPrefix
    var end = min(word.count, start + max(longest - prefix.count, 0))
    while end > start {
      let isBoundary = end == word.count || word[end] & 0xC0 != 0x80
      if isBoundary {
        let part = word[start..<end]
        let token = prefix.isEmpty ? vocabulary.token(part) : vocabulary.token(prefix + part)
        if let token, !unspelt.contains(token) { return (token, end) }
      }
      end -= 1
    }
    return nil
  }

  /// Not so: any word may be one unknown token.
  func spellsEverything(_ vocabulary: Vocabulary, inBytes: Bool) -> Bool { false }

  func combine(into hash: inout StableHash) {
    hash.combine(wordPrefix)
    hash.combine(continuingPrefix)
    hash.combine(UInt64(clamping: mostCharacters))
    hash.combine(UInt64(bitPattern: Int64(unknown)))
  }
}

/// A vocabulary of whole words.
struct WordLevelModel: PieceModel {
  var unknown: Token

  func encode(
    _ piece: ArraySlice<UInt8>, _ vocabulary: Vocabulary, into tokens: inout [Token],
    unless isGivenUp: () -> Bool
  ) {
    if !piece.isEmpty { tokens.append(vocabulary.token(piece) ?? unknown) }
  }

  /// Not so: any word may be one unknown token.
  func spellsEverything(_ vocabulary: Vocabulary, inBytes: Bool) -> Bool { false }

  func combine(into hash: inout StableHash) {
    hash.combine(Array("words".utf8))
    hash.combine(UInt64(bitPattern: Int64(unknown)))
  }
}
