internal import Engine
internal import Hooks
internal import Tensors
internal import Tokenizers

/// What a graph's metric would change by if an edge were cut, to first order: what takes its sender's place less what it wrote,
/// times the gradient of what its reader reads (edge attribution patching: Syed and others 2023), the mean of gradients between
/// the whole model and the one with everything replaced (integrated gradients: Hanna and others 2024).
struct EdgeScores {
  /// Passes between the two, whose gradients are averaged: with a share of 0, 1/5 … 4/5 of every edge cut.
  static let steps = 5

  /// By ``EdgeLayout``'s numbers.
  let values: [Float]

  /// - Parameters:
  ///   - replaced: `[senders, positions * d_model]`, what takes the senders' place; nil for zeros.
  ///   - written: alike, what they write.
  ///   - progress: told after each pass.
  static func find(
    _ tokens: [Token], _ targets: [AttributionGraph.Target], replaced: [Float]?, written: [Float],
    on engine: Engine, _ model: LoadedModel, progress: () async -> Void
  ) async throws(EngineError) -> EdgeScores {
    let changes = written.indices.map { (replaced?[$0] ?? 0) - written[$0] }
    var values = [Float](repeating: 0, count: EdgeLayout(model.catalogue).count)
    for step in 0..<steps {
      let found = try await slopes(
        tokens, targets, share: Float(step) / Float(steps), replaced: replaced, changes: changes,
        on: engine, model)
      for edge in values.indices { values[edge] += found[edge] / Float(steps) }
      await progress()
    }
    return EdgeScores(values: values)
  }

  /// What the metric changes by with the share that is cut of each edge, where a share of all is cut.
  ///
  /// - Parameter changes: `[senders, positions * d_model]`, what a sender's place is taken by less what it wrote.
  static func slopes(
    _ tokens: [Token], _ targets: [AttributionGraph.Target], share: Float, replaced: [Float]?,
    changes: [Float], on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> [Float] {
    let layout = EdgeLayout(model.catalogue)
    var held: [(attention: HeldAttention, fed: [Float])] = []
    let work = try await EdgeWork.run(
      tokens, .all(share), replaced: replaced, on: engine, model
    ) { held.append(($1, $2)) }
    let direction = await LogitTargets.gradient(of: targets, at: work.last(), on: engine, model)
    guard let direction, held.count == layout.layers else {
      throw .vocabularyOnly(model.info.id)
    }
    let back = EdgeGradient(
      direction, layout, positions: tokens.count, share: share, changes: changes)
    for layer in (0..<layout.layers).reversed() {
      guard !Task.isCancelled else { throw .cancelled }
      let (attention, fed) = held[layer]
      let isCarried = await engine.lend(model) { lent in
        do {
          try back.carry(through: layer, attention, fed, lent)
          return true
        } catch { return false }
      }
      guard isCarried == true else { throw .vocabularyOnly(model.info.id) }
    }
    return back.scores
  }
}

/// The gradient of the metric on its way down, and the scores that come of it.
private final class EdgeGradient: @unchecked Sendable {
  // Proof for @unchecked: whoever finds scores awaits one call of `Engine.lend` before the next.
  private let layout: EdgeLayout
  private let positions: Int
  private let width: Int
  /// What of a sender's own writing readers still read.
  private let left: Float
  /// `[senders, positions * d_model]`.
  private let changes: [Float]
  /// `[positions, d_model]`: the sum of the gradients of all readers that were come by.
  private let gradient: FloatSlab
  private let written: FloatSlab
  private let readers: FloatSlab
  private(set) var scores: [Float]

  init(
    _ direction: [Float], _ layout: EdgeLayout, positions: Int, share: Float, changes: [Float]
  ) {
    self.layout = layout
    self.positions = positions
    self.changes = changes
    width = direction.count
    left = 1 - share
    let place = positions * width
    gradient = FloatSlab(count: place)
    written = FloatSlab(count: place)
    readers = FloatSlab(count: max(layout.readers, 1) * place)
    scores = [Float](repeating: 0, count: layout.count)
    for (column, value) in direction.enumerated() {
      gradient.base[(positions - 1) * width + column] = value
    }
    score(gradient.base, readers: 1, firstEdge: layout.firstEdge(of: layout.layers), layout.senders)
  }

  private var place: Int { positions * width }
  private var gradientRows: FloatRows { gradient.rows(positions, width: width) }
  private var writtenRows: FloatRows { written.rows(positions, width: width) }

  /// Scores the edges into readers that stand one behind the other.
  private func score(
    _ base: UnsafePointer<Float>, readers: Int, firstEdge: Int, _ senders: Int
  ) {
    var found = [Float](repeating: 0, count: readers * senders)
    OpenBLAS.product(
      Array(UnsafeBufferPointer(start: base, count: readers * place)), rows: readers, changes,
      columns: senders, inner: place, into: &found)
    for index in found.indices { scores[firstEdge + index] += found[index] }
  }

  func carry(
    through layer: Int, _ held: HeldAttention, _ fed: [Float], _ lent: LentModel
  ) throws(WeightMatrix.Problem) {
    let stream = FloatSlab(count: place)
    for (index, value) in fed.enumerated() { stream.base[index] = value }
    let arithmetic = lent.arithmetic
    func fill() {
      arithmetic.copy(gradientRows, into: writtenRows)
      arithmetic.scale(writtenRows, by: left)
    }
    fill()
    try lent.carryFeedForwardGradient(
      writtenRows, layer: layer, at: stream.rows(positions, width: width))
    score(
      written.base, readers: 1, firstEdge: layout.firstEdge(ofMLP: layer),
      layout.sendersOfMLP(layer))
    // Beside attention, it is no reader of what attention writes.
    let beside =
      layout.isParallel ? Array(UnsafeBufferPointer(start: written.base, count: place)) : []
    if !layout.isParallel { arithmetic.addInPlace(gradientRows, writtenRows) }
    fill()
    let rows = readers.rows(layout.readers * positions, width: width)
    try lent.carryGradient(writtenRows, layer: layer, held, toReaders: rows)
    score(
      readers.base, readers: layout.readers, firstEdge: layout.firstEdge(of: layer),
      layout.senders(before: layer))
    for reader in 0..<layout.readers {
      arithmetic.addInPlace(gradientRows, rows[reader * positions..<(reader + 1) * positions])
    }
    for index in beside.indices { gradient.base[index] += beside[index] }
    withExtendedLifetime(stream) {}
  }
}
