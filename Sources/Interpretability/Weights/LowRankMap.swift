/// A matrix of low rank, `Σ left[i]ᵀ right[i]`, by its singular values: rows are singular vectors.
struct LowRankMap: Sendable {
  /// `[rank, d_model]` each, unit rows.
  let left: Matrix
  let right: Matrix
  /// Descending.
  let sizes: [Double]

  /// Factors with as many rows: costs their rows times `d_model` where the matrix itself would cost `d_model` squared.
  ///
  /// - Returns: nil where weights are not finite.
  init?(left: Matrix, right: Matrix) {
    guard left.values.allSatisfy(\.isFinite), right.values.allSatisfy(\.isFinite),
      let (leftRows, leftParts) = OpenBLAS.orthonormalised(left),
      let (rightRows, rightParts) = OpenBLAS.orthonormalised(right),
      let core = OpenBLAS.singular(
        OpenBLAS.product(leftParts, rightParts, transposed: true))
    else { return nil }
    self.left = OpenBLAS.product(core.left, leftRows)
    self.right = OpenBLAS.product(core.right, rightRows)
    sizes = core.sizes
  }

  /// Frobenius.
  var norm: Double { sizes.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// `Σ s⁴ / (Σ s²)²`: one over the number of directions that it spreads over.
  var concentration: Double {
    let squares = sizes.map { $0 * $0 }
    let sum = squares.reduce(0, +)
    return sum > 0 ? squares.reduce(0) { $0 + $1 * $1 } / (sum * sum) : 0
  }
}

extension Matrix {
  /// `Σ λ / Σ |λ|` of the eigenvalues: 1 where all are positive, -1 where all are negative.
  var positivity: Double? {
    guard let found = OpenBLAS.eigenvalues(self) else { return nil }
    let size = found.reduce(0) {
      $0 + ($1.real * $1.real + $1.imaginary * $1.imaginary).squareRoot()
    }
    guard size > 0 else { return nil }
    return found.reduce(0) { $0 + $1.real } / size
  }
}
