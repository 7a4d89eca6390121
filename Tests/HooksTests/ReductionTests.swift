import TestKit
import Testing

@testable import Hooks

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

  @Test func `a projection is the dot product with each direction, summed in double precision`() {
    var random = SeededGenerator(seed: 5)
    for width in [1, 2, 7, 64, 257] {
      for count in [1, 3, 9] {
        let row = (0..<width).map { _ in random.normal() * 1e4 }
        let vectors = (0..<count).map { _ in (0..<width).map { _ in random.normal() } }
        let found = reduce(.project(Directions(Array(vectors.joined()), width: width)), row)
        let expected = vectors.map { vector in
          Float(zip(vector, row).reduce(0.0) { $0 + Double($1.0) * Double($1.1) })
        }
        #expect(found == expected)
      }
    }
    #expect(
      reduce(.project(Directions([1, 0, 0, 1], width: 2)), [.infinity, 2]).last?.isNaN == true)
  }

  @Test func `framing counts how many directions a row is projected on`() {
    func reads(_ count: Int) -> Int {
      Selection.Reduction.project(Directions(Array(repeating: 1, count: count), width: 1)).reads
    }
    #expect([1, 8, 64, 256].map(reads) == [1, 1, 8, 32])
    #expect(Selection.Reduction.norm.reads == 1)
  }
}
