package import Engine
internal import Tensors

/// Finding the circuits in a model's weights, step by step: each step first borrows the model for what it decodes,
/// then computes without it.
final class WeightSearch: @unchecked Sendable {
  // Proof for @unchecked: whoever searches awaits one call before the next.

  private let plan: WeightPlan
  private var options: WeightOptions { plan.options }
  private var takesMeanOff = false
  private var factors: HeadFactors?
  private var embeddings: [Float] = []
  private var unembeddings: [Float] = []
  /// By layer.
  private var maps: [[HeadMaps]] = []
  private var scan: VocabularyScan?
  /// What leads from embeddings, and from the head's rows, back to embeddings: `[d_model, d_model]`.
  private var betweenEmbeddings = Matrix(rows: 0, columns: 0)
  private var betweenHeadAndEmbedding = Matrix(rows: 0, columns: 0)
  private var positivity: [WeightCircuits.Place: (ov: Double?, qk: Double?)] = [:]
  private var composition: HeadComposition?

  init(_ plan: WeightPlan) { self.plan = plan }

  /// What a step does.
  private enum Stage {
    case layer(Int)
    case tokens(Range<Int32>)
    case composition(Int)
    case matching(Range<Int>)
  }

  private func stage(_ step: Int) -> Stage {
    if step < plan.layers { return .layer(step) }
    let block = step - plan.layers
    if block < plan.blocks {
      let first = block * WeightPlan.tokensAtOnce
      return .tokens(
        Int32(first)..<Int32(min(first + WeightPlan.tokensAtOnce, plan.vocabulary)))
    }
    let layer = block - plan.blocks
    if layer < plan.layers { return .composition(layer) }
    let first = (layer - plan.layers) * WeightPlan.edgesAtOnce
    return .matching(first..<first + WeightPlan.edgesAtOnce)
  }

  /// Whether a step has to see the model.
  func borrows(_ step: Int) -> Bool { step < plan.layers + plan.blocks }

  /// Decodes what a step needs.
  func borrow(_ step: Int, _ lent: LentModel) {
    switch stage(step) {
    case .layer(let index):
      takesMeanOff = lent.takesMeanOff
      factors = lent.headFactors(layer: options.layers[index], isFolded: options.isFolded)
    case .tokens(let range):
      embeddings = lent.embeddings(of: range, isFolded: options.isFolded)
      unembeddings = lent.unembeddings(of: range, isFolded: options.isFolded)
    case .composition, .matching: break
    }
  }

  /// Does the step.
  func compute(_ step: Int) {
    switch stage(step) {
    case .layer(let index):
      guard let factors else { return }
      maps.append(HeadMaps.all(of: factors, layer: options.layers[index], plan))
      self.factors = nil
    case .tokens:
      if scan == nil { scan = makeScan() }
      scan?.add(embeddings: embeddings, heads: unembeddings)
    case .composition(let index):
      if index == 0 { finishScan() }
      findPositivity(of: maps[index])
      composition?.add(into: maps[index], from: maps[..<index])
    case .matching(let range):
      if range.lowerBound == 0 { composition?.keepStrongest(.key) }
      composition?.match(range) { prefixMatching($0) }
    }
  }

  private func makeScan() -> VocabularyScan {
    let heads = maps.joined()
    let count = plan.directions * plan.width
    // Of each head: what OV reads, what queries and keys read.
    let reading = heads.flatMap { head in
      [head.ov.right, head.qk.left, head.qk.right].flatMap { padded($0, count) }
    }
    return VocabularyScan(
      width: plan.width, embeddingVectors: reading,
      headVectors: heads.flatMap { padded($0.ov.left, count) }, tokens: options.tokens)
  }

  private func padded(_ rows: [Float], _ count: Int) -> [Float] {
    rows.prefix(count) + [Float](repeating: 0, count: max(0, count - rows.count))
  }

  private func finishScan() {
    embeddings = []
    unembeddings = []
    if let scan {
      betweenEmbeddings = scan.betweenEmbeddings
      betweenHeadAndEmbedding = scan.betweenHeadAndEmbedding
    }
    composition = HeadComposition(plan, takesMeanOff: takesMeanOff)
  }

  private func findPositivity(of heads: [HeadMaps]) {
    for head in heads {
      positivity[head.place] = (
        head.ov.positivity(betweenHeadAndEmbedding, width: plan.width),
        head.qk.positivity(betweenEmbeddings, width: plan.width)
      )
    }
  }

  /// How positive `embed · QK · OV · embedᵀ` is: whether a query asks for the position behind its own token's last place,
  /// where the source moved that token one position on.
  private func prefixMatching(_ edge: WeightCircuits.Edge) -> Float? {
    guard let target = map(edge.target)?.qk, let source = map(edge.source)?.ov else { return nil }
    let asks = OpenBLAS.product(
      target.rightRows(width: plan.width).scaled(by: target.sizes),
      source.leftRows(width: plan.width), transposed: true)
    let moved = OpenBLAS.product(
      OpenBLAS.product(
        source.rightRows(width: plan.width).scaled(by: source.sizes), betweenEmbeddings),
      target.leftRows(width: plan.width), transposed: true)
    return OpenBLAS.product(asks, moved).positivity.map { Float($0) }
  }

  private func map(_ place: WeightCircuits.Place) -> HeadMaps? {
    options.layers.firstIndex(of: place.layer).map { maps[$0][place.head] }
  }

  /// All that was found, once every step is done.
  func result() -> WeightCircuits {
    for kind in WeightCircuits.Composition.allCases { composition?.keepStrongest(kind) }
    let heads = maps.joined().enumerated().map { number, head in
      WeightCircuits.Head(
        place: head.place,
        ov: circuit(head.ov, positivity[head.place]?.ov) { direction in
          let read = number * 3 * plan.directions + direction
          return self.direction(
            direction, (head.ov.right, read), (head.ov.left, number * plan.directions + direction),
            isWritten: true)
        },
        qk: circuit(head.qk, positivity[head.place]?.qk) { direction in
          let query = (number * 3 + 1) * plan.directions + direction
          return self.direction(
            direction, (head.qk.left, query), (head.qk.right, query + plan.directions),
            isWritten: false)
        })
    }
    return WeightCircuits(
      heads: heads, edges: composition?.edges ?? [:], baseline: Float(composition?.baseline ?? 0))
  }

  private func circuit(
    _ map: HeadMaps.Map, _ positivity: Double?,
    _ direction: (Int) -> WeightCircuits.Direction
  ) -> WeightCircuits.Circuit {
    WeightCircuits.Circuit(
      norm: Float(map.norm), singularValues: map.sizes.map { Float($0) },
      directions: (0..<min(plan.directions, map.sizes.count)).map(direction),
      positivity: positivity.map { Float($0) })
  }

  /// - Parameters:
  ///   - read: the reading side's vectors, and which of the scan's embedding vectors this one is.
  ///   - paired: the same of the other side; of the scan's head vectors where it is what is written.
  private func direction(
    _ place: Int, _ read: (rows: [Float], scanned: Int), _ paired: (rows: [Float], scanned: Int),
    isWritten: Bool
  ) -> WeightCircuits.Direction {
    guard let scan else {
      return WeightCircuits.Direction(read: [], paired: [], readVector: [], pairedVector: [])
    }
    let isTurned = scan.embeddingExtremes[read.scanned].isNegative
    let other =
      isWritten ? scan.headExtremes[paired.scanned] : scan.embeddingExtremes[paired.scanned]
    func vector(_ rows: [Float]) -> [Float] {
      guard options.keepsVectors else { return [] }
      return rows[place * plan.width..<(place + 1) * plan.width].map { isTurned ? -$0 : $0 }
    }
    return WeightCircuits.Direction(
      read: scan.embeddingExtremes[read.scanned].end(negative: isTurned),
      paired: other.end(
        negative: isTurned, less: isWritten ? scan.meanLogit(ofVector: paired.scanned) : 0),
      readVector: vector(read.rows), pairedVector: vector(paired.rows))
  }
}

extension HeadMaps.Map {
  /// How positive the eigenvalues of `embed · this · embedᵀ` are, those of `right · between · leftᵀ`.
  ///
  /// - Parameter between: `[d_model, d_model]`, what leads from the left side's tokens to the right one's.
  fileprivate func positivity(_ between: Matrix, width: Int) -> Double? {
    guard !sizes.isEmpty else { return nil }
    return OpenBLAS.product(
      OpenBLAS.product(rightRows(width: width).scaled(by: sizes), between),
      leftRows(width: width), transposed: true
    ).positivity
  }
}

extension WeightCircuits {
  /// Finds the circuits.
  ///
  /// A cancelled task ends it between two steps.
  /// - Parameters:
  ///   - turn: where a step is computed, which may take long: not on the threads that all share.
  ///   - progress: told after each step how many are done.
  /// - Throws: `cancelled` where the task was; `vocabularyOnly` where the model has no weights; `noLibrary` without OpenBLAS.
  package static func find(
    _ plan: WeightPlan, on engine: Engine, _ model: LoadedModel,
    turn: (@escaping @Sendable () -> Void) async -> Void = { $0() },
    progress: @Sendable (Int) async -> Void = { _ in }
  ) async throws(EngineError) -> WeightCircuits {
    try OpenBLAS.check()
    let search = WeightSearch(plan)
    for step in 0..<plan.steps {
      guard !Task.isCancelled else { throw .cancelled }
      if search.borrows(step) {
        let isLent = await engine.lend(model) { lent in
          search.borrow(step, lent)
          return true
        }
        guard isLent == true else { throw .vocabularyOnly(model.info.id) }
      }
      await turn { search.compute(step) }
      await progress(step + 1)
    }
    return search.result()
  }
}
