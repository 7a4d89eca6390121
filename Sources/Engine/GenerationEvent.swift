package import Hooks
package import Tokenizers

/// A token and how likely it was.
package struct TokenScore: Sendable, Equatable {
  package let token: Token
  /// Natural logarithm of its probability at temperature 1, before penalties and filters.
  package let logprob: Float

  package init(token: Token, logprob: Float) {
    self.token = token
    self.logprob = logprob
  }
}

/// Why a generation ended.
package enum FinishReason: String, Sendable {
  /// A stop token or stop string.
  case stop
  /// `maxTokens` or the end of the context.
  case length
  /// Somebody cancelled it, or its last consumer left.
  case cancelled
}

/// Counts and durations of a generation.
package struct GenerationSummary: Sendable, Equatable {
  package var promptTokens = 0
  package var completionTokens = 0
  /// Prompt tokens whose cache was taken over from an earlier generation.
  package var reusedTokens = 0
  /// Seconds from admission to the first forward pass, for the prompt, and for the generated tokens.
  package var queueSeconds = 0.0
  package var promptSeconds = 0.0
  package var decodeSeconds = 0.0

  package init() {}
}

/// What came of a watch that fired.
package enum WatchOutcome: String, Sendable {
  /// The generation stands still when the pass's token is told, before the next pass.
  case paused
  /// It was told, and the generation goes on.
  case marked
  /// It was told with the whole row.
  case snapshot
  /// There was nothing to pause: the generation ends with the pass.
  case ended
}

/// What happens in a generation, in order.
///
/// Pass 0 is the prompt's and yields the first token; pass n works on token n-1 and yields token n. The captures
/// of a pass come before its token.
package enum GenerationEvent: Sendable {
  case promptProgress(processed: Int, total: Int)
  /// How likely the prompt's tokens are, where that was asked for; comes before the first token.
  case promptScores([PromptScore])
  /// The captures of one pass.
  case captures(CaptureBatch)
  /// `text` is what may be shown now: an unfinished character, or a possible stop string, is held back.
  case token(step: Int, token: Token, text: String, score: TokenScore, top: [TokenScore])
  /// Held-back text that turned out to be plain text, at the end.
  case text(String)
  /// Captures or interventions were changed, in this order.
  case changed(AppliedChange)
  case interventionApplied(id: String, firstStep: Int)
  /// A watch's condition held in a pass; comes between the pass's captures and its token.
  case watchFired(WatchFiring, done: WatchOutcome)
  case paused(step: Int)
  case resumed(step: Int)
  case rewound(step: Int)
  case finished(FinishReason, GenerationSummary)
  case failed(EngineError)
}

/// Who watches a generation.
///
/// - Isolation: called on the engine's loop, in order; must not wait. A sink that can't keep up calls
///   ``Generation/hold()`` and later ``Generation/release()``.
package protocol GenerationSink: AnyObject, Sendable {
  func receive(_ event: GenerationEvent, of generation: Generation)
}
