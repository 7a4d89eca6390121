internal import CKernels

/// What sampling and analyses ask of one row of logits. Rows are read on the caller's thread.
extension Arithmetic {
  /// `y = softmax(factor * x)`, `factor` (1 / temperature) above 0.
  ///
  /// `y` may be `x`.
  package func softmax(_ x: FloatRows, factor: Float = 1, into y: FloatRows) {
    precondition(x.width == y.width && x.rows == y.rows && factor > 0)
    split(rows: x.rows, width: x.width * 8) { range in
      for row in range {
        kernels.pointee.softmax(
          x.base + row * x.stride, factor, y.base + row * y.stride, Int64(x.width))
      }
    }
  }

  /// `log Σ e^(factor * x)`, `factor` above 0; -infinity for no numbers.
  package func logSumExp(_ x: UnsafeBufferPointer<Float>, factor: Float = 1) -> Float {
    guard let base = x.baseAddress, !x.isEmpty else { return -.infinity }
    return kernels.pointee.log_sum_exp(base, factor, Int64(x.count))
  }

  /// The place of the largest number, the first of equals; 0 where there is none.
  package func argmax(_ x: UnsafeBufferPointer<Float>) -> Int {
    guard let base = x.baseAddress, !x.isEmpty else { return 0 }
    return Int(kernels.pointee.argmax(base, Int64(x.count)))
  }

  /// The `count` largest numbers and their places, falling, equals by place.
  ///
  /// - Returns: how many were written: `count`, or fewer where `x` is shorter.
  package func largest(
    _ count: Int, of x: UnsafeBufferPointer<Float>, indices: UnsafeMutablePointer<Int32>,
    values: UnsafeMutablePointer<Float>
  ) -> Int {
    guard let base = x.baseAddress else { return 0 }
    return Int(kernels.pointee.largest(base, Int64(x.count), Int64(count), indices, values))
  }
}
