/// What a tokenizer file searches for: a literal text or a regular expression.
package enum TextPattern: Sendable, Equatable {
  case literal(String)
  /// One of the published expressions, by a hand-written scanner.
  case known(KnownSplit)
  case expression(RegularExpression)

  /// The matches in classified text, as ranges of scalar indices: in order, apart, never empty.
  package func matches(
    in text: ScalarText, _ budget: inout PatternBudget
  ) throws(PatternOverrun) -> [Range<Int>] {
    switch self {
    case .literal(let literal):
      return Self.matches(of: literal.unicodeScalars.map(\.value), in: text)
    case .known(let split): return split.matches(in: text)
    case .expression(let expression): return try expression.matches(in: text, &budget)
    }
  }

  /// A text with every occurrence of another one replaced.
  package static func replacing(
    _ literal: String, in text: String, with replacement: String
  ) -> String {
    let bytes = Array(text.utf8)
    let classified = ScalarText(bytes[...])
    let found = matches(of: literal.unicodeScalars.map(\.value), in: classified)
    return replaced(found, bytes, classified, replacement)
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
  package func replacing(
    in text: String, with replacement: String, _ budget: inout PatternBudget
  ) throws(PatternOverrun) -> String {
    let bytes = Array(text.utf8)
    let classified = ScalarText(bytes[...])
    let found = try matches(in: classified, &budget)
    return Self.replaced(found, bytes, classified, replacement)
  }

  private static func replaced(
    _ matches: [Range<Int>], _ bytes: [UInt8], _ text: ScalarText, _ replacement: String
  ) -> String {
    var result: [UInt8] = []
    var done = 0
    for match in matches {
      result += bytes[done..<text.offsets[match.lowerBound]]
      result += replacement.utf8
      done = text.offsets[match.upperBound]
    }
    result += bytes[done...]
    return String(decoding: result, as: UTF8.self)
  }
}
