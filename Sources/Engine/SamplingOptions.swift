package import Tokenizers

/// How the next token is chosen from the scores.
package struct SamplingOptions: Sendable, Equatable {
  /// 0 takes the best token (greedy); higher is more varied.
  package var temperature: Float
  /// Keeps the k best; 0 keeps all.
  package var topK: Int
  /// Keeps the smallest set whose probabilities reach this sum (nucleus sampling, Holtzman and others, 2019).
  package var topP: Float
  /// Drops tokens less likely than this share of the best one's probability.
  package var minP: Float
  /// Divides (or multiplies, below 0) the scores of tokens seen before; 1 changes nothing (CTRL, Keskar and others, 2019).
  package var repetitionPenalty: Float
  /// Subtracted once from tokens generated before (OpenAI).
  package var presencePenalty: Float
  /// Subtracted per earlier occurrence among the generated tokens (OpenAI).
  package var frequencyPenalty: Float
  /// Added to the scores of tokens before one is drawn (OpenAI).
  package var logitBias: [Token: Float]
  /// Equal seed, equal request: equal text.
  package var seed: UInt64

  package init(
    temperature: Float = 0.7, topK: Int = 0, topP: Float = 0.9, minP: Float = 0,
    repetitionPenalty: Float = 1, presencePenalty: Float = 0, frequencyPenalty: Float = 0,
    logitBias: [Token: Float] = [:], seed: UInt64 = 0
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
    self.presencePenalty = presencePenalty
    self.frequencyPenalty = frequencyPenalty
    self.logitBias = logitBias
    self.seed = seed
  }
}
