/// SentencePiece's unigram model: the split of a piece whose tokens have the highest sum of scores.
///
/// - Complexity: O(n · longest token) a piece of n bytes.
struct UnigramModel: PieceModel {
  var scores: [Double]
  /// The score of an unknown character: worse than every token's (``score(ofUnknownBeside:)``).
  var unknownScore: Double
  /// Whether sums are rounded to single precision, as SentencePiece itself has them.
  ///
  /// HF's library sums in double precision. The two differ where ways are equally good.
  var singlePrecision: Bool
  var unknown: Token
  /// Spells unknown characters as `<0xNN>` tokens.
  var byteFallback: Bool
  /// Tokens that no text spells: control tokens and single bytes.
  var unspelt: Set<Token> = []
  /// The bytes of the longest token: no longer match is tried.
  var longest: Int

  /// How much worse than the worst token an unknown character is (SentencePiece's constant).
  private static let unknownPenalty: Double = 10

  static func score(ofUnknownBeside scores: some Sequence<Double>) -> Double {
    (scores.min() ?? 0) - unknownPenalty
  }

  /// The best way found so far to reach a byte position.
  private struct Best {
    var score: Double
    var start: Int
    var token: Token
  }

  func encode(
    _ piece: ArraySlice<UInt8>, _ vocabulary: Vocabulary, into tokens: inout [Token],
    unless isGivenUp: () -> Bool
  ) {
    let bytes = Array(piece)
    var best: [Best?] = Array(repeating: nil, count: bytes.count + 1)
    best[0] = Best(score: 0, start: 0, token: unknown)
    var start = 0
    var characters = 0
    while start < bytes.count {
      characters += 1
      if characters % MergeChain.patience == 0, isGivenUp() { return }
      let characterEnd = BytePairModel.characterEnd(bytes[...], start)
      let here = best[start]?.score ?? 0
      var single = false
      var end = characterEnd
      while end <= bytes.count, end - start <= max(longest, characterEnd - start) {
        if let token = vocabulary.token(bytes[start..<end]), Int(token) < scores.count,
          token != unknown, !unspelt.contains(token)
        {
          single = single || end == characterEnd
          let score = sum(here, scores[Int(token)])
          offer(Best(score: score, start: start, token: token), &best[end])
        }
        end = end < bytes.count ? BytePairModel.characterEnd(bytes[...], end) : end + 1
      }
      if !single {
        let score = sum(here, unknownScore)
        offer(Best(score: score, start: start, token: unknown), &best[characterEnd])
      }
      start = characterEnd
    }
    append(bytes, best, vocabulary, to: &tokens)
  }

  private func sum(_ one: Double, _ two: Double) -> Double {
    singlePrecision ? Double(Float(one) + Float(two)) : one + two
  }

  private func offer(_ way: Best, _ place: inout Best?) {
    if let known = place, known.score >= way.score { return }
    place = way
  }

  /// Walks the best ways back and appends their tokens; unknown characters in a row become one token.
  private func append(
    _ bytes: [UInt8], _ best: [Best?], _ vocabulary: Vocabulary, to tokens: inout [Token]
  ) {
    var parts: [(token: Token, range: Range<Int>)] = []
    var end = bytes.count
    while end > 0, let way = best[end] {
      if way.token == unknown, let last = parts.last, last.token == unknown {
        parts[parts.count - 1].range = way.start..<last.range.upperBound
      } else {
        parts.append((way.token, way.start..<end))
      }
      end = way.start
    }
    for part in parts.reversed() {
      if part.token == unknown, byteFallback,
        let spelt = BytePairModel.byteTokens(bytes[part.range], vocabulary)
      {
        tokens += spelt
      } else {
        tokens.append(part.token)
      }
    }
  }

  func spellsEverything(_ vocabulary: Vocabulary, inBytes: Bool) -> Bool {
    byteFallback && vocabulary.hasByteTokens
  }

  func combine(into hash: inout StableHash) {
    for score in scores { hash.combine(score.bitPattern) }
    hash.combine(byteFallback ? 1 as UInt64 : 0)
  }
}
