internal import CKernels

/// How far a sum is from its parts, for analyses of what went into it.
extension Arithmetic {
  /// `out[i] = Σ |whole - factors[i] * parts[i]|`, the L1 distance between a row and each of its parts.
  ///
  /// - Axes: `whole [width]`, `parts [n, width]`, `factors [n]`, `out [n]`.
  package func distances(
    from whole: UnsafePointer<Float>, to parts: FloatRows, factors: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    split(rows: parts.rows, width: parts.width) { range in
      kernels.pointee.distances(
        whole, parts.base + range.lowerBound * parts.stride, Int64(parts.stride),
        factors + range.lowerBound, Int64(range.count), out + range.lowerBound,
        Int64(parts.width))
    }
  }
}
