internal import CKernels

extension Arithmetic {
  /// One collected product and how it is to be computed.
  struct Product {
    let job: ns_product
    let policy: RowPolicy
    let bytesPerRow: Int
    /// Keeps the weights' owner alive until the run.
    let weights: WeightMatrix
  }

  /// Collects the product `y[m][r] = Σ w[r][c] x[m][c] (+ bias[r])`; jobs of one run may run side by side.
  ///
  /// - Ownership: `x`, `into` and `bias` (`[w.rows]`) must live until ``run()`` returns; no job of a run may
  ///   read what another writes.
  package func add(
    _ w: WeightMatrix, _ x: FloatRows, into y: FloatRows, bias: UnsafePointer<Float>? = nil,
    policy: RowPolicy = .single
  ) {
    precondition(x.width == w.columns && y.width == w.rows && x.rows == y.rows)
    guard x.rows > 0 else { return }
    products.append(
      Product(
        job: ns_product(
          w: w.descriptor, x: x.base, x_stride: Int64(x.stride), y: y.base,
          y_stride: Int64(y.stride), bias: bias, count: Int64(x.rows)),
        policy: policy, bytesPerRow: w.bytesPerRow, weights: w))
  }

  /// Computes the collected jobs, the work split by bytes of weights.
  package func run() {
    defer { products.removeAll(keepingCapacity: true) }
    let total = products.reduce(0) { $0 + Int($1.job.w.rows) * $1.bytesPerRow }
    let share = max(total / (team.threads * 8), 1 << 14)
    let parts = max(1, total / share)
    products.withUnsafeBufferPointer { products in
      team.run(parts: parts) { part in
        var begin = total * part / parts
        let end = total * (part + 1) / parts
        var jobStart = 0
        for product in products where begin < end {
          let jobEnd = jobStart + Int(product.job.w.rows) * product.bytesPerRow
          if begin < jobEnd {
            // A part owns the rows whose first byte lies in its range.
            let first = (begin - jobStart + product.bytesPerRow - 1) / product.bytesPerRow
            let last =
              (min(end, jobEnd) - jobStart + product.bytesPerRow - 1) / product.bytesPerRow
            withUnsafePointer(to: product.job) { job in
              if first < last { kernels.pointee.product(job, Int64(first), Int64(last)) }
            }
            begin = jobEnd
          }
          jobStart = jobEnd
        }
      }
    }
  }
}
