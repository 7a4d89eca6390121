internal import Engine
internal import Hooks
internal import Tensors

/// What every source of an attribution graph wrote to the residual stream: `[source, d_model]`.
///
/// - Ownership: one graph's; filled inside `Engine.lend`, one call after the other.
final class GraphWrites: @unchecked Sendable {
  // Proof for @unchecked: whoever makes the graph awaits one call of `Engine.lend` before the next.

  let layout: GraphLayout
  let width: Int
  let slab: FloatSlab
  private let captured: CapturedPass

  init(_ captured: CapturedPass, _ layout: GraphLayout, width: Int) {
    self.captured = captured
    self.layout = layout
    self.width = width
    slab = FloatSlab(count: layout.writers * width)
  }

  /// The hook points that a graph is made of.
  static func points(_ catalogue: HookCatalogue) -> [HookPoint] {
    let sites: [HookSite] = [
      .residualPre, .attentionPattern, .headOutput, .attentionOutput, .attentionAdded, .mlpAdded,
    ]
    return [HookPoint(.embedding)]
      + (catalogue.sites.contains(.positionEmbedding) ? [HookPoint(.positionEmbedding)] : [])
      + (0..<catalogue.layers).flatMap { layer in sites.map { HookPoint($0, layer: layer) } }
      + [HookPoint(.residualPost, layer: catalogue.layers - 1)]
  }

  /// One source's row.
  func row(_ source: Int) -> UnsafeMutablePointer<Float> { slab.base + source * width }

  /// Takes in what stands before the layers.
  func fillFront() {
    copy(HookPoint(.embedding), to: layout.embedding(0))
    if layout.hasPositions { copy(HookPoint(.positionEmbedding), to: layout.learnedPosition(0)) }
  }

  /// Takes in what a layer wrote: its feed-forward part, each head alone, and the rest of its attention, if biases add one.
  func fill(layer: Int, _ lent: LentModel) {
    copy(HookPoint(.mlpAdded, layer: layer), to: layout.mlp(layer, 0))
    let (count, heads) = (layout.positions, layout.heads)
    captured.withValues(HookPoint(.headOutput, layer: layer)) { dimensions, numbers in
      guard let size = dimensions.last, numbers.count == heads * count * size else { return }
      let mixed = FloatSlab(count: numbers.count)
      for head in 0..<heads {
        for position in 0..<count {
          let source = (head * count + position) * size
          let target = (position * heads + head) * size
          for element in 0..<size { mixed.base[target + element] = numbers[source + element] }
        }
      }
      // Views don't keep their slabs alive.
      withExtendedLifetime(mixed) {
        lent.writes(
          ofMixed: mixed.rows(count, width: heads * size), layer: layer,
          into: FloatRows(
            base: row(layout.head(layer, 0, 0)), rows: count, width: heads * width))
      }
    }
    captured.withValues(HookPoint(.attentionOutput, layer: layer)) { _, numbers in
      for position in 0..<count {
        let output = UnsafeBufferPointer(
          rebasing: numbers[position * width..<(position + 1) * width])
        let scale = 1 / lent.attentionDenominator(layer: layer, of: output)
        guard scale != 1 else { continue }
        let written = row(layout.head(layer, 0, position))
        for number in 0..<heads * width { written[number] *= scale }
      }
    }
    guard lent.hasAttentionBias(layer: layer) else { return }
    copy(HookPoint(.attentionAdded, layer: layer), to: layout.bias(layer, 0))
    for position in 0..<count {
      let rest = row(layout.bias(layer, position))
      for head in 0..<heads {
        let written = row(layout.head(layer, head, position))
        for column in 0..<width { rest[column] -= written[column] }
      }
    }
  }

  private func copy(_ point: HookPoint, to source: Int) {
    captured.withValues(point) { _, numbers in
      guard let first = numbers.baseAddress, numbers.count == layout.positions * width
      else { return }
      row(source).update(from: first, count: numbers.count)
    }
  }

  /// The product of a source's row with a direction, in double precision.
  func product(_ source: Int, _ direction: UnsafePointer<Float>) -> Float {
    let row = row(source)
    var sum = 0.0
    for column in 0..<width { sum += Double(row[column]) * Double(direction[column]) }
    return Float(sum)
  }

  /// Lends what the pass held of a layer's attention.
  func withAttention<R>(layer: Int, _ body: (FrozenAttention) -> R?) -> R? {
    captured.withValues(HookPoint(.attentionPattern, layer: layer)) { _, pattern in
      captured.withValues(HookPoint(.residualPre, layer: layer)) { _, stream in
        captured.withValues(HookPoint(.attentionOutput, layer: layer)) { _, output in
          body(FrozenAttention(pattern: pattern, stream: stream, output: output))
        } ?? nil
      } ?? nil
    } ?? nil
  }
}
