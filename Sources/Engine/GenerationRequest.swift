package import Constraints
package import Hooks
package import Loops
package import Tokenizers

/// A validated order for one generation.
package struct GenerationRequest: Sendable {
  package var model: LoadedModel
  /// The prompt; at least one token.
  package var tokens: [Token]
  /// 0 only where the prompt's own tokens are scored.
  package var maxTokens: Int
  package var sampling: SamplingOptions
  /// Text ends before the first of these.
  package var stopStrings: [String]
  /// Generation ends when one of these is drawn; its text is not shown.
  package var stopTokens: Set<Token>
  /// Whether special tokens' text is kept in the generated text (Harmony's channels need it).
  package var keepsSpecialText: Bool
  package var captures: [CaptureSpec]
  package var interventions: [Intervention]
  /// What its passes are watched for; what these must see is among the captures.
  package var watches: [Watchpoint] = []
  /// What analyses read among the captures, which stays whatever becomes of the watches.
  package var analysed: Set<CaptureSpec> = []
  /// Alternatives reported with each token.
  package var topLogprobs: Int
  package var startsPaused: Bool
  /// What is wanted of how likely the prompt's tokens are, if anything.
  package var promptScoring: PromptScoring?
  /// What the generated text must be; nil where it may be anything.
  package var constraint: Constraint?
  /// Whose share of the passes it takes: that of the task that made it.
  package var client = ClientKey.current
  /// The request that it belongs to, where that one's client has limits.
  package var grant = ClientGrant.current

  package init(
    model: LoadedModel, tokens: [Token], maxTokens: Int = 100,
    sampling: SamplingOptions = SamplingOptions(), stopStrings: [String] = [],
    stopTokens: Set<Token> = [], keepsSpecialText: Bool = false, captures: [CaptureSpec] = [],
    interventions: [Intervention] = [], topLogprobs: Int = 0, startsPaused: Bool = false
  ) {
    self.model = model
    self.tokens = tokens
    self.maxTokens = maxTokens
    self.sampling = sampling
    self.stopStrings = stopStrings
    self.stopTokens = stopTokens
    self.keepsSpecialText = keepsSpecialText
    self.captures = captures
    self.interventions = interventions
    self.topLogprobs = topLogprobs
    self.startsPaused = startsPaused
  }
}
