extension Arithmetic {
  /// Puts the elements 0, 2, 4 … of each head before 1, 3, 5 …, in place.
  ///
  /// GGUF files of the Llama family hold the rows of q and k so that elements 2i and 2i + 1 rotate together; this
  /// brings them into the order of the published model, where i and i + headDim / 2 do.
  package func deinterleave(_ x: FloatRows, headDim: Int) {
    let half = headDim / 2
    split(rows: x.rows, width: x.width) { range in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: headDim) { scratch in
        for row in range {
          for start in stride(from: 0, to: x.width, by: headDim) {
            let head = x.base + row * x.stride + start
            for pair in 0..<half {
              scratch[pair] = head[2 * pair]
              scratch[half + pair] = head[2 * pair + 1]
            }
            for element in 0..<headDim { head[element] = scratch[element] }
          }
        }
      }
    }
  }
}
