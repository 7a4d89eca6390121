internal import Streams
internal import Frames
internal import Engine
internal import Hooks
internal import Interpretability
internal import JSON
internal import Tokenizers

/// Analyses of a run's own passes.
///
/// A pass's analyses begin when its token is known. Until they are published the run's next pass waits, so that they
/// never fall behind; the engine computes other runs meanwhile, and answers the analyses between two passes.
extension Run {
  /// Whether each pass waits for the analyses of the one before it.
  nonisolated var isAnalysed: Bool { !order.analyses.isEmpty }

  /// Begins the analyses of a pass whose token waits to be published; false where there are none.
  func beginsAnalyses(before event: GenerationEvent) -> Bool {
    guard case .token(_, let chosen, _, _, _) = event, let batch = unanalysed.take() else {
      return false
    }
    isAnalysing = true
    let pass = AnalysedPass(
      batch: batch, prompt: order.tokens, chosen: chosen, engine: engine, model: order.model)
    Task {
      await analyse(pass)
      isAnalysing = false
      pump()
      resumeSettling()
    }
    return true
  }

  /// What one of the run's analyses keeps between passes, made before its first.
  private func memory(of index: Int) -> (any AnalysisMemory)? {
    if memories.isEmpty {
      memories = order.analyses.map { $0.memory(order.model.catalogue) }
    }
    return memories[index]
  }

  /// Has those look again who wait for what was under way.
  func resumeSettling() {
    for waiting in settling { waiting.resume() }
    settling.removeAll()
  }

  private func analyse(_ pass: AnalysedPass) async {
    step = pass.batch.step
    for (index, analysis) in order.analyses.enumerated() {
      var pass = pass
      pass.memory = memory(of: index)
      guard generation?.isCancelled != true, let result = await analysis.result(of: pass) else {
        continue
      }
      add(.analysis(name: analysis.name, result: JSONValue(result)))
      _ = publisher?.announce()
    }
  }
}
