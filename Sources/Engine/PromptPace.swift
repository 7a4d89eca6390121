/// How many tokens of a prompt are read in one pass while other generations wait for their next token.
///
/// As many as fit into the gap between two tokens that is still pleasant to watch, by what passes have taken lately:
/// few for a large model, many for a small one. However a prompt is cut, its numbers are the same.
struct PromptPace {
  private let gap: Double
  private let range: ClosedRange<Int>
  private var secondsPerToken: Double?
  private let first: Int

  /// - Parameters:
  ///   - gap: seconds that a pass with a chunk may take.
  ///   - first: the chunk before anything is known.
  ///   - range: what a chunk is at least and at most.
  init(gap: Double, first: Int, range: ClosedRange<Int>) {
    self.gap = gap
    self.first = first
    self.range = range
  }

  /// The next chunk.
  var chunk: Int {
    guard let secondsPerToken, secondsPerToken > 0 else { return clamped(Double(first)) }
    return clamped(gap / secondsPerToken)
  }

  /// A pass with so many prompt tokens took so long; the last few passes count most.
  mutating func note(tokens: Int, seconds: Double) {
    guard tokens > 0, seconds >= 0 else { return }
    let measured = seconds / Double(tokens)
    secondsPerToken = secondsPerToken.map { ($0 + measured) / 2 } ?? measured
  }

  private func clamped(_ tokens: Double) -> Int {
    Int(max(Double(range.lowerBound), min(tokens, Double(range.upperBound))))
  }
}
