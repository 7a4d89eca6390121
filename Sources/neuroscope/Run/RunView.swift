internal import Engine

/// A way to show a generation while it happens.
protocol RunView {
  mutating func begin() throws
  mutating func show(_ event: GenerationEvent) throws
}

extension RunView {
  mutating func begin() {}
}

extension GenerationSummary {
  /// The figures in a line: `18 prompt tokens at 512/s, 24 tokens at 138/s (stop)`.
  func line(_ reason: FinishReason) -> String {
    let prompt = Figures.rate(promptTokens - reusedTokens, promptSeconds)
    // The prompt's pass yields the first token, so decoding made one fewer.
    let decode = Figures.rate(completionTokens - 1, decodeSeconds)
    let reused = reusedTokens > 0 ? " (\(reusedTokens) reused)" : ""
    return
      "\(promptTokens) prompt tokens\(reused) at \(prompt) tokens/s, \(completionTokens) tokens at "
      + "\(decode) tokens/s; ended by \(reason.rawValue)"
  }
}
