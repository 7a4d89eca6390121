internal import Models
internal import Tensors
internal import Tokenizers

/// What is wanted of how likely a prompt's own tokens are.
package struct PromptScoring: Sendable, Equatable {
  /// The first position whose token is scored; the one at 0 has nothing before it.
  package let from: Int
  /// Alternatives at each position.
  package let top: Int

  package init(from: Int = 1, top: Int = 0) {
    self.from = max(from, 1)
    self.top = max(top, 0)
  }

  /// No token is scored: the prompt is read for what its pass shows.
  package static let none = PromptScoring(from: .max)
}

/// How likely a token of a prompt is behind those before it.
package struct PromptScore: Sendable, Equatable {
  package let position: Int
  package let score: TokenScore
  /// How many tokens are likelier: 0 is the best.
  package let rank: Int
  /// The likeliest tokens there, best first.
  package let top: [TokenScore]
}

/// Reads of every row of a prompt's scores what is wanted of it, so that no row has to be kept.
///
/// - Isolation: lives on the engine's loop.
final class PromptScorer: ForwardBatch.RowReader {
  private let scoring: PromptScoring
  private let tokens: [Token]
  private(set) var scores: [PromptScore] = []
  /// False once a row was no numbers.
  private(set) var isFinite = true

  init(_ scoring: PromptScoring, _ tokens: [Token]) {
    self.scoring = scoring
    self.tokens = tokens
  }

  /// The scores at a position are those of the token behind it.
  func wants(position: Int) -> Bool {
    position + 1 >= scoring.from && position + 1 < tokens.count
  }

  func read(_ scores: UnsafeBufferPointer<Float>, position: Int, _ arithmetic: Arithmetic) {
    guard tokens.indices.contains(position + 1) else { return }
    let token = tokens[position + 1]
    let normaliser = arithmetic.logSumExp(scores)
    guard scores.indices.contains(Int(token)), normaliser.isFinite else {
      isFinite = false
      return
    }
    let own = scores[Int(token)]
    self.scores.append(
      PromptScore(
        position: position + 1, score: TokenScore(token: token, logprob: own - normaliser),
        rank: scores.reduce(into: 0) { count, score in if score > own { count += 1 } },
        top: Sampler.scored(scoring.top, of: scores, normaliser, arithmetic)))
  }
}
