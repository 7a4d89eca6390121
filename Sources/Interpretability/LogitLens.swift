package import Engine
internal import Hooks
package import Tokenizers

/// What each layer would say if it were the last (nostalgebraist 2020).
///
/// The residual stream after each block, through the last norm and the head.
package struct LogitLens: Sendable {
  /// `[layer][position]`: the likeliest tokens, best first.
  package let layers: [[[TokenScore]]]

  /// Reads a prompt layer by layer; `top` tokens at each place.
  package static func run(
    _ tokens: [Token], top: Int, on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> LogitLens {
    let points = (0..<model.info.layers).map { HookPoint(.residualPost, layer: $0) }
    let pass = try await PromptPass.run(tokens, on: engine, model, capturing: points)
    var layers: [[[TokenScore]]] = []
    for point in points {
      layers.append(await engine.unembed(model, rows: pass.tensor(point).values, top: top))
    }
    return LogitLens(layers: layers)
  }
}
