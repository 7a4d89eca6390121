internal import Models
package import Tensors

extension LentModel {
  /// Carries a gradient behind a layer to before it: ``Models/LanguageModel/carryGradient(_:layer:_:into:_:)``.
  package func carryGradient(
    _ gradient: FloatRows, layer: Int, _ held: HeldAttention, into mixed: FloatRows
  ) throws(WeightMatrix.Problem) {
    try network.carryGradient(gradient, layer: layer, held, into: mixed, arithmetic)
  }

  /// Lets the last norm's denominator answer too: ``Models/LanguageModel/releaseLastNorm(_:at:)``.
  package func releaseLastNorm(_ direction: inout [Float], at stream: [Float]) {
    network.releaseLastNorm(&direction, at: stream)
  }
}
