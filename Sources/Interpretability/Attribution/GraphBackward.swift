internal import Engine
internal import Hooks
internal import Tensors
internal import Tokenizers

/// Directions carried from logits down to the embeddings, and the rows of heads that come of them.
///
/// - Ownership: one graph's; used inside `Engine.lend`, one call after the other.
final class GraphBackward: @unchecked Sendable {
  // Proof for @unchecked: whoever makes the graph awaits one call of `Engine.lend` before the next.

  /// Numbers of weights of links that are computed at once.
  private static let numbersAtOnce = 1 << 20

  private let writes: GraphWrites
  private let layout: GraphLayout
  private let width: Int
  /// `[positions, d_model]`: what raises the sum of weight times logit, at the layer that was reached.
  private let gradient: FloatSlab
  /// By layer, what its heads read: `[positions * heads, d_model]`, their biases, the norm's denominators.
  private let directions: FloatSlab
  private let biases: FloatSlab
  private let denominators: FloatSlab
  /// `[source]`: what each gives along all paths.
  private(set) var values: [Float]

  init(_ writes: GraphWrites) {
    self.writes = writes
    layout = writes.layout
    width = writes.width
    let places = layout.layers * layout.positions * layout.heads
    gradient = FloatSlab(count: layout.positions * width)
    directions = FloatSlab(count: places * width)
    biases = FloatSlab(count: places)
    denominators = FloatSlab(count: layout.layers * layout.positions)
    values = [Float](repeating: 0, count: layout.count)
  }

  /// Adds a logit's direction at the last position.
  func begin(_ direction: UnsafePointer<Float>, weight: Float, bias: Float) {
    let last = gradient.base + (layout.positions - 1) * width
    for column in 0..<width { last[column] += weight * direction[column] }
    values[layout.lastBias] += weight * bias
  }

  /// Carries what was reached through a layer.
  ///
  /// - Returns: false where a matrix could not be laid out.
  func carry(through layer: Int, _ lent: LentModel) -> Bool {
    for source in layout.sources(before: layer)..<layout.sources(before: layer + 1) {
      let position = layout.node(source).position
      values[source] = writes.product(source, gradient.base + position * width)
    }
    let (count, heads) = (layout.positions, layout.heads)
    let first = layer * count * heads
    let readings = HeadReadings(
      directions: FloatRows(
        base: directions.base + first * width, rows: count * heads, width: width),
      biases: UnsafeMutableBufferPointer(start: biases.base + first, count: count * heads),
      denominators: UnsafeMutableBufferPointer(
        start: denominators.base + layer * count, count: count))
    let isCarried: Bool? = writes.withAttention(layer: layer) { held in
      do {
        try lent.carryBack(
          gradient.rows(count, width: width), layer: layer, held, into: readings)
        return true
      } catch { return false }
    }
    for position in 0..<count {
      for head in 0..<heads {
        values[layout.bias(layer, position)] += biases.base[first + position * heads + head]
      }
    }
    guard layer == 0, isCarried == true else { return isCarried ?? false }
    for source in 0..<layout.sources(before: 0) {
      let position = layout.node(source).position
      values[source] = writes.product(source, gradient.base + position * width)
    }
    return true
  }

  /// The row of a logit: what each source gives it along the residual stream.
  func row(ofLogit direction: UnsafePointer<Float>, bias: Float) -> [(source: Int, weight: Float)] {
    let last = layout.positions - 1
    var row: [(source: Int, weight: Float)] = [(layout.embedding(last), 0)]
    if layout.hasPositions { row.append((layout.learnedPosition(last), 0)) }
    for layer in 0..<layout.layers {
      row += [(layout.mlp(layer, last), 0), (layout.bias(layer, last), 0)]
      row += (0..<layout.heads).map { (layout.head(layer, $0, last), 0) }
    }
    for place in row.indices { row[place].weight = writes.product(row[place].source, direction) }
    return row + [(layout.lastBias, bias)]
  }

  /// Rows of some heads of one layer, those of a few at a time.
  ///
  /// - Parameters:
  ///   - places: heads as sources, all of the layer.
  ///   - body: given each head, the weights of the sources before the layer, and that of its own layer's bias.
  func rows(
    of places: ArraySlice<Int>, layer: Int, _ lent: LentModel,
    _ body: (_ head: Int, _ weights: UnsafeMutableBufferPointer<Float>, _ bias: Float) -> Void
  ) {
    let sources = layout.sources(before: layer)
    let rows = min(places.count, Self.rowsAtOnce(sources))
    guard rows > 0, let matrix = try? writes.slab.matrix(rows: sources, columns: width)
    else { return }
    let (asked, found) = (FloatSlab(count: rows * width), FloatSlab(count: rows * sources))
    let base = layer * layout.positions * layout.heads
    var next = places.startIndex
    while next < places.endIndex {
      let some = places[next..<min(next + rows, places.endIndex)]
      for (row, head) in some.enumerated() {
        let place = base + head - layout.head(layer, 0, 0)
        (asked.base + row * width).update(from: directions.base + place * width, count: width)
      }
      lent.arithmetic.add(
        matrix, asked.rows(some.count, width: width),
        into: found.rows(some.count, width: sources), policy: .panel)
      lent.arithmetic.run()
      for (row, head) in some.enumerated() {
        let weights = UnsafeMutableBufferPointer(
          start: found.base + row * sources, count: sources)
        attend(weights, head: head, layer: layer)
        body(head, weights, biases.base[base + head - layout.head(layer, 0, 0)])
      }
      next = some.endIndex
    }
    withExtendedLifetime((asked, found)) {}
  }

  /// Heads whose rows are found by one product.
  static func rowsAtOnce(_ sources: Int) -> Int { max(1, min(64, numbersAtOnce / max(sources, 1))) }

  /// Multiplies what each source would give if it alone were attended to by how much it was.
  private func attend(_ weights: UnsafeMutableBufferPointer<Float>, head: Int, layer: Int) {
    let (count, heads) = (layout.positions, layout.heads)
    guard case .head(let number) = layout.node(head).kind else { return }
    let position = layout.node(head).position
    var shares = [Float](repeating: 0, count: count)
    _ = writes.withAttention(layer: layer) { held -> Bool? in
      let row = (number * count + position) * count
      for source in 0...position {
        shares[source] = held.pattern[row + source] / denominators.base[layer * count + source]
      }
      return true
    }
    func scale(_ first: Int, each: Int) {
      for source in 0..<count {
        for place in first + source * each..<first + (source + 1) * each {
          weights[place] *= shares[source]
        }
      }
    }
    scale(layout.embedding(0), each: 1)
    if layout.hasPositions { scale(layout.learnedPosition(0), each: 1) }
    for earlier in 0..<layer {
      scale(layout.mlp(earlier, 0), each: 1)
      scale(layout.bias(earlier, 0), each: 1)
      scale(layout.head(earlier, 0, 0), each: heads)
    }
  }
}
