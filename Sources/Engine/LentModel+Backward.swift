internal import Models
package import Tensors

extension LentModel {
  /// Carries directions of the stream behind a layer's attention to the stream before it:
  /// ``Models/LanguageModel/carryBack(_:layer:_:into:_:)``.
  package func carryBack(
    _ directions: FloatRows, layer: Int, _ held: FrozenAttention, into readings: HeadReadings
  ) throws(WeightMatrix.Problem) {
    try network.carryBack(directions, layer: layer, held, into: readings, arithmetic)
  }

  /// Adds up the head's rows of some tokens.
  ///
  /// - Returns: the sum of their biases, multiplied as scores are.
  package func addHeadRows(of tokens: Range<Int32>, to sum: inout [Double]) -> Double {
    network.addHeadRows(of: tokens, to: &sum, arithmetic) * Double(network.scoreMultiplier)
  }

  /// The head's row of a token; its bias, multiplied as scores are.
  package func headRow(of token: Int32, into row: FloatRows) -> Double {
    network.headRow(of: token, into: row, arithmetic)
  }

  /// Carries a direction of what the head reads back to the stream, the last norm's scale frozen at the one of `stream`.
  ///
  /// - Returns: what the last norm's bias says in that direction.
  package func pullBackFromHead(
    _ direction: FloatRows, at stream: UnsafeBufferPointer<Float>
  ) -> Double {
    network.pullBackFromHead(direction, at: stream)
  }

  /// Whether something constant is added with a layer's attention.
  package func hasAttentionBias(layer: Int) -> Bool { network.hasAttentionBias(layer: layer) }
}
