import Patterns

/// How few tokens a text can become, told from its length.
extension Tokenizer {
  /// Tokens that a text has at least; 0 where its length tells nothing.
  ///
  /// - Complexity: O(1), or one look at each byte where blanks may vanish.
  package func leastTokens(of text: String) -> Int {
    guard let reach else { return 0 }
    let bytes =
      reach.losesBlanks
      ? text.utf8.reduce(0) { $0 + ((0x21...0x7E).contains($1) ? 1 : 0) } : text.utf8.count
    return (bytes + reach.bytes - 1) / reach.bytes
  }
}

/// What one token can stand for at most.
struct TokenReach: Sendable, Equatable {
  /// Bytes of the text, before it is normalised.
  var bytes: Int
  /// Whether blanks around some tokens go with them, however many there are.
  var losesBlanks: Bool

  /// The reach of a tokenizer's tokens; nil where a token may stand for a text of any length, or for none.
  init?(_ parts: Tokenizer.Parts, largestAdded: Int) {
    let normalizer = parts.normalizer
    guard let shrinkage = normalizer == nil ? 1 : normalizer?.shrinkage,
      parts.preTokenizer?.removesText != true,
      parts.model.spellsEverything(
        parts.vocabulary, inBytes: parts.preTokenizer?.endsInBytes ?? false)
    else { return nil }
    // Four bytes: an unknown character is a token too.
    let longest = max(parts.vocabulary.longestSpelling, 4)
    let (bytes, overflow) = longest.multipliedReportingOverflow(by: shrinkage)
    guard !overflow else { return nil }
    self.bytes = max(bytes, largestAdded)
    losesBlanks =
      parts.normalizer?.strips ?? false
      || parts.added.contains { $0.stripsLeft || $0.stripsRight }
  }
}

extension Normalizer {
  /// How many bytes of a text may become one at most; nil where text may vanish.
  ///
  /// Blanks at its ends count apart.
  var shrinkage: Int? {
    switch self {
    // A character is composed of four at most, each of four bytes at most.
    case .nfc, .nfd, .nfkc, .nfkd: 16
    case .lowercase: 4
    case .stripAccents, .bert, .nmt, .charsmap, .byteLevel: nil
    case .markedBlanks(_, let merges): merges ? nil : 1
    case .strip, .prepend: 1
    case .replace(.literal(let old), let new):
      new.isEmpty ? nil : max(1, (old.utf8.count + new.utf8.count - 1) / new.utf8.count)
    case .replace: nil
    case .sequence(let steps):
      steps.reduce(1 as Int?) { product, step in
        guard let product, let own = step.shrinkage else { return nil }
        let (all, overflow) = product.multipliedReportingOverflow(by: own)
        return overflow ? nil : all
      }
    }
  }

  /// Whether blanks at the ends of a text vanish.
  var strips: Bool {
    switch self {
    case .strip: true
    case .sequence(let steps): steps.contains { $0.strips }
    default: false
    }
  }
}

extension PreTokenizer {
  /// Whether some of the text is left out.
  var removesText: Bool {
    switch self {
    case .split(_, .removed, _), .punctuation(.removed), .whitespaceSplit: true
    case .sequence(let steps): steps.contains { $0.removesText }
    default: false
    }
  }

  /// Whether pieces come in the byte alphabet.
  var endsInBytes: Bool {
    switch self {
    case .byteLevel: true
    case .sequence(let steps): steps.last?.endsInBytes ?? false
    default: false
    }
  }
}

extension Vocabulary {
  /// Whether every byte has a token, in the byte alphabet or as `<0xNN>`.
  func hasEveryByte(spelt spelling: (UInt8) -> [UInt8]) -> Bool {
    (0...255).allSatisfy { token(spelling(UInt8($0))) != nil }
  }

  /// Whether characters that are no tokens become those of their bytes.
  var hasByteTokens: Bool { hasEveryByte { Array(ByteAlphabet.hexSpelling(of: $0)) } }
  /// Whether every text in the byte alphabet has tokens.
  var hasByteAlphabet: Bool { hasEveryByte { Array(ByteAlphabet.spell([$0][...])) } }
}
