internal import Models
package import Tensors

/// A model's weights and the arithmetic that uses them, lent to an analysis between two passes.
package struct LentModel {
  let network: LanguageModel
  package let arithmetic: Arithmetic

  /// What each head would add to the residual stream if it attended to one position alone, a norm behind attention left
  /// at a denominator of 1.
  ///
  /// - Axes: `values [rows, keyValueHeads * d_head]`, `out [rows, heads * d_model]`.
  package func writes(ofValues values: FloatRows, layer: Int, into out: FloatRows) {
    network.writes(ofValues: values, layer: layer, into: out, arithmetic)
  }

  /// The same of what each head mixed: `mixed [rows, heads * d_head]`.
  package func writes(ofMixed mixed: FloatRows, layer: Int, into out: FloatRows) {
    network.writes(ofMixed: mixed, layer: layer, into: out, arithmetic)
  }

  /// What the norm behind a layer's attention divides its output `[d_model]` by; 1 where there is none.
  package func attentionDenominator(layer: Int, of output: UnsafeBufferPointer<Float>) -> Float {
    network.attentionDenominator(layer: layer, of: output)
  }
}

extension Engine {
  /// Lends a model to an analysis; passes of all runs wait until it is given back, so what is done must be short.
  ///
  /// - Returns: nil where the model has no weights.
  package func lend<Result: Sendable>(
    _ model: LoadedModel, _ body: @Sendable (LentModel) -> Result
  ) -> Result? {
    guard let network = model.model else { return nil }
    return body(LentModel(network: network, arithmetic: arithmetic))
  }
}
