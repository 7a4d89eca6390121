/// Turns one piece of pre-tokenised text into tokens.
protocol PieceModel: Sendable {
  /// Appends the tokens of a piece, given as UTF-8 in the vocabulary's own spelling.
  func encode(_ piece: ArraySlice<UInt8>, _ vocabulary: Vocabulary, into tokens: inout [Token])

  /// Adds what decides this model's answers, beyond the vocabulary.
  func combine(into hash: inout StableHash)
}
