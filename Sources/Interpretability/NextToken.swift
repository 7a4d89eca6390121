package import Engine
internal import Foundation
package import Hooks
package import Tokenizers

extension [Float] {
  /// Where the largest numbers stand, the largest first; of equal ones the earlier.
  package func placesOfLargest(_ count: Int) -> [Int] {
    enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }
      .prefix(count).map(\.offset)
  }
}

/// What a model expects behind a prompt: how likely each token of the vocabulary is.
package struct NextToken: Sendable {
  /// `[vocabulary]`: natural logarithms of the probabilities at temperature 1.
  package let logprobs: [Float]

  /// Reads the scores of a prompt's last position.
  ///
  /// - Throws: ``EngineError`` where the prompt or an intervention is refused or the pass fails.
  package static func run(
    _ tokens: [Token], on engine: Engine, _ model: LoadedModel, interventions: [Intervention] = []
  ) async throws(EngineError) -> NextToken {
    let logits = HookPoint(.logits)
    let pass = try await PromptPass.run(
      tokens, on: engine, model, capturing: [logits], positions: .last,
      interventions: interventions)
    return NextToken(logits: pass.tensor(logits).values)
  }

  package init(logits: [Float]) {
    let largest = Double(logits.max() ?? 0)
    let sum = logits.reduce(0.0) { $0 + exp(Double($1) - largest) }
    let normaliser = largest + log(sum)
    logprobs = logits.map { Float(Double($0) - normaliser) }
  }

  /// The likeliest tokens, best first; of equal ones the lower id.
  package func top(_ count: Int) -> [TokenScore] {
    logprobs.placesOfLargest(count).map { TokenScore(token: Token($0), logprob: logprobs[$0]) }
  }

  /// The Kullback-Leibler divergence of another expectation from this one, in nats: 0 where nothing has changed.
  package func divergence(to other: NextToken) -> Float {
    let sum = zip(logprobs, other.logprobs).reduce(0.0) { sum, pair in
      let probability = exp(Double(pair.0))
      return probability > 0 ? sum + probability * (Double(pair.0) - Double(pair.1)) : sum
    }
    return Float(max(sum, 0))
  }
}
