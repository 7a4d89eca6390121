/// SentencePiece's byte-pair encoding: any two neighbours whose joined text is a token may be joined, the
/// best-scored first.
///
/// - Complexity: O(n log n) a piece of n characters.
struct ScoredMergeModel: PieceModel {
  /// The score of each token; the higher, the earlier it is made.
  var scores: [Float]
  /// Tokens that no text spells and that are never joined: control tokens and single bytes.
  var unspelt: Set<Token>
  var unknown: Token?

  func encode(
    _ piece: ArraySlice<UInt8>, _ vocabulary: Vocabulary, into tokens: inout [Token],
    unless isGivenUp: () -> Bool
  ) {
    var characters: [Token] = []
    var start = piece.startIndex
    while start < piece.endIndex {
      let end = BytePairModel.characterEnd(piece, start)
      if let token = vocabulary.token(piece[start..<end]) {
        characters.append(token)
      } else if let bytes = BytePairModel.byteTokens(piece[start..<end], vocabulary) {
        characters += bytes
      } else if let unknown {
        characters.append(unknown)
      }
      start = end
    }
    var chain = MergeChain(characters)
    chain.merge(unless: isGivenUp) { left, right in join(left, right, vocabulary) }
    chain.append(to: &tokens)
  }

  private func join(_ left: Token, _ right: Token, _ vocabulary: Vocabulary) -> MergeChain.Step? {
    guard !unspelt.contains(left), !unspelt.contains(right),
      let head = vocabulary.spelling(of: left),
      let tail = vocabulary.spelling(of: right), let joined = vocabulary.token(head + tail),
      !unspelt.contains(joined), Int(joined) < scores.count
    else { return nil }
    return MergeChain.Step(cost: ~Self.order(scores[Int(joined)]), joined: joined)
  }

  /// A whole number that orders as the float does.
  private static func order(_ score: Float) -> Int32 {
    let bits = Int32(bitPattern: score.bitPattern)
    return bits >= 0 ? bits : bits ^ 0x7FFF_FFFF
  }

  func spellsEverything(_ vocabulary: Vocabulary, inBytes: Bool) -> Bool {
    unknown != nil || vocabulary.hasByteTokens || inBytes && vocabulary.hasByteAlphabet
  }

  func combine(into hash: inout StableHash) {
    for score in scores { hash.combine(UInt64(score.bitPattern)) }
  }
}
