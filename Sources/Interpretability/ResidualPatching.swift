package import Engine
package import Hooks
package import Tokenizers

/// Where a behaviour's information flows: the residual stream of a clean run put into a corrupt one, place by place
/// (Meng and others 2022).
package struct ResidualPatching: Sendable {
  /// Mean logit differences of the clean and the corrupt runs.
  package let clean: Float
  package let corrupt: Float
  /// `[layer][position]`: how much of the difference a patch restores; 1 is all of it.
  package let effect: [[Float]]

  /// - Parameters:
  ///   - prompts: clean prompts, all of one length.
  ///   - corrupted: tokens of the corrupt prompt of each, of the same length.
  package static func run(
    _ prompts: [ContrastPrompt], corrupted: [[Token]], layers: Range<Int>, on engine: Engine,
    _ model: LoadedModel
  ) async throws(EngineError) -> ResidualPatching {
    var clean: Float = 0
    var corrupt: Float = 0
    let count = Float(max(prompts.count, 1))
    let points = layers.map { HookPoint(.residualPost, layer: $0) }
    let width = prompts.first?.tokens.count ?? 0
    var patched = Array(repeating: Array(repeating: Float(0), count: width), count: points.count)
    for (prompt, tokens) in zip(prompts, corrupted) {
      clean += try await prompt.difference(on: engine, model) / count
      let bad = ContrastPrompt(tokens: tokens, answer: prompt.answer, wrong: prompt.wrong)
      corrupt += try await bad.difference(on: engine, model) / count
      let pass = try await PromptPass.run(prompt.tokens, on: engine, model, capturing: points)
      for (layer, point) in points.enumerated() {
        for position in 0..<width {
          let edit = Intervention(
            id: "patch", point: point,
            change: .patch(
              rows: pass.tensor(point).values, width: model.info.hiddenSize, firstPosition: 0),
            positions: .list([position]))
          patched[layer][position] +=
            try await bad.difference(on: engine, model, interventions: [edit]) / count
        }
      }
    }
    let span = clean - corrupt
    return ResidualPatching(
      clean: clean, corrupt: corrupt, effect: patched.map { $0.map { ($0 - corrupt) / span } })
  }
}
