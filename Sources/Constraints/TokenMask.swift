/// The tokens that may come next, a bit each.
package struct TokenMask: Sendable, Equatable {
  /// Bit `token % 64` of word `token / 64`.
  package private(set) var words: [UInt64]

  init(vocabularySize: Int) { words = Array(repeating: 0, count: (vocabularySize + 63) / 64) }

  mutating func insert(_ token: Int32) {
    let place = Int(token) >> 6
    guard token >= 0, place < words.count else { return }
    words[place] |= 1 << UInt64(token & 63)
  }

  /// Lets further tokens come: those that end the text, where it may end.
  package mutating func formUnion(_ tokens: some Sequence<Int32>) {
    for token in tokens { insert(token) }
  }

  package func contains(_ token: Int32) -> Bool {
    let place = Int(token) >> 6
    return token >= 0 && place < words.count && words[place] >> UInt64(token & 63) & 1 == 1
  }

  package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
  package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
