import Hooks
import Tensors
import Testing

@Suite struct `A run's tap` {
  private let catalogue = `Hook names`.dense

  private func spec(_ site: HookSite, _ selection: Selection = Selection()) -> CaptureSpec {
    CaptureSpec(
      hookID: "\(site)", layerName: "layers.0", component: site.component, isInput: false,
      point: HookPoint(site, layer: 0), selection: selection)
  }

  /// Rows whose number at position p, column c is 100 p + c.
  private func rows(_ positions: Range<Int>, width: Int) -> (FloatSlab, FloatRows) {
    let slab = FloatSlab(count: positions.count * width)
    for (row, position) in positions.enumerated() {
      for column in 0..<width { slab.base[row * width + column] = Float(100 * position + column) }
    }
    return (slab, slab.rows(positions.count, width: width))
  }

  private func capture(
    _ specs: [CaptureSpec], width: Int, chunks: [Range<Int>], step: Int = 0
  ) -> [(dimensions: [Int], positions: [Int], values: [Float])] {
    let tap = RunTap(catalogue: catalogue, pool: CapturePool())
    tap.setCaptures(specs)
    tap.beginPass(step: step, positions: chunks[0].lowerBound..<chunks[chunks.count - 1].upperBound)
    for chunk in chunks {
      let (slab, rows) = rows(chunk, width: width)
      withExtendedLifetime(slab) {
        tap.see(specs[0].point.site, layer: 0, rows: rows, firstPosition: chunk.lowerBound)
      }
    }
    guard let batch = tap.finishPass() else { return [] }
    return batch.items.map { item in
      (item.dimensions, item.positions, batch.withValues(of: item) { Array($0) })
    }
  }

  @Test func `a pass in chunks is one tensor, in order`() {
    let found = capture([spec(.residualPost)], width: 8, chunks: [0..<3, 3..<4, 4..<9])
    #expect(found.count == 1)
    #expect(found[0].dimensions == [9, 8])
    #expect(found[0].positions == Array(0..<9))
    let expected = (0..<9).flatMap { p in (0..<8).map { Float(100 * p + $0) } }
    #expect(found[0].values == expected)
  }

  @Test func `heads come before positions`() {
    let found = capture(
      [spec(.headOutput, Selection(heads: [2, 0]))], width: 8, chunks: [5..<7])
    #expect(found[0].dimensions == [2, 2, 2])
    #expect(found[0].values == [504, 505, 604, 605, 500, 501, 600, 601])
  }

  @Test(
    arguments: [
      (Selection.Positions.last, [8]), (.list([1, 5, 70]), [1, 5]), (.range(3..<5), [3, 4]),
      (.everyNth(4), [0, 4, 8]),
    ])
  func `positions are chosen before anything is copied`(
    positions: Selection.Positions, kept: [Int]
  ) {
    let selection = Selection(positions: positions, neurons: [7, 1])
    let found = capture([spec(.residualPost, selection)], width: 8, chunks: [0..<4, 4..<9])
    #expect(found[0].positions == kept)
    #expect(found[0].dimensions == [kept.count, 2])
    let expected = kept.flatMap { position in [7, 1].map { Float(100 * position + $0) } }
    #expect(found[0].values == expected)
  }

  @Test func `a pass that keeps nothing has no tensor`() {
    #expect(
      capture(
        [spec(.residualPost, Selection(every: 2))], width: 8, chunks: [9..<10], step: 1
      ).isEmpty)
    #expect(
      capture([spec(.residualPost, Selection(positions: .list([3])))], width: 8, chunks: [9..<10])
        .isEmpty)
  }

  @Test func `an intervention changes the chosen numbers and no others`() throws {
    let tap = RunTap(catalogue: catalogue, pool: CapturePool())
    let edit = Intervention(
      id: "z", point: HookPoint(.headOutput, layer: 0), change: .scale(-1),
      positions: .list([1]), heads: [1, 3], neurons: [0], fromStep: 0, toStep: 0)
    try edit.check(catalogue)
    tap.setInterventions([edit])
    for (step, isChanged) in [(0, true), (1, false)] {
      let (slab, rows) = rows(0..<2, width: 8)
      tap.beginPass(step: step, positions: 0..<2)
      withExtendedLifetime(slab) {
        tap.see(.headOutput, layer: 0, rows: rows, firstPosition: 0)
        var expected = (0..<2).flatMap { p in (0..<8).map { Float(100 * p + $0) } }
        if isChanged {
          expected[8 + 2] *= -1
          expected[8 + 6] *= -1
        }
        #expect(Array(UnsafeBufferPointer(start: slab.base, count: 16)) == expected)
      }
    }
  }

  @Test func `noise depends on nothing but its seed, point and place`() {
    func noise(seed: UInt64, chunks: [Range<Int>]) -> [Float] {
      let tap = RunTap(catalogue: catalogue, pool: CapturePool())
      tap.setInterventions([
        Intervention(
          id: "n", point: HookPoint(.residualPost, layer: 0),
          change: .noise(standardDeviation: 1, seed: seed))
      ])
      tap.beginPass(step: 0, positions: 0..<4)
      return chunks.flatMap { chunk in
        let (slab, rows) = rows(chunk, width: 8)
        return withExtendedLifetime(slab) {
          tap.see(.residualPost, layer: 0, rows: rows, firstPosition: chunk.lowerBound)
          return Array(UnsafeBufferPointer(start: slab.base, count: chunk.count * 8))
        }
      }
    }
    #expect(noise(seed: 1, chunks: [0..<4]) == noise(seed: 1, chunks: [0..<1, 1..<4]))
    #expect(noise(seed: 1, chunks: [0..<4]) != noise(seed: 2, chunks: [0..<4]))
  }

  @Test func `an intervention that can't be applied is refused before it runs`() {
    func problem(
      _ site: HookSite, _ change: some Change, heads: [Int]? = nil, neurons: [Int]? = nil
    ) -> InterventionProblem? {
      do {
        try Intervention(
          id: "x", point: HookPoint(site, layer: 0), change: change, heads: heads, neurons: neurons
        ).check(catalogue)
        return nil
      } catch { return error }
    }
    #expect(
      problem(.residualPost, .add(vector: [1], strength: 1)) == .vectorLength(found: 1, expected: 8)
    )
    #expect(problem(.headOutput, .zero, heads: [4]) == .headOutOfRange(4, heads: 4))
    #expect(problem(.key, .zero, heads: [2]) == .headOutOfRange(2, heads: 2))
    #expect(problem(.residualPost, .zero, heads: [0]) == .noHeads(site: "hook_resid_post"))
    #expect(
      problem(.residualPost, .patch(rows: [1], width: 1, firstPosition: 0))
        == .patchWidth(found: 1, expected: 8))
    #expect(problem(.headOutput, .scale(2), heads: [1, 1]) == .repeatedIndex(1, of: "heads"))
    #expect(problem(.mlpPost, .scale(2), neurons: [3, 0, 3]) == .repeatedIndex(3, of: "neurons"))
    #expect(problem(.headOutput, .zero, heads: []) == .emptySelection(of: "heads"))
    #expect(problem(.residualPost, .zero, neurons: []) == .emptySelection(of: "neurons"))
    #expect(problem(.attentionPattern, .scale(0.5)) == nil)
    #expect(problem(.attentionNormalized, .zero) != nil)
    #expect(problem(.routerLogits, .banExperts([0])) != nil)
  }
}
