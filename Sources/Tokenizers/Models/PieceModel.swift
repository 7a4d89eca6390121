/// Turns one piece of pre-tokenised text into tokens.
protocol PieceModel: Sendable {
  /// Appends the tokens of a piece, given as UTF-8 in the vocabulary's own spelling.
  ///
  /// - Parameter isGivenUp: asked now and then within a long piece; once it is true, what is appended means nothing.
  func encode(
    _ piece: ArraySlice<UInt8>, _ vocabulary: Vocabulary, into tokens: inout [Token],
    unless isGivenUp: () -> Bool)

  /// Whether each character of any text is in a token, and no token takes more of them than it spells.
  ///
  /// - Parameter inBytes: whether pieces come in the byte alphabet.
  func spellsEverything(_ vocabulary: Vocabulary, inBytes: Bool) -> Bool

  /// Adds what decides this model's answers, beyond the vocabulary.
  func combine(into hash: inout StableHash)
}

extension PieceModel {
  /// Appends the tokens of a piece.
  func encode(_ piece: ArraySlice<UInt8>, _ vocabulary: Vocabulary, into tokens: inout [Token]) {
    encode(piece, vocabulary, into: &tokens, unless: { false })
  }
}
