package import Tensors

/// What an adapter adds to a matrix: `scale · B(A x)` beside `W x` (Hu and others 2021, "LoRA").
///
/// The matrix itself stays as it is, so that quantised ones are adapted exactly.
package struct LowRankUpdate: Sendable {
  /// A, `[rank, columns of W]`; of an embedding `[vocabulary, rank]`, a row a token.
  package let down: WeightMatrix
  /// B, `[rows of W, rank]`.
  package let up: WeightMatrix
  package let scale: Float

  package var rank: Int { up.columns }

  /// What is added to some of the rows of W.
  package func rows(_ range: Range<Int>) throws(WeightMatrix.Problem) -> LowRankUpdate {
    LowRankUpdate(down: down, up: try up.rows(range), scale: scale)
  }

  /// What is added by some of the columns of W.
  ///
  /// - Returns: nil where the range does not begin and end between two blocks of A's coding.
  package func columns(_ range: Range<Int>) -> LowRankUpdate? {
    down.columns(range).map { LowRankUpdate(down: $0, up: up, scale: scale) }
  }
}
