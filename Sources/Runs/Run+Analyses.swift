internal import Streams
internal import Frames
internal import Engine
internal import Interpretability
internal import JSON
internal import Tokenizers

/// Analyses of a run's own passes.
///
/// A pass's analyses begin when its token is known. Until they are published the run's next pass waits, so that they
/// never fall behind; the engine computes other runs meanwhile, and answers the analyses between two passes.
extension Run {
  /// Begins the analyses of a pass whose token waits to be published; false where there are none.
  func beginsAnalyses(before event: GenerationEvent) -> Bool {
    guard case .token(_, let chosen, _, _, _) = event, let batch = queue.beginAnalyses() else {
      return false
    }
    let pass = AnalysedPass(
      batch: batch, prompt: order.tokens, chosen: chosen, engine: services.engine,
      model: order.model)
    Task {
      await analyse(pass)
      queue.endAnalyses()
      pump()
      queue.wakeSettling()
    }
    return true
  }

  private func analyse(_ pass: AnalysedPass) async {
    progress.begin(pass.step)
    for (index, analysis) in order.analyses.enumerated() {
      var pass = pass
      pass.memory = queue.memory(of: index) {
        order.analyses.map { $0.memory(order.model.catalogue) }
      }
      guard generation?.isCancelled != true, let result = await analysis.result(of: pass) else {
        continue
      }
      add(.analysis(name: analysis.name, result: JSONValue(result)))
      outlet.announce()
    }
  }
}
