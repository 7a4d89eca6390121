extension Arithmetic {
  /// Puts the elements 0, 2, 4 … of each head before 1, 3, 5 …, in place.
  ///
  /// GGUF files of the Llama family hold the rows of q and k so that elements 2i and 2i + 1 rotate together; this
  /// brings them into the order of the published model, where i and i + headDim / 2 do.
  package func deinterleave(_ x: FloatRows, headDim: Int) {
    let half = headDim / 2
    reorderHeads(x, headDim: headDim) { head, scratch in
      for pair in 0..<half {
        scratch[pair] = head[2 * pair]
        scratch[half + pair] = head[2 * pair + 1]
      }
    }
  }

  /// Undoes ``deinterleave(_:headDim:)``.
  package func interleave(_ x: FloatRows, headDim: Int) {
    let half = headDim / 2
    reorderHeads(x, headDim: headDim) { head, scratch in
      for pair in 0..<half {
        scratch[2 * pair] = head[pair]
        scratch[2 * pair + 1] = head[half + pair]
      }
    }
  }

  /// Lets a closure write each head's numbers, `headDim` of them and an even number, in another order.
  private func reorderHeads(
    _ x: FloatRows, headDim: Int,
    _ write: (_ head: UnsafePointer<Float>, _ scratch: UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    split(rows: x.rows, width: x.width) { range in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: headDim) { scratch in
        for row in range {
          for start in stride(from: 0, to: x.width, by: headDim) {
            let head = x.base + row * x.stride + start
            write(head, scratch)
            for element in 0..<headDim { head[element] = scratch[element] }
          }
        }
      }
    }
  }
}
