import Tensors
import Testing

@testable import Hooks

/// One walk over axes: what a tap keeps, what listings print and what estimates weigh.
@Suite struct `The shape of a capture` {
  private let catalogue = `Hook names`.experts

  private func text(_ site: HookSite, _ selection: Selection = Selection()) -> String {
    CaptureSpec(watching: HookPoint(site, layer: 0), selection).shape(in: catalogue).sent
      .map(\.description).joined(separator: " ")
  }

  @Test func `positions and keys are left open`() {
    #expect(text(.residualPost) == "S 8")
    #expect(text(.headOutput) == "4 S 2")
    #expect(text(.key) == "2 S 2")
    #expect(text(.attentionPattern) == "4 S K")
    #expect(text(.attentionSink) == "S 4")
    #expect(text(.expertIndices) == "S 2")
    #expect(text(.logits) == "S 50")
  }

  @Test func `a selection keeps a part of the axis that it is of`() {
    #expect(text(.headOutput, Selection(heads: [3, 1, 0], neurons: [1])) == "3 S 1")
    #expect(text(.attentionSink, Selection(heads: [2])) == "S 1")
    #expect(text(.attentionPattern, Selection(heads: [2], neurons: [0, 1, 2])) == "1 S 3")
    // The last axis of the router's logits is experts, by either name.
    #expect(text(.routerLogits, Selection(neurons: [1, 2])) == "S 2")
    #expect(text(.routerLogits, Selection(experts: [1])) == "S 1")
  }

  @Test func `a reduction takes the place of the last axis`() {
    #expect(text(.headOutput, Selection(reduction: .norm)) == "4 S")
    #expect(text(.residualPost, Selection(reduction: .stats)) == "S 4")
    #expect(text(.residualPost, Selection(reduction: .topK(3))) == "S 2 3")
    #expect(text(.residualPost, Selection(neurons: [0, 1], reduction: .topK(3))) == "S 2 2")
    #expect(text(.attentionPattern, Selection(reduction: .topK(3))) == "4 S 2 3")
    let two = Selection.Reduction.project(Directions([1, 2, 3, 4], width: 2))
    #expect(text(.headOutput, Selection(reduction: two)) == "4 S 2")
    #expect(text(.residualPost, Selection(neurons: [0, 1], reduction: two)) == "S 2")
  }

  /// Every site with every kind of selection it takes.
  static let specs: [CaptureSpec] = {
    let selections = [
      Selection(), Selection(heads: [1, 0]), Selection(neurons: [1]),
      Selection(experts: [3, 0, 2]),
      Selection(positions: .list([1, 3]), heads: [0], neurons: [0, 1]),
      Selection(positions: .last, reduction: .topK(2)),
    ]
    return HookSite.allCases.filter { $0 != .expertOutput }.flatMap { site in
      selections.filter { selection in
        let takesHeads = site.axes.contains { $0 == .head || $0 == .keyValueHead }
        // Of the shared expert there is one.
        let takesColumns = site.axes.last != .head && site.axes.last != .shared
        return (selection.heads == nil || takesHeads) && (selection.neurons == nil || takesColumns)
          && (selection.experts == nil || site == .routerLogits)
      }.map { CaptureSpec(watching: HookPoint(site, layer: 1), $0) }
    }
  }()

  @Test(arguments: specs.indices)
  func `what a tap keeps has the shape and the size that were told before`(index: Int) throws {
    let spec = Self.specs[index]
    let site = spec.point.site
    let tap = RunTap(catalogue: catalogue, pool: CapturePool())
    tap.setCaptures([spec])
    tap.beginPass(step: 0, positions: 0..<5)
    let width = site.isOverKeys ? 5 * 4 * 5 : catalogue.width(of: site)
    let slab = FloatSlab(count: 5 * width)
    withExtendedLifetime(slab) {
      if site.isOverKeys {
        tap.seeScores(
          site, layer: 1, base: slab.base, heads: 4, rows: 5, keyStride: 5, firstPosition: 0)
      } else {
        tap.see(site, layer: 1, rows: slab.rows(5, width: width), firstPosition: 0)
      }
    }
    let item = try #require(tap.finishPass()?.items.first)
    let shape = spec.shape(in: catalogue)
    #expect(item.dimensions == shape.dimensions(positions: item.positions.count, keys: 5))
    for (found, told) in zip(item.dimensions, shape.sizes) {
      if let told = told.fixed { #expect(found == told) }
    }
    let sent =
      item.dimensions.dropLast()
      + spec.selection.reduction.lastDimensions(item.dimensions.last ?? 1)
    #expect(
      shape.sentNumbers(keys: 5) * Double(item.positions.count) == Double(sent.reduce(1, *)))
  }
}
