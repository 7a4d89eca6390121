import Hooks
import Testing

@Suite struct Reductions {
  private func reduce(_ reduction: Selection.Reduction, _ row: [Float]) -> [Float] {
    var out = [Float](repeating: -1, count: reduction.lastDimension(row.count) ?? 1)
    row.withUnsafeBufferPointer { row in
      out.withUnsafeMutableBufferPointer { out in
        if let base = out.baseAddress { reduction.reduce(row, into: base) }
      }
    }
    return out
  }

  @Test func `norm, mean of magnitudes and statistics are the plain formulas`() {
    #expect(reduce(.norm, [3, -4]) == [5])
    #expect(reduce(.meanAbs, [3, -4, 2]) == [3])
    #expect(reduce(.stats, [1, 2, 3, 6]) == [1, 6, 3, Float(3.5).squareRoot()])
    #expect(reduce(.none, [1, 2]) == [1, 2])
  }

  @Test func `top-k keeps the largest magnitudes, the lower index first among equals`() {
    #expect(reduce(.topK(3), [1, -5, 2, 5, 0]) == [-5, 5, 2, 1, 3, 2])
    #expect(reduce(.topK(9), [1, 2]) == [2, 1, 1, 0])
  }

  @Test func `a histogram counts every finite number once`() {
    let row = (0..<64).map(Float.init) + [.infinity, .nan]
    let bins = reduce(.histogram, row)
    #expect(bins[0] == 0 && bins[1] == 63)
    #expect(bins[2...].allSatisfy { $0 == 2 })
    #expect(reduce(.histogram, [4, 4])[2] == 2)
  }
}
