import Patterns

/// Cuts a normalised text into the pieces that are encoded one by one.
enum PreTokenizer: Sendable, Equatable {
  /// What becomes of the matches of a split.
  enum Behavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  /// When a marker for the blank before the first word is added.
  enum Prefix: String, Sendable {
    case always, never, first
  }

  case split(TextPattern, Behavior, inverted: Bool)
  /// Spells the bytes in the byte alphabet, last of all.
  case byteLevel(addPrefixSpace: Bool, splits: Bool)
  case digits(individual: Bool)
  case punctuation(Behavior)
  case whitespaceSplit
  /// So many characters a piece.
  case fixedLength(Int)
  case metaspace(replacement: Unicode.Scalar, Prefix, splits: Bool)
  indirect case sequence([PreTokenizer])

  /// One piece, as UTF-8.
  typealias Piece = ArraySlice<UInt8>

  /// Cuts every piece further.
  ///
  /// `atStart` says that the first piece begins the text.
  ///
  /// - Throws: `PatternOverrun` where a pattern needs more steps than the budget has.
  func apply(
    to pieces: [Piece], atStart: Bool, _ budget: inout PatternBudget
  ) throws(PatternOverrun) -> [Piece] {
    switch self {
    case .sequence(let steps):
      var pieces = pieces
      for step in steps { pieces = try step.apply(to: pieces, atStart: atStart, &budget) }
      return pieces
    case .split(let pattern, let behavior, let inverted):
      var found: [Piece] = []
      for piece in pieces {
        let text = ScalarText(piece)
        let matches = try pattern.matches(in: text, &budget)
        found += Self.split(piece, text, matches, behavior, inverted: inverted)
      }
      return found
    case .digits(let individual):
      return Self.cut(pieces, individual ? .isolated : .contiguous) { text in
        Self.single(text) { text.has($0, .number) }
      }
    case .punctuation(let behavior):
      return Self.cut(pieces, behavior) { text in
        Self.single(text) { Self.isPunctuation(text.scalars[$0]) }
      }
    case .whitespaceSplit:
      return Self.cut(pieces, .removed) { text in Self.single(text) { text.has($0, .space) } }
    case .fixedLength(let length):
      return Self.cut(pieces, .isolated) { text in
        stride(from: 0, to: text.count, by: length).map { $0..<min($0 + length, text.count) }
      }
    case .byteLevel(let addPrefixSpace, let splits):
      return Self.byteLevel(pieces, addPrefixSpace, splits)
    case .metaspace(let replacement, let prefix, let splits):
      return Self.metaspace(pieces, replacement, prefix, splits, atStart: atStart)
    }
  }

  private static func cut(
    _ pieces: [Piece], _ behavior: Behavior, by find: (ScalarText) -> [Range<Int>]
  ) -> [Piece] {
    pieces.flatMap { split($0, behavior, inverted: false, by: find) }
  }

  private static func byteLevel(_ pieces: [Piece], _ addSpace: Bool, _ splits: Bool) -> [Piece] {
    var found: [Piece] = []
    for var piece in pieces where !piece.isEmpty {
      if addSpace, piece.first != 0x20 { piece = ([0x20] + piece)[...] }
      let parts =
        splits
        ? split(piece, .isolated, inverted: false) { KnownSplit.gpt2.matches(in: $0) } : [piece]
      found += parts.map { ByteAlphabet.spell($0)[...] }
    }
    return found
  }

  private static func metaspace(
    _ pieces: [Piece], _ replacement: Unicode.Scalar, _ prefix: Prefix, _ splits: Bool,
    atStart: Bool
  ) -> [Piece] {
    let marker = Array(String(replacement).utf8)
    return pieces.enumerated().flatMap { index, piece -> [Piece] in
      var text: [UInt8] = []
      for byte in piece { byte == 0x20 ? text.append(contentsOf: marker) : text.append(byte) }
      let wanted = prefix == .always || (prefix == .first && atStart && index == 0)
      if wanted, !text.starts(with: marker) { text = marker + text }
      guard splits else { return [text[...]] }
      return split(text[...], .mergedWithNext, inverted: false) { text in
        single(text) { text.scalars[$0] == replacement.value }
      }
    }
  }

  /// The scalars that satisfy a condition, each as a match of its own.
  private static func single(_ text: ScalarText, _ wanted: (Int) -> Bool) -> [Range<Int>] {
    (0..<text.count).filter(wanted).map { $0..<($0 + 1) }
  }

  private static func isPunctuation(_ value: UInt32) -> Bool {
    guard let scalar = Unicode.Scalar(value) else { return false }
    if scalar.isASCII {
      let graphic = (0x21...0x7E).contains(value)
      return graphic && ScalarClass(of: scalar).isDisjoint(with: [.letter, .number])
    }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }
}
