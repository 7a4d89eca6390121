package import Engine
package import Hooks
package import Tokenizers

/// What each layer would say if it were the last (nostalgebraist 2020).
///
/// The residual stream after each block, through the last norm and the head.
package struct LogitLens: Sendable {
  /// The positions read, and the token that really stands behind each: the prompt's next one, or the chosen one.
  package let positions: [Int]
  package let targets: [Token?]
  /// `[layer][position]`, of the layers asked for: the likeliest tokens, and the target's place among all.
  package let layers: [[TokenReading]]

  /// What the lens must see of a pass.
  package static func captures(
    layers: [Int], _ positions: Selection.Positions
  ) -> [CaptureSpec] {
    layers.map { CaptureSpec(analysing: HookPoint(.residualPost, layer: $0), positions) }
  }

  /// Reads one pass.
  ///
  /// - Parameter following: the token behind a position, where there is one.
  package static func read(
    _ pass: CapturedPass, layers: [Int], top: Int, following: (Int) -> Token?,
    on engine: Engine, _ model: LoadedModel
  ) async -> LogitLens {
    let streams = layers.map { pass.tensor(HookPoint(.residualPost, layer: $0)) }
    let positions = streams.first?.positions ?? []
    let targets = positions.map(following)
    // Rows of all layers together: the head's weights are read once for a block of them, not once for each.
    let rows = streams.flatMap(\.values)
    let width = model.info.hiddenSize
    let count = rows.count / width
    var readings: [TokenReading] = []
    for first in stride(from: 0, to: count, by: Engine.unembeddedRows) {
      let end = min(first + Engine.unembeddedRows, count)
      readings += await engine.unembed(
        model, rows: rows[first * width..<end * width], top: top,
        targets: (first..<end).map { targets[$0 % targets.count] })
    }
    return LogitLens(
      positions: positions, targets: targets,
      layers: layers.indices.map { layer in
        Array(readings[layer * positions.count..<(layer + 1) * positions.count])
      })
  }

  /// Reads a prompt layer by layer; `top` tokens at each place.
  package static func run(
    _ tokens: [Token], top: Int, on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> LogitLens {
    let layers = Array(0..<model.info.layers)
    let pass = try await PromptPass.run(
      tokens, on: engine, model, capturing: captures(layers: layers, .all).map(\.point))
    return await read(
      pass, layers: layers, top: top,
      following: { tokens.indices.contains($0 + 1) ? tokens[$0 + 1] : nil }, on: engine, model)
  }
}

extension LogitLens {
  /// The lens on a run's own passes.
  package struct Live: LiveAnalysis {
    package static let name = "logit_lens"
    package static let summary =
      "What each layer's residual stream says of the next token: the last norm and the "
      + "unembedding applied to it."
    package static let source = "nostalgebraist 2020"
    package static let parameters: [Parameter] = [
      .layers, .positions,
      Parameter("top", .integer(1...50), "5", "Tokens named at each place."),
    ]

    private let layers: [Int]
    private let positions: Selection.Positions
    private let top: Int

    package init(_ values: ParameterValues, _ catalogue: HookCatalogue) {
      layers = values.layers(catalogue)
      positions = values.positions("positions") ?? .last
      top = values.integer("top") ?? 5
    }

    package func captures(_ catalogue: HookCatalogue, promptTokens: Int) -> [CaptureSpec] {
      LogitLens.captures(layers: layers, positions)
    }

    package func resultNumbers(
      _ catalogue: HookCatalogue, promptTokens: Int
    ) -> (prompt: Double, later: Double) {
      // A token has its id, its text and its logarithm.
      let row = Double(layers.count * (top + 1)) * 5
      return (positions.rows(ofPrompt: promptTokens) * row, row)
    }

    package func result(of captured: CapturedPass, _ pass: AnalysedPass) async -> Finding? {
      let lens = await LogitLens.read(
        captured, layers: layers, top: top, following: { pass.following($0) }, on: pass.engine,
        pass.model)
      return .members([
        ("positions", .counts(lens.positions)),
        ("targets", .list(lens.targets.map { $0.map { pass.named($0) } ?? .none })),
        ("layers", .counts(layers)),
        (
          "predictions",
          .list(lens.layers.map { row in .list(row.map { Self.finding($0, pass) }) })
        ),
      ])
    }

    private static func finding(_ reading: TokenReading, _ pass: AnalysedPass) -> Finding {
      .members([
        ("top", .list(reading.top.map { pass.named($0) })),
        (
          "target",
          reading.target.map { place in
            .members([
              ("logit", .number(place.logit)), ("logprob", .number(place.score.logprob)),
              ("rank", .count(place.rank)),
            ])
          } ?? .none
        ),
      ])
    }
  }
}
