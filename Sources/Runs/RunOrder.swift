package import Constraints
package import Engine
package import Hooks
package import Interpretability
package import Tokenizers

/// A validated order for one run: what to compute, what to show, and for whose sake.
package struct RunOrder: Sendable {
  package var model: LoadedModel
  package var tokens: [Token]
  package var sampling: SamplingRequest
  package var hooks: [HookOrder] = []
  package var interventions: [Intervention] = []
  package var analyses: [any LiveAnalysis] = []
  /// What its passes are watched for.
  package var watches: [Watchpoint] = []
  package var frames = FrameFormat.live
  /// Alternatives reported with each token.
  package var topLogprobs = 0
  package var stopTokens: Set<Token>
  /// What the generated text must be; nil where it may be anything.
  package var constraint: Constraint?
  package var keepsSpecialText = false
  /// The request that makes the same run again, where the run is recorded.
  package var recordedRequest: [UInt8]?
  /// Goes on although nobody watches.
  package var isDetached = false
  package var startsPaused = false
  /// What kind of answer it is, as traces name it.
  package var operation = Operation.textCompletion
  /// Waits a little for its first viewer; false where the viewer is there from the start.
  package var awaitsViewer = true

  /// The operations of generative AI that a run is.
  package enum Operation: String, Sendable {
    case chat
    case textCompletion = "text_completion"
  }

  /// Hooks that a run may have had, from its beginning to its end.
  package static let mostHooks = 8192
  /// Interventions of a run that may be in force at a time.
  package static let mostInterventions = 1024

  package init(model: LoadedModel, tokens: [Token], sampling: SamplingRequest) {
    self.model = model
    self.tokens = tokens
    self.sampling = sampling
    stopTokens = model.tokenizer.specialTokens.eos
  }

  /// Tokens that may be generated: what was asked for, or the default as far as the context has room.
  package var maxTokens: Int {
    let room = max(model.info.contextLength - tokens.count, 1)
    if sampling.fillsContext { return room }
    return sampling.maxTokens ?? min(SamplingRequest.defaultMaxTokens, room)
  }

  /// The same order in the engine's words.
  package var generation: GenerationRequest {
    var request = GenerationRequest(
      model: model, tokens: tokens, maxTokens: maxTokens, sampling: sampling.options,
      stopStrings: sampling.stop, stopTokens: sampling.ignoresEnd ? [] : stopTokens,
      keepsSpecialText: keepsSpecialText,
      captures: hooks.map(\.spec) + unsentCaptures, interventions: interventions,
      topLogprobs: topLogprobs,
      startsPaused: startsPaused)
    request.constraint = constraint
    request.watches = watches
    request.analysed = Set(analysisCaptures)
    return request
  }
}

extension RunOrder {
  /// Whether it may stand still without being asked to again.
  package var mayPause: Bool { watches.contains { $0.action == .pause } }

  /// What analyses and watches must see, each tensor once.
  private var unsentCaptures: [CaptureSpec] {
    var seen: Set<CaptureSpec> = []
    return (analysisCaptures + watches.compactMap(\.capture)).filter { seen.insert($0).inserted }
  }

  /// What the run's analyses must see, each tensor once.
  var analysisCaptures: [CaptureSpec] {
    var seen: Set<CaptureSpec> = []
    return analyses.flatMap { $0.captures(model.catalogue, promptTokens: tokens.count) }
      .filter { seen.insert($0).inserted }
  }
}
