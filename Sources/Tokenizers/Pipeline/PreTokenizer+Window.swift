import Patterns

extension PreTokenizer {
  /// How much of a text can be cut into pieces by itself: an index of the text, its end where it is short or the
  /// splitting looks at all of it.
  func window(of text: Piece) -> Int {
    guard text.count > KnownSplit.window, let known else { return text.endIndex }
    return KnownSplit.cutBetweenWords(text)
      ?? (known.isFirst ? known.split.cut(text) : text.endIndex)
  }

  /// The known expression by which the text is cut, every match and gap a piece, and whether anything comes before it.
  ///
  /// Before it only digits may be taken apart. Groups of digits hold what stands before them, words and all.
  private var known: (split: KnownSplit, isFirst: Bool)? {
    switch self {
    case .split(.known(.digitGroups), _, _): return nil
    case .split(.known(let split), .isolated, inverted: false): return (split, true)
    case .byteLevel(addPrefixSpace: false, splits: true): return (.gpt2, true)
    case .sequence(let steps):
      for (index, step) in steps.enumerated() {
        if case .digits = step { continue }
        return step.known.map { ($0.split, $0.isFirst && index == 0) }
      }
      return nil
    default: return nil
    }
  }
}
