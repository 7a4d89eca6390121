import Hooks
import Models
import TestKit
import Testing

/// Every kind of change at every point of a model: done exactly, or refused with the reason.
@Suite struct `Interventions everywhere` {
  private static let prompt: [Int32] = [17, 250, 31, 8, 99, 250, 31, 4, 77, 12]
  private static let layer = 5
  /// Points that are looked at after they were used, or instead of what is used.
  private static let readOnly = Set(HookSite.allCases.filter { $0.readOnly != nil })
  private static let scores: Set<HookSite> = [.attentionScores, .attentionPattern]

  /// The bundled model, and the references' mixture of experts where they were made.
  private static let checkpoints =
    [TestModels.bundled]
    + ReferenceSet.all.filter { $0.name == "gpt_oss hf-f32" }.map(\.checkpoint)

  /// One change of each kind, for a point so wide that holds these numbers.
  private func changes(
    of site: HookSite, width: Int, found: Captured
  ) -> [any Change] {
    let vector = (0..<width).map { Float($0 % 7) / 7 - 0.4 }
    // An expert has only some of the positions: all rows are the same then.
    let rows =
      site == .expertOutput
      ? Self.prompt.flatMap { _ in vector } : found.rowsOfPositions.map { $0 * 0.25 + 1 }
    return [
      Zero(), Mean(vector: vector), Scale(by: -0.5), Add(vector: vector, strength: 2),
      Clamp(low: -0.1, high: 0.1), Noise(standardDeviation: 0.3, seed: 9),
      Patch(PatchedRows(values: rows, width: width, firstPosition: 0)),
    ]
  }

  /// What a number becomes, where that is known.
  private func expected(
    _ change: any Change, _ value: Float, column: Int, place: Int
  ) -> Float? {
    switch change {
    case is Zero: 0
    case let mean as Mean: mean.vector[column]
    case let scale as Scale: value * scale.factor
    case let add as Add: value + add.strength * add.vector[column]
    case let clamp as Clamp: min(max(value, clamp.low), clamp.high)
    case let patch as Patch: patch.rows.values[place]
    default: nil
    }
  }

  @Test(arguments: checkpoints.indices)
  func `a change is made exactly, goes on from there, or is refused`(index: Int) throws {
    let runner = try ModelRunner(Self.checkpoints[index])
    // Not the last layer: there an expert may have no part in what comes out at the last position.
    let layer = min(Self.layer, runner.model.catalogue.layers - 2)
    let points = runner.points.filter { $0.layer < 0 || $0.layer == layer }
    let plain = runner.prefill(Self.prompt, watching: points)
    var done = 0
    for point in points {
      // An expert that no token is routed to has nothing to change.
      guard let before = plain.captured[point] else {
        #expect(point.site == .expertOutput)
        continue
      }
      let width = runner.model.catalogue.width(of: point.site)
      for change in changes(of: point.site, width: width, found: before) {
        let edit = Intervention(id: "e", point: point, change: change)
        do {
          try edit.check(runner.model.catalogue)
        } catch {
          #expect(isRefusable(point.site, change), "\(point.name) \(change.name): \(error)")
          continue
        }
        #expect(!isRefusable(point.site, change), "\(point.name) \(change.name)")
        let run = runner.prefill(Self.prompt, watching: [point], interventions: [edit])
        let after = try #require(run.captured[point])
        compare(before.rowsOfPositions, after.rowsOfPositions, change, width, point)
        #expect(run.logits != plain.logits, "\(point.name) \(change.name) has no effect")
        done += 1
      }
    }
    #expect(done > 130)
  }

  private func isRefusable(_ site: HookSite, _ change: any Change) -> Bool {
    if Self.readOnly.contains(site) { return true }
    guard Self.scores.contains(site) else { return false }
    return change is Mean || change is Add || change is Patch
  }

  private func compare(
    _ before: [Float], _ after: [Float], _ change: any Change, _ width: Int,
    _ point: HookPoint
  ) {
    #expect(before.count == after.count)
    var moved = 0.0
    var count = 0
    for (place, (old, new)) in zip(before, after).enumerated() {
      // A key behind its query is no score and stays none.
      if old == -.infinity || (point.site == .attentionPattern && old == 0) { continue }
      if let expected = expected(change, old, column: place % width, place: place) {
        guard new == expected else {
          Issue.record("\(point.name) \(change.name) at \(place): \(old) became \(new)")
          return
        }
      } else {
        moved += Double(new - old) * Double(new - old)
        count += 1
      }
    }
    guard let deviation = (change as? Noise)?.standardDeviation else { return }
    let spread = (moved / Double(max(count, 1))).squareRoot()
    #expect(abs(spread / Double(deviation) - 1) < 0.25, "\(point.name): noise of \(spread)")
  }

  @Test func `a point's own numbers put back change no bit`() throws {
    let runner = try ModelRunner(TestModels.bundled)
    let points = runner.points.filter {
      ($0.layer < 0 || $0.layer == Self.layer) && !Self.scores.contains($0.site)
        && !Self.readOnly.contains($0.site)
    }
    let plain = runner.prefill(Self.prompt, watching: points)
    for point in points {
      let own = try #require(plain.captured[point]).rowsOfPositions
      let width = runner.model.catalogue.width(of: point.site)
      let back = Intervention(
        id: "b", point: point, change: .patch(rows: own, width: width, firstPosition: 0))
      #expect(
        runner.prefill(Self.prompt, interventions: [back]).logits == plain.logits, "\(point.name)")
      // Half of them is the same by either name.
      let half = Intervention(
        id: "h", point: point,
        change: .patch(rows: own.map { $0 * 0.5 }, width: width, firstPosition: 0))
      let scaled = Intervention(id: "s", point: point, change: .scale(0.5))
      #expect(
        runner.prefill(Self.prompt, interventions: [half]).logits
          == runner.prefill(Self.prompt, interventions: [scaled]).logits, "\(point.name)")
    }
  }

  @Test func `positions, heads and neurons bound a change`() throws {
    let runner = try ModelRunner(TestModels.bundled)
    let sites: [HookSite] = [
      .query, .key, .value, .rotaryQuery, .rotaryKey, .headOutput, .attentionScores,
      .attentionPattern, .mlpPre, .mlpPost, .residualPre, .residualMid, .residualPost,
    ]
    for site in sites {
      let point = HookPoint(site, layer: Self.layer)
      let hasHeads = site.axes.count == 3
      let edit = Intervention(
        id: "e", point: point, change: .scale(3), positions: .list([4, 7]),
        heads: hasHeads ? [1] : nil, neurons: [2, 0])
      try edit.check(runner.model.catalogue)
      let before = try #require(
        runner.prefill(Self.prompt, watching: [point]).captured[point])
      let after = try #require(
        runner.prefill(Self.prompt, watching: [point], interventions: [edit]).captured[point])
      let positions = Self.prompt.count
      let width = before.dimensions[before.dimensions.count - 1]
      for (place, (old, new)) in zip(before.values, after.values).enumerated() {
        let isChosen =
          [4, 7].contains(place / width % positions) && [0, 2].contains(place % width)
          && (!hasHeads || place / width / positions == 1)
        #expect(new == (isChosen ? old * 3 : old), "\(point.name) at \(place)")
      }
    }
  }
}

extension Captured {
  /// Numbers position by position, heads one behind the other: the order of an intervention's rows.
  var rowsOfPositions: [Float] {
    guard dimensions.count == 3 else { return values }
    let (heads, positions, size) = (dimensions[0], dimensions[1], dimensions[2])
    var rows: [Float] = []
    for position in 0..<positions {
      for head in 0..<heads {
        let start = (head * positions + position) * size
        rows += values[start..<start + size]
      }
    }
    return rows
  }
}
