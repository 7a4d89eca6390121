/// A lent view of float32 rows `[rows, width]`, `stride` floats from row to row.
///
/// It is how a forward pass hands its scratch memory to products, norms and taps: a value, cheap to cut,
/// checked when cut. It owns nothing; whoever made it (a ``FloatSlab``) must outlive it, so it is never kept
/// beyond the call that lent it.
package struct FloatRows: @unchecked Sendable {
  // Proof for @unchecked: a view is handed to workers for disjoint rows or columns only, inside one call.
  package let base: UnsafeMutablePointer<Float>
  package let rows: Int
  package let width: Int
  package let stride: Int

  package init(base: UnsafeMutablePointer<Float>, rows: Int, width: Int, stride: Int? = nil) {
    self.base = base
    self.rows = rows
    self.width = width
    self.stride = stride ?? width
  }

  /// The rows of a range.
  package subscript(range: Range<Int>) -> FloatRows {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows)
    return FloatRows(
      base: base + range.lowerBound * stride, rows: range.count, width: width, stride: stride)
  }

  /// One row as a buffer.
  package func row(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
    precondition(index >= 0 && index < rows)
    return UnsafeMutableBufferPointer(start: base + index * stride, count: width)
  }

  /// A range of columns of every row.
  package func columns(_ range: Range<Int>) -> FloatRows {
    precondition(range.lowerBound >= 0 && range.upperBound <= width)
    return FloatRows(
      base: base + range.lowerBound, rows: rows, width: range.count, stride: stride)
  }
}

/// Float32 memory of our own, 64-byte aligned, zeroed, freed with the object.
package final class FloatSlab: @unchecked Sendable {
  // Proof for @unchecked: the pointer never changes; who writes through it is decided by who holds the slab.
  package let base: UnsafeMutablePointer<Float>
  package let count: Int

  package init(count: Int) {
    precondition(count >= 0)
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 16) * MemoryLayout<Float>.stride, alignment: 64)
    base = raw.initializeMemory(as: Float.self, repeating: 0, count: max(count, 16))
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }

  /// The slab's front as rows.
  package func rows(_ rows: Int, width: Int) -> FloatRows {
    precondition(rows >= 0 && width >= 0 && rows * width <= count)
    return FloatRows(base: base, rows: rows, width: width)
  }
}
