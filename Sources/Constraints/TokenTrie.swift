/// A vocabulary as a tree of bytes, so that tokens with a common beginning are looked at once.
///
/// Nodes lie in the order of a walk that goes deep first: a branch is passed over by one step.
package struct TokenTrie: Sendable {
  /// Of each node: its byte, how many bytes lead to it with its own, and the node behind its branch.
  private(set) var bytes: [UInt8] = []
  private(set) var depths: [Int32] = []
  private(set) var next: [Int32] = []
  /// Where a node's tokens begin in `tokens`, and the end of the last.
  private(set) var starts: [Int32] = [0]
  private(set) var tokens: [Int32] = []
  /// Bytes of the longest token.
  private(set) var longest = 0
  /// Bytes that are tokens of their own.
  let singles: Set<UInt8>
  /// One more than the largest token that a mask is for.
  package let vocabularySize: Int
  /// Texts of tokens where they begin a generation, if that differs from elsewhere.
  let beginnings: [(token: Int32, bytes: [UInt8])]?

  /// - Parameters:
  ///   - texts: the bytes that each token adds to a text; nil or empty for those that are none (control tokens).
  ///   - beginnings: the same for the first token of a generation, where a vocabulary tells them apart.
  package init(texts: [[UInt8]?], vocabularySize: Int, beginnings: [[UInt8]?]? = nil) {
    self.vocabularySize = vocabularySize
    let all = texts.enumerated().compactMap { token, text -> (token: Int32, bytes: [UInt8])? in
      guard let text, !text.isEmpty, token < vocabularySize else { return nil }
      return (Int32(token), text)
    }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    self.beginnings = beginnings?.enumerated().compactMap { token, text in
      guard let text, !text.isEmpty, token < vocabularySize else { return nil }
      return (Int32(token), text)
    }
    singles = Set(all.lazy.filter { $0.bytes.count == 1 }.compactMap(\.bytes.first))
    var path: [(byte: UInt8, node: Int)] = []
    for (token, text) in all {
      longest = max(longest, text.count)
      let common = zip(path, text).prefix { $0.0.byte == $0.1 }.count
      close(&path, keeping: common)
      for byte in text[common...] {
        path.append((byte, bytes.count))
        bytes.append(byte)
        depths.append(Int32(path.count))
        next.append(0)
        starts.append(Int32(tokens.count))
      }
      tokens.append(token)
      starts[starts.count - 1] = Int32(tokens.count)
    }
    close(&path, keeping: 0)
  }

  private mutating func close(_ path: inout [(byte: UInt8, node: Int)], keeping count: Int) {
    while path.count > count {
      guard let last = path.popLast() else { return }
      next[last.node] = Int32(bytes.count)
    }
  }

  var count: Int { bytes.count }
}
