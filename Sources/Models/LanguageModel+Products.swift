internal import Checkpoints
package import Tensors

extension LanguageModel {
  /// A matrix that a pass multiplies activations with.
  package struct Product: Sendable {
    package let weights: WeightMatrix
    /// How rows of prompts are multiplied; those being decoded never are in panels.
    package let promptPolicy: Arithmetic.RowPolicy
  }

  /// Every matrix of a pass, those of all experts included.
  package var products: [Product] {
    let inLayers = blocks.flatMap { $0.linears }.flatMap { $0.matrices }
    // The scores of a few rows are computed at a time, as those of rows being decoded.
    let beside = head.matrices + (embeddingUpdate.map { [$0.up] } ?? [])
    return inLayers.map { Product(weights: $0, promptPolicy: .panel) }
      + beside.map { Product(weights: $0, promptPolicy: .single) }
  }
}

extension Linear {
  /// Its own matrix, and those of an adapter.
  fileprivate var matrices: [WeightMatrix] {
    [weight] + (update.map { [$0.down, $0.up] } ?? [])
  }
}

extension Block {
  fileprivate var linears: [Linear] {
    [attention.query, attention.key, attention.value, attention.output] + mlp.linears
  }
}

extension FeedForward {
  fileprivate var linears: [Linear] {
    switch self {
    case .gated(let gate, let up, let down, _): return [gate, up, down]
    case .plain(let up, let down, _): return [up, down]
    case .mixture(let mixture):
      let experts = mixture.experts + (mixture.shared.map { [$0.expert] } ?? [])
      return [mixture.router] + (mixture.shared.map { [$0.gate] } ?? [])
        + experts.flatMap { [$0.gate, $0.up, $0.down] }
    }
  }
}
