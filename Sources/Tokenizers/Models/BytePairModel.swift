/// Byte-pair encoding with ranked merges, as in GPT-2 and everything after it.
///
/// - Complexity: O(n log n) a piece of n characters.
struct BytePairModel: PieceModel {
  var merges: MergeTable
  /// Takes a piece that is itself in the vocabulary whole, whatever its merges would say.
  var ignoreMerges = false
  /// Takes a piece of nothing but line ends whole, where it is a token: no merge makes those.
  var wholeLineRuns = false
  /// Spells unknown characters as `<0xNN>` tokens.
  var byteFallback = false
  /// Makes one unknown token out of several in a row.
  var fuseUnknown = false
  var unknown: Token?
  /// Put before every character but the first.
  var continuingPrefix: [UInt8] = []
  /// Put after the last character.
  var endOfWordSuffix: [UInt8] = []

  func encode(
    _ piece: ArraySlice<UInt8>, _ vocabulary: Vocabulary, into tokens: inout [Token],
    unless isGivenUp: () -> Bool
  ) {
    if piece.isEmpty { return }
    let isWhole = ignoreMerges || (wholeLineRuns && piece.allSatisfy { $0 == 0x0A })
    if isWhole, let whole = vocabulary.token(piece) {
      tokens.append(whole)
      return
    }
    var chain = MergeChain(characters(of: piece, vocabulary))
    chain.merge(unless: isGivenUp) { left, right in
      merges.merge(left, right).map { MergeChain.Step(cost: $0.rank, joined: $0.joined) }
    }
    chain.append(to: &tokens)
  }

  /// The tokens of the single characters.
  private func characters(of piece: ArraySlice<UInt8>, _ vocabulary: Vocabulary) -> [Token] {
    var found: [Token] = []
    found.reserveCapacity(piece.count)
    var pendingUnknown = false
    var start = piece.startIndex
    while start < piece.endIndex {
      let end = Self.characterEnd(piece, start)
      let character = spelling(piece, start..<end)
      if let token = vocabulary.token(character) {
        if pendingUnknown, let unknown { found.append(unknown) }
        pendingUnknown = false
        found.append(token)
      } else if byteFallback, let bytes = Self.byteTokens(character, vocabulary) {
        found += bytes
      } else if let unknown {
        if pendingUnknown, !fuseUnknown { found.append(unknown) }
        pendingUnknown = true
      }
      start = end
    }
    if pendingUnknown, let unknown { found.append(unknown) }
    return found
  }

  private func spelling(_ piece: ArraySlice<UInt8>, _ range: Range<Int>) -> ArraySlice<UInt8> {
    let first = range.lowerBound == piece.startIndex || continuingPrefix.isEmpty
    let last = range.upperBound == piece.endIndex && !endOfWordSuffix.isEmpty
    guard !first || last else { return piece[range] }
    return (first ? [] : continuingPrefix) + piece[range] + (last ? endOfWordSuffix : [])
  }

  /// The end of the UTF-8 character that begins here; a stray byte is a character of its own.
  static func characterEnd(_ piece: ArraySlice<UInt8>, _ start: Int) -> Int {
    var end = start + 1
    while end < piece.endIndex, piece[end] & 0xC0 == 0x80 { end += 1 }
    return end
  }

  /// The `<0xNN>` tokens of all bytes, or nil if one is missing.
  static func byteTokens(_ bytes: ArraySlice<UInt8>, _ vocabulary: Vocabulary) -> [Token]? {
    var tokens: [Token] = []
    for byte in bytes {
      guard let token = vocabulary.token(ByteAlphabet.hexSpelling(of: byte)) else { return nil }
      tokens.append(token)
    }
    return tokens
  }

  func spellsEverything(_ vocabulary: Vocabulary, inBytes: Bool) -> Bool {
    if inBytes, continuingPrefix.isEmpty, endOfWordSuffix.isEmpty, vocabulary.hasByteAlphabet {
      return true
    }
    return byteFallback && vocabulary.hasByteTokens || unknown != nil && !fuseUnknown
  }

  func combine(into hash: inout StableHash) {
    merges.combine(into: &hash)
    hash.combine(UInt64((ignoreMerges ? 1 : 0) + (byteFallback ? 2 : 0) + (fuseUnknown ? 4 : 0)))
    if wholeLineRuns { hash.combine(8 as UInt64) }
    hash.combine(continuingPrefix)
    hash.combine(endOfWordSuffix)
  }
}
