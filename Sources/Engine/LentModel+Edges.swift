internal import Hooks
internal import Models
package import Tensors

/// A pass whose readers may each read another stream: ``Models/EdgePass``, for an analysis.
///
/// - Ownership: one analysis'; used inside ``Engine/lend(_:_:)``, one call after the other.
package final class LentEdgePass: @unchecked Sendable {
  // Proof for @unchecked: whoever made it awaits one call of `Engine.lend` before the next.
  private let pass: EdgePass

  package init(_ lent: LentModel, tokens: [Int32]) {
    pass = EdgePass(lent.network, tokens: tokens)
  }

  package func embed(into tokens: FloatRows, stream: FloatRows, _ lent: LentModel) {
    pass.embed(into: tokens, stream: stream, lent.arithmetic)
  }

  package func attend(
    _ streams: FloatRows, layer: Int, writes: FloatRows, added: FloatRows, _ lent: LentModel
  ) {
    pass.attend(streams, layer: layer, writes: writes, added: added, lent.arithmetic)
  }

  package func feedForward(
    _ stream: FloatRows, layer: Int, added: FloatRows, _ lent: LentModel
  ) {
    pass.feedForward(stream, layer: layer, added: added, lent.arithmetic)
  }

  package func held(_ stream: FloatRows, layer: Int, _ lent: LentModel) -> HeldAttention? {
    pass.held(stream, layer: layer, lent.arithmetic)
  }
}

extension LentModel {
  /// Carries a gradient of what a layer's attention added to what each of its readers read:
  /// ``Models/LanguageModel/carryGradient(_:layer:_:toReaders:_:)``.
  package func carryGradient(
    _ gradient: FloatRows, layer: Int, _ held: HeldAttention, toReaders readers: FloatRows
  ) throws(WeightMatrix.Problem) {
    try network.carryGradient(gradient, layer: layer, held, toReaders: readers, arithmetic)
  }

  /// The same of a layer's feed-forward part, in place:
  /// ``Models/LanguageModel/carryFeedForwardGradient(_:layer:at:_:)``.
  package func carryFeedForwardGradient(
    _ gradient: FloatRows, layer: Int, at stream: FloatRows
  ) throws(WeightMatrix.Problem) {
    try network.carryFeedForwardGradient(gradient, layer: layer, at: stream, arithmetic)
  }

  /// The scores of the vocabulary of a row of the stream behind the last layer, `[vocabulary]`.
  package func scores(of row: FloatRows) -> [Float] {
    let normed = FloatSlab(count: row.width)
    let scores = FloatSlab(count: network.catalogue.vocabularySize)
    return withExtendedLifetime((normed, scores)) {
      let view = scores.rows(1, width: scores.count)
      network.unembed(row, normed: normed.rows(1, width: row.width), into: view, arithmetic)
      return Array(view.row(0))
    }
  }
}
