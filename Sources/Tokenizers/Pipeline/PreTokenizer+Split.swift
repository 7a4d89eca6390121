import Patterns

/// How matches and the text between them become pieces.
extension PreTokenizer {
  /// A stretch of scalars and whether the pattern matched it.
  private typealias Stretch = (range: Range<Int>, matched: Bool)

  /// Cuts a piece by the matches that `find` reports; empty pieces are left out.
  static func split(
    _ piece: Piece, _ behavior: Behavior, inverted: Bool, by find: (ScalarText) -> [Range<Int>]
  ) -> [Piece] {
    let text = ScalarText(piece)
    return split(piece, text, find(text), behavior, inverted: inverted)
  }

  /// Cuts a piece by matches in its text.
  static func split(
    _ piece: Piece, _ text: ScalarText, _ matches: [Range<Int>], _ behavior: Behavior,
    inverted: Bool
  ) -> [Piece] {
    var stretches: [Stretch] = []
    var done = 0
    for match in matches {
      if done < match.lowerBound { stretches.append((done..<match.lowerBound, inverted)) }
      stretches.append((match, !inverted))
      done = match.upperBound
    }
    if done < text.count { stretches.append((done..<text.count, inverted)) }
    return pieces(stretches, behavior).map { range in
      piece[text.offsets[range.lowerBound]..<text.offsets[range.upperBound]]
    }
  }

  private static func pieces(_ stretches: [Stretch], _ behavior: Behavior) -> [Range<Int>] {
    switch behavior {
    case .isolated: stretches.map(\.range)
    case .removed: stretches.filter { !$0.matched }.map(\.range)
    case .contiguous: joined(stretches) { before, now in before == now }
    case .mergedWithPrevious: joined(stretches) { before, now in now && !before }
    case .mergedWithNext:
      // Seen from the end, the next piece is the previous one.
      joined(stretches.reversed()) { before, now in now && !before }.reversed()
    }
  }

  /// Joins a stretch with the one before it wherever the rule says so.
  private static func joined(
    _ stretches: [Stretch], _ rule: (_ before: Bool, _ now: Bool) -> Bool
  ) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var before = false
    for stretch in stretches {
      if let last = ranges.last, rule(before, stretch.matched) {
        let start = min(last.lowerBound, stretch.range.lowerBound)
        ranges[ranges.count - 1] = start..<max(last.upperBound, stretch.range.upperBound)
      } else {
        ranges.append(stretch.range)
      }
      before = stretch.matched
    }
    return ranges
  }
}
