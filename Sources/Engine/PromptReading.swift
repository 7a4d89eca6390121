package import Hooks
package import Tokenizers

/// What one pass over a prompt told, behind which nothing was generated.
package struct PromptReading: Sendable {
  /// How likely the prompt's own tokens are, those that were asked for.
  package fileprivate(set) var scores: [PromptScore] = []
  /// What was captured; nil where nothing was.
  package fileprivate(set) var captures: CaptureBatch?
}

extension Engine {
  /// Reads a prompt in one pass and generates nothing.
  ///
  /// With captures all of it is computed; without, positions before the first scored one may come from an earlier prompt
  /// that began alike. A cancelled task cancels the pass.
  /// - Throws: `EngineError.cancelled` then, and ``EngineError`` where the prompt is refused or the pass fails.
  package nonisolated func read(
    _ tokens: [Token], _ model: LoadedModel, scoring: PromptScoring = .none,
    capturing captures: [CaptureSpec] = []
  ) async throws(EngineError) -> PromptReading {
    let request = GenerationRequest(
      reading: tokens, model, scoring: scoring, capturing: captures)
    return try await run(request, keeping: PromptReading()) { reading, event in
      switch event {
      case .promptScores(let scores): reading.scores = scores
      case .captures(let batch): reading.captures = batch
      default: break
      }
    }
  }

  /// How likely a prompt's own tokens are.
  ///
  /// - Throws: as ``read(_:_:scoring:capturing:)``.
  package nonisolated func promptScores(
    of tokens: [Token], _ model: LoadedModel, _ scoring: PromptScoring
  ) async throws(EngineError) -> [PromptScore] {
    try await read(tokens, model, scoring: scoring).scores
  }
}

extension GenerationRequest {
  /// A prompt that is read and not gone on with.
  package init(
    reading tokens: [Token], _ model: LoadedModel, scoring: PromptScoring = .none,
    capturing captures: [CaptureSpec] = []
  ) {
    self.init(model: model, tokens: tokens, maxTokens: 0, captures: captures)
    promptScoring = scoring
  }
}
