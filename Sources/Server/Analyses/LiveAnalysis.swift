internal import Engine
package import Hooks
internal import Interpretability
package import Tokenizers

/// An analysis of a run's passes, made as the run streams from rows that its own passes captured.
///
/// Its result is one `analysis` event of the pass, before the event of the pass's token.
package enum LiveAnalysis: Sendable, Equatable {
  case logitLens(layers: [Int], positions: Selection.Positions, top: Int)
  /// Of the chosen token where no answer is given; of a difference where there is a second token.
  case directLogitAttribution(answer: Token?, versus: Token?, heads: Bool)
  case headScores(layers: [Int])
  case attentionEntropy(layers: [Int], positions: Selection.Positions)

  /// The name in requests and events.
  var name: String {
    switch self {
    case .logitLens: "logit_lens"
    case .directLogitAttribution: "direct_logit_attribution"
    case .headScores: "head_scores"
    case .attentionEntropy: "attention_entropy"
    }
  }

  /// What it must see of a run's passes.
  func captures(_ catalogue: HookCatalogue, promptTokens: Int) -> [CaptureSpec] {
    switch self {
    case .logitLens(let layers, let positions, _):
      LogitLens.captures(layers: layers, positions)
    case .directLogitAttribution(_, _, let heads):
      DirectLogitAttribution.captures(catalogue, heads: heads)
    case .headScores(let layers):
      HeadScores.captures(layers: layers, promptTokens: promptTokens)
    case .attentionEntropy(let layers, let positions):
      AttentionEntropy.captures(layers: layers, positions)
    }
  }

  /// Bytes of the result of a prompt's pass and of each later one, at most, in decimal text.
  func resultBytes(
    _ catalogue: HookCatalogue, promptTokens: Int
  ) -> (prompt: Double, later: Double) {
    let perNumber = 12.0
    func rows(_ positions: Selection.Positions) -> Double {
      positions == .last ? 1 : Double(promptTokens)
    }
    switch self {
    case .logitLens(let layers, let positions, let top):
      // A token has its id, its text and its logarithm.
      let row = Double(layers.count * (top + 1)) * 5 * perNumber
      return (rows(positions) * row, row)
    case .directLogitAttribution(_, _, let heads):
      let parts = Double(catalogue.layers * (heads ? 2 + catalogue.heads : 2)) * perNumber
      return (parts, parts)
    case .headScores(let layers):
      return (3 * Double(layers.count * catalogue.heads) * perNumber, 0)
    case .attentionEntropy(let layers, let positions):
      let row = Double(layers.count * catalogue.heads) * perNumber
      return (rows(positions) * row, row)
    }
  }
}

extension RunOrder {
  /// What the run's analyses must see, each tensor once.
  var analysisCaptures: [CaptureSpec] {
    var seen: Set<CaptureSpec> = []
    return analyses.flatMap { $0.captures(model.catalogue, promptTokens: tokens.count) }
      .filter { seen.insert($0).inserted }
  }
}
