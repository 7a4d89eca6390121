internal import Constraints

extension TokenMask {
  /// The score of a token that can't come: so low that no temperature, bias or penalty brings it back, and finite, so
  /// that sums of exponentials stay numbers.
  static let closed: Float = -1e30

  /// Whether a score is that of a token that can come.
  static func isOpen(_ score: Float) -> Bool { score > closed / 1e6 }

  /// Closes all tokens that are not in the mask.
  func close(_ scores: UnsafeMutableBufferPointer<Float>) {
    for (index, word) in words.enumerated() where word != .max {
      let start = index * 64
      for bit in 0..<min(64, max(scores.count - start, 0)) where word >> UInt64(bit) & 1 == 0 {
        scores[start + bit] = Self.closed
      }
    }
    for index in min(words.count * 64, scores.count)..<scores.count { scores[index] = Self.closed }
  }
}
