/// Rotary positions: base frequencies and what was done to them for longer contexts.
package struct RopeConfiguration: Sendable, Equatable {
  /// Base of the frequencies: `theta^(-2i / rotaryDimension)`.
  package var theta: Double
  /// Leading elements of a head that rotate; even, at most the head's dimension.
  package var rotaryDimension: Int
  package var scaling: Scaling

  /// Tokens beyond which another set of frequencies holds; nil where there is one set.
  package var originalContextOfTwoSets: Int? {
    if case .longrope(let long) = scaling { long.originalContext } else { nil }
  }

  package enum Scaling: Sendable, Equatable {
    case none
    /// As `none` in all runs that the trained context holds; only longer ones would turn more slowly (dynamic NTK).
    case dynamic
    /// Positions divided by `factor`.
    case linear(factor: Double)
    case llama3(
      factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContext: Int)
    case yarn(YaRN)
    case longrope(LongRope)
    /// Each frequency divided by the number of this tensor `[rotaryDimension / 2]` (GGUF's llama3 scaling).
    case frequencyFactors(tensor: String)
  }

  /// "YaRN: Efficient Context Window Extension of Large Language Models".
  package struct YaRN: Sendable, Equatable {
    package var factor: Double
    package var originalContext: Int
    package var betaFast: Double
    package var betaSlow: Double
    /// Whether the range between the two betas is floored and ceiled to whole dimensions.
    package var truncate: Bool
    /// What cos and sin are both multiplied by.
    package var attentionFactor: Double
  }

  /// Phi-3's two sets of factors, for contexts up to `originalContext` and beyond.
  package struct LongRope: Sendable, Equatable {
    /// `[rotaryDimension / 2]` each.
    package var shortFactors: [Float]
    package var longFactors: [Float]
    package var originalContext: Int
    package var attentionFactor: Double
  }
}
