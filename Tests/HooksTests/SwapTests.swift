import Hooks
import Tensors
import Testing

@Suite struct `Swapping two coordinates` {
  private let catalogue = `Hook names`.dense

  /// Numbers that look drawn, the same in every run.
  private static func numbers(_ seed: Int) -> [Float] {
    (0..<8).map { Float((seed * 37 + $0 * 61 + seed * $0 * 13) % 101) / 50 - 1 }
  }

  private func edit(_ a: [Float], _ b: [Float], heads: [Int]? = nil) -> Intervention {
    Intervention(
      id: "s", point: HookPoint(heads == nil ? .residualPost : .headOutput, layer: 0),
      change: Swap(a, b), heads: heads)
  }

  private func swapped(_ rows: [[Float]], _ a: [Float], _ b: [Float]) throws -> [[Float]] {
    let tap = RunTap(catalogue: catalogue, pool: CapturePool())
    let edit = edit(a, b)
    try edit.check(catalogue)
    tap.setInterventions([edit])
    tap.beginPass(step: 0, positions: 0..<rows.count)
    let slab = FloatSlab(count: rows.count * 8)
    for (index, value) in rows.joined().enumerated() { slab.base[index] = value }
    return withExtendedLifetime(slab) {
      let view = slab.rows(rows.count, width: 8)
      tap.see(.residualPost, layer: 0, rows: view, firstPosition: 0)
      return rows.indices.map { Array(view.row($0)) }
    }
  }

  private func product(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  @Test func `along two axes exchanges two numbers`() throws {
    var first = [Float](repeating: 0, count: 8)
    var second = first
    first[2] = 1
    second[5] = 1
    let row = Self.numbers(3)
    var expected = row
    expected.swapAt(2, 5)
    #expect(try swapped([row], first, second) == [expected])
  }

  @Test(arguments: 1..<20)
  func `exchanges what there was of each direction, and nothing else`(seed: Int) throws {
    let a = Self.numbers(seed)
    let b = Self.numbers(seed + 100)
    let rows = (0..<3).map { Self.numbers(seed + 200 + $0) }
    let found = try swapped(rows, a, b)
    let (aa, bb, ab) = (product(a, a), product(b, b), product(a, b))
    let determinant = aa * bb - ab * ab
    for (before, after) in zip(rows, found) {
      func coordinates(_ row: [Float]) -> (Double, Double) {
        let (xa, xb) = (product(row, a), product(row, b))
        return ((bb * xa - ab * xb) / determinant, (aa * xb - ab * xa) / determinant)
      }
      func rest(_ row: [Float]) -> [Double] {
        let (alpha, beta) = coordinates(row)
        return row.indices.map { Double(row[$0]) - alpha * Double(a[$0]) - beta * Double(b[$0]) }
      }
      let (old, new) = (coordinates(before), coordinates(after))
      #expect(abs(old.0 - new.1) < 1e-4 && abs(old.1 - new.0) < 1e-4)
      for (one, other) in zip(rest(before), rest(after)) { #expect(abs(one - other) < 1e-4) }
    }
    for (before, after) in zip(rows.joined(), try swapped(found, a, b).joined()) {
      #expect(abs(before - after) < 1e-4)
    }
  }

  @Test func `is refused along one direction, of another width, and for a part of a row`() {
    let a = Self.numbers(1)
    func problem(_ edit: Intervention) -> InterventionProblem? {
      do {
        try edit.check(catalogue)
        return nil
      } catch { return error }
    }
    #expect(problem(edit(a, Self.numbers(2))) == nil)
    for multiple: Float in [1, -2, 0] {
      #expect(
        problem(edit(a, a.map { $0 * multiple }))
          == .parameterOutOfRange(
            "other", found: "the same direction or none", allowed: "no multiple of vector"))
    }
    #expect(problem(edit(a, [1])) == .vectorLength(found: 1, expected: 8))
    #expect(problem(edit([1, 2], a)) == .vectorLength(found: 2, expected: 8))
    #expect(problem(edit(a, Self.numbers(2), heads: [1])) != nil)
  }
}
