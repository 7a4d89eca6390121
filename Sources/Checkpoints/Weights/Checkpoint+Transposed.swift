package import Tensors

extension Checkpoint {
  /// The matrix `[rows (outputs), columns (inputs)]` of a gpt2 module, which Hugging Face keeps input-first
  /// (`Conv1D`) and everyone else output-first.
  ///
  /// The input-first one is repacked into memory of our own in the file's element type; others are borrowed.
  package func transposedMatrix(_ name: String, rows: Int, columns: Int) throws(CheckpointError)
    -> WeightMatrix
  {
    guard isInputFirst else { return try matrix(name, rows: rows, columns: columns) }
    let entry = try weight(name)
    try entry.require([columns, rows])
    return try entry.transposed(part: 0, of: 1, rows: rows, columns: columns, first: 0, step: 1)
  }
}

extension TensorEntry {
  /// Copies one of `count` equal parts, `[columns, rows·step]`, into `[rows, columns]`, taking the outputs
  /// `first`, `first + step` and so on.
  ///
  /// The caller has checked the shape.
  func transposed(
    part index: Int, of count: Int, rows: Int, columns: Int, first: Int, step: Int
  ) throws(CheckpointError) -> WeightMatrix {
    guard let element = type.element, element.itemsPerBlock == 1 else {
      throw wrong(.unsupported, "F32, F16 or BF16", type.name)
    }
    let source = part(index, of: count)
    let owned = OwnedBytes(count: rows * columns * element.bytesPerBlock) { target in
      let shape = (rows: rows, columns: columns, first: first, step: step)
      if element.bytesPerBlock == 4 {
        Self.transpose(UInt32.self, source, target, shape)
      } else {
        Self.transpose(UInt16.self, source, target, shape)
      }
    }
    do throws(WeightMatrix.Problem) {
      return try WeightMatrix(
        element, rows: rows, columns: columns, bytes: owned.bytes, owner: owned)
    } catch {
      throw wrong(.mismatch, "a matrix the kernels can read", error.text)
    }
  }

  /// Moves bits, never interprets them, in tiles so that both sides stay in the cache.
  private static func transpose<Word: FixedWidthInteger>(
    _: Word.Type, _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer,
    _ shape: (rows: Int, columns: Int, first: Int, step: Int)
  ) {
    let tile = 32
    let size = MemoryLayout<Word>.size
    for rowStart in stride(from: 0, to: shape.rows, by: tile) {
      for columnStart in stride(from: 0, to: shape.columns, by: tile) {
        for row in rowStart..<min(rowStart + tile, shape.rows) {
          for column in columnStart..<min(columnStart + tile, shape.columns) {
            let from = column * shape.rows * shape.step + shape.first + row * shape.step
            let word = source.loadUnaligned(fromByteOffset: from * size, as: Word.self)
            target.storeBytes(
              of: word, toByteOffset: (row * shape.columns + column) * size, as: Word.self)
          }
        }
      }
    }
  }
}
