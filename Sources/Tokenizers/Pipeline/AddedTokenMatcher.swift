/// Finds added tokens in a text: leftmost first, of those the longest.
///
/// - Complexity: linear in the text for tokens of bounded length.
struct AddedTokenMatcher: Sendable {
  /// A stretch of text, or a token cut out of it.
  enum Part: Equatable {
    case text(Range<Int>)
    case token(Token)
  }

  /// One byte of one or more added tokens.
  private struct Node {
    var next: [UInt8: Int] = [:]
    /// Index into `added`, if a token ends here.
    var end: Int?
  }

  private let added: [AddedToken]
  private var nodes: [Node] = [Node()]
  /// Which bytes begin a token at all.
  private var begins = [Bool](repeating: false, count: 256)

  var isEmpty: Bool { added.isEmpty }

  init(_ tokens: [AddedToken]) {
    added = tokens
    for (index, token) in tokens.enumerated() where !token.text.isEmpty {
      var node = 0
      for byte in token.text.utf8 {
        if let next = nodes[node].next[byte] {
          node = next
        } else {
          nodes.append(Node())
          nodes[node].next[byte] = nodes.count - 1
          node = nodes.count - 1
        }
      }
      nodes[node].end = index
      if let first = token.text.utf8.first { begins[Int(first)] = true }
    }
  }

  /// Cuts the tokens out.
  ///
  /// With `parseSpecial` off, special ones stay text; and so do those that touch the bytes in `kept`, which
  /// are in order and apart.
  func parts(
    of text: [UInt8], parseSpecial: Bool, keepingAsText kept: [Range<Int>] = []
  ) -> [Part] {
    if added.isEmpty { return text.isEmpty ? [] : [.text(0..<text.count)] }
    var parts: [Part] = []
    var done = 0
    var place = 0
    var kept = kept[...]
    while place < text.count {
      guard begins[Int(text[place])], let (token, matchEnd) = longest(at: place, text) else {
        place += 1
        continue
      }
      var start = place
      var end = matchEnd
      kept = kept.drop { $0.upperBound <= start }
      if token.special, let next = kept.first, next.lowerBound < end {
        place += 1
        continue
      }
      place = matchEnd
      if token.special, !parseSpecial { continue }
      if token.singleWord, !standsAlone(start..<end, text) { continue }
      if token.stripsLeft { start = max(done, blanksBegin(before: start, text)) }
      if token.stripsRight { end = blanksEnd(after: end, text) }
      if done < start { parts.append(.text(done..<start)) }
      parts.append(.token(token.token))
      // Blanks that were swallowed may still be tokens of their own: matches are independent of them.
      done = end
    }
    if done < text.count { parts.append(.text(done..<text.count)) }
    return parts
  }

  /// Every place where a token is spelt, also within another; `orCutAtEnd` adds one that the text's end cuts.
  func occurrences(in text: [UInt8], orCutAtEnd: Bool = false) -> [Range<Int>] {
    var found: [Range<Int>] = []
    for start in text.indices where begins[Int(text[start])] {
      var node = 0
      var place = start
      var end: Int?
      while place < text.count, let next = nodes[node].next[text[place]] {
        node = next
        place += 1
        if nodes[node].end != nil { end = place }
      }
      if orCutAtEnd, place == text.count { end = place }
      if let end { found.append(start..<end) }
    }
    return found
  }

  private func longest(at start: Int, _ text: [UInt8]) -> (AddedToken, Int)? {
    var node = 0
    var found: (AddedToken, Int)?
    var place = start
    while place < text.count, let next = nodes[node].next[text[place]] {
      node = next
      place += 1
      if let end = nodes[node].end { found = (added[end], place) }
    }
    return found
  }

  private func standsAlone(_ range: Range<Int>, _ text: [UInt8]) -> Bool {
    let before = String(decoding: text[..<range.lowerBound].suffix(4), as: UTF8.self)
    let after = String(decoding: text[range.upperBound...].prefix(4), as: UTF8.self)
    return !Self.isWord(before.unicodeScalars.last) && !Self.isWord(after.unicodeScalars.first)
  }

  /// `\w`: letters, marks, digits and connectors.
  private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
    guard let scalar else { return false }
    if scalar.properties.isAlphabetic || scalar.properties.isJoinControl { return true }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
      return true
    default: return false
    }
  }

  private func blanksBegin(before end: Int, _ text: [UInt8]) -> Int {
    var start = end
    while start > 0 {
      var first = start - 1
      while first > 0, text[first] & 0xC0 == 0x80 { first -= 1 }
      guard Self.isBlank(text[first..<start]) else { break }
      start = first
    }
    return start
  }

  private func blanksEnd(after start: Int, _ text: [UInt8]) -> Int {
    var end = start
    while end < text.count {
      let next = BytePairModel.characterEnd(text[...], end)
      guard Self.isBlank(text[end..<next]) else { break }
      end = next
    }
    return end
  }

  private static func isBlank(_ character: ArraySlice<UInt8>) -> Bool {
    String(decoding: character, as: UTF8.self).unicodeScalars.first?.properties.isWhitespace
      ?? false
  }
}
