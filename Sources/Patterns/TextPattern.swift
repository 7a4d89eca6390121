/// What a tokenizer file searches for: a literal text or a regular expression.
package enum TextPattern: Sendable, Equatable {
  case literal(String)
  /// One of the published expressions, by a hand-written scanner.
  case known(KnownSplit)
  case expression(RegularExpression)

  /// The matches in classified text, as ranges of scalar indices: in order, apart, never empty.
  package func matches(in text: ScalarText) -> [Range<Int>] {
    switch self {
    case .literal(let literal): Self.matches(of: literal.unicodeScalars.map(\.value), in: text)
    case .known(let split): split.matches(in: text)
    case .expression(let expression): expression.matches(in: text)
    }
  }

  private static func matches(of literal: [UInt32], in text: ScalarText) -> [Range<Int>] {
    guard let first = literal.first else { return [] }
    var found: [Range<Int>] = []
    var start = 0
    while start + literal.count <= text.count {
      if text.scalars[start] == first,
        text.scalars[start..<(start + literal.count)].elementsEqual(literal)
      {
        found.append(start..<(start + literal.count))
        start += literal.count
      } else {
        start += 1
      }
    }
    return found
  }

  /// The text with every match replaced.
  package func replacing(in text: String, with replacement: String) -> String {
    let bytes = Array(text.utf8)
    let classified = ScalarText(bytes[...])
    var result: [UInt8] = []
    var done = 0
    for match in matches(in: classified) {
      result += bytes[done..<classified.offsets[match.lowerBound]]
      result += replacement.utf8
      done = classified.offsets[match.upperBound]
    }
    result += bytes[done...]
    return String(decoding: result, as: UTF8.self)
  }
}
