package import Hooks

/// What one forward pass captured for an analysis, by hook point.
package struct CapturedPass: Sendable {
  /// A captured tensor `dimensions` behind the batch axis, row-major.
  package struct Tensor: Sendable {
    package let dimensions: [Int]
    /// The positions kept, ascending.
    package let positions: [Int]
    package let values: [Float]

    /// Row `index` of the last axis, all other axes flattened.
    func row(_ index: Int) -> ArraySlice<Float> {
      let width = dimensions.last ?? 1
      return values[index * width..<(index + 1) * width]
    }
  }

  private let batch: CaptureBatch?
  private let items: [HookPoint: CaptureBatch.Item]

  /// - Parameter specs: what is meant among the captures of a pass that others look at too.
  package init(_ batch: CaptureBatch?, of specs: [CaptureSpec]) {
    self.batch = batch
    let wanted = Set(specs)
    var items: [HookPoint: CaptureBatch.Item] = [:]
    for item in batch?.items ?? [] {
      guard let spec = batch?.specs[item.spec], wanted.contains(spec) else { continue }
      items[spec.point] = item
    }
    self.items = items
  }

  /// Whether the pass kept nothing of what was wanted.
  package var isEmpty: Bool { items.isEmpty }

  /// A copy of a captured tensor; the empty one where the pass kept nothing there.
  package func tensor(_ point: HookPoint) -> Tensor {
    guard let batch, let item = items[point] else {
      return Tensor(dimensions: [0], positions: [], values: [])
    }
    return Tensor(
      dimensions: item.dimensions, positions: item.positions,
      values: batch.withValues(of: item) { Array($0) })
  }
}

extension CapturedPass {
  /// Lends a captured tensor without copying it: its axes, and its numbers row-major.
  ///
  /// - Returns: nil where the pass kept nothing there.
  func withValues<R>(
    _ point: HookPoint, _ body: (_ dimensions: [Int], UnsafeBufferPointer<Float>) -> R
  ) -> R? {
    guard let batch, let item = items[point] else { return nil }
    return batch.withValues(of: item) { body(item.dimensions, $0) }
  }

  /// The positions kept of a point.
  func positions(of point: HookPoint) -> [Int] { items[point]?.positions ?? [] }
}

extension CaptureSpec {
  /// What an analysis reads; hooks of clients have an id that is not empty.
  package init(analysing point: HookPoint, _ positions: Selection.Positions = .all) {
    self.init(
      hookID: "", layerName: point.name, component: point.site.component, isInput: false,
      point: point, selection: Selection(positions: positions))
  }
}
