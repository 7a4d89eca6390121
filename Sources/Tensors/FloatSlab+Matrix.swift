extension FloatSlab: WeightOwner {
  /// Some of its numbers as a matrix of weights, so that products can have them on either side.
  ///
  /// - Parameters:
  ///   - first: where the matrix begins.
  ///   - stride: numbers from row to row; `columns` where absent.
  /// - Ownership: the matrix keeps the slab; its numbers must not change while products use it.
  package func matrix(
    rows: Int, columns: Int, from first: Int = 0, stride: Int? = nil
  ) throws(WeightMatrix.Problem) -> WeightMatrix {
    guard first >= 0, first <= count else { throw .overflow }
    let bytes = UnsafeRawBufferPointer(start: base + first, count: (count - first) * 4)
    return try WeightMatrix(
      .f32, rows: rows, columns: columns, bytes: bytes, rowStride: stride.map { $0 * 4 },
      owner: self)
  }
}
