package import Engine
package import Hooks
package import Tokenizers

/// A prompt whose next token tells a behaviour from its failure.
package struct ContrastPrompt: Sendable {
  package let tokens: [Token]
  /// The token that should come, and the one that should not.
  package let answer: Token
  package let wrong: Token

  package init(tokens: [Token], answer: Token, wrong: Token) {
    self.tokens = tokens
    self.answer = answer
    self.wrong = wrong
  }

  /// The answer's score less the wrong token's, at the last position, under interventions.
  package func difference(
    on engine: Engine, _ model: LoadedModel, interventions: [Intervention] = []
  ) async throws(EngineError) -> Float {
    let logits = HookPoint(.logits)
    let pass = try await PromptPass.run(
      tokens, on: engine, model, capturing: [logits], positions: .last,
      interventions: interventions)
    return try difference(of: pass.tensor(logits).values, model)
  }

  /// The same of the scores of a last position.
  func difference(of scores: [Float], _ model: LoadedModel) throws(EngineError) -> Float {
    guard scores.indices.contains(Int(answer)), scores.indices.contains(Int(wrong)) else {
      throw .tokenOutOfRange(max(answer, wrong), vocabularySize: model.info.vocabularySize)
    }
    return scores[Int(answer)] - scores[Int(wrong)]
  }
}
