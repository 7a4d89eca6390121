/// How many tokens of prompts are read in one pass, so that whoever waits for the pass does not wait long.
///
/// As many as fit into a time, by what passes have taken lately: few for a large model, many for a small one. However a
/// prompt is cut, its numbers are the same.
struct PromptPace {
  private let first: Int
  private let longest: Int
  private var secondsPerToken: Double?

  /// - Parameters:
  ///   - first: the chunk before anything is known.
  ///   - longest: what a chunk is at most.
  init(first: Int, longest: Int) {
    self.first = first
    self.longest = longest
  }

  /// The next chunk.
  ///
  /// - Parameters:
  ///   - seconds: what a pass with it may take.
  ///   - least: what it is at least, where that is not more than the longest.
  func chunk(seconds: Double, least: Int) -> Int {
    guard let secondsPerToken, secondsPerToken > 0 else { return clamped(Double(first), least) }
    return clamped(seconds / secondsPerToken, least)
  }

  /// A pass with so many prompt tokens took so long; the last few passes count most.
  mutating func note(tokens: Int, seconds: Double) {
    guard tokens > 0, seconds >= 0 else { return }
    let measured = seconds / Double(tokens)
    secondsPerToken = secondsPerToken.map { ($0 + measured) / 2 } ?? measured
  }

  private func clamped(_ tokens: Double, _ least: Int) -> Int {
    Int(max(Double(min(least, longest)), min(tokens, Double(longest))))
  }
}
