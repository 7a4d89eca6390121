internal import Checkpoints
package import Hooks
package import Tensors

/// A decoder of transformer blocks with its weights: what every family builds.
///
/// Immutable: memory that changes is in the caches of the batch and in the ``Workspace``.
package final class LanguageModel: Sendable {
  package let catalogue: HookCatalogue
  package let cacheShape: CacheShape
  /// Positions the rotary tables (or the position embedding) reach.
  package let contextLength: Int

  let embedding: WeightMatrix
  /// What an adapter adds to the embedding, before it is scaled.
  let embeddingUpdate: LowRankUpdate?
  /// Multiplies the embedding (Gemma: the square root of the width; Granite).
  let embeddingScale: Float
  let positionEmbedding: WeightMatrix?
  let blocks: [Block]
  let finalNorm: Norm
  let head: Linear
  /// Multiplies the scores, before the cap (Granite).
  let scoreScale: Float
  /// Scores become `cap * tanh(score / cap)` (Gemma's `final_logit_softcapping`); 0 for none.
  let scoreCap: Float
  /// Tokens beyond which a run's positions turn by LongRoPE's second set of frequencies; nil where there is one set.
  package let longContext: Int?

  init(
    catalogue: HookCatalogue, cacheType: ElementType, contextLength: Int, embedding: WeightMatrix,
    embeddingUpdate: LowRankUpdate? = nil, embeddingScale: Float = 1,
    positionEmbedding: WeightMatrix? = nil, blocks: [Block],
    finalNorm: Norm, head: Linear, scoreScale: Float = 1, scoreCap: Float = 0,
    longContext: Int? = nil
  ) {
    self.catalogue = catalogue
    cacheShape = CacheShape(
      layers: catalogue.layers, keyValueHeads: catalogue.keyValueHeads,
      headDimension: catalogue.headDimension, type: cacheType)
    self.contextLength = contextLength
    self.embedding = embedding
    self.embeddingUpdate = embeddingUpdate
    self.embeddingScale = embeddingScale
    self.positionEmbedding = positionEmbedding
    self.blocks = blocks
    self.finalNorm = finalNorm
    self.head = head
    self.scoreScale = scoreScale
    self.scoreCap = scoreCap
    self.longContext = longContext
  }

  /// The widest of the experts that every position uses besides those it is routed to; 0 where there is none.
  var sharedNeurons: Int {
    blocks.reduce(0) { widest, block in
      guard case .mixture(let mixture) = block.mlp else { return widest }
      return max(widest, mixture.shared?.expert.gate.weight.rows ?? 0)
    }
  }

  /// The widest feed-forward part without experts, and the widest expert; 0 where there is none.
  var widths: (dense: Int, expert: Int) {
    var widths = (dense: 0, expert: 0)
    for block in blocks {
      switch block.mlp {
      case .gated(let gate, _, _, _): widths.dense = max(widths.dense, gate.weight.rows)
      case .plain(let up, _, _): widths.dense = max(widths.dense, up.weight.rows)
      case .mixture(let mixture):
        widths.expert = max(widths.expert, mixture.experts.first?.gate.weight.rows ?? 0)
      }
    }
    return widths
  }

  /// Readies a cache for a pass that ends at so many tokens.
  ///
  /// Where a run crosses LongRoPE's original context (either way), every key before was turned by the other set: as in
  /// transformers, all positions are computed again with the set that now holds.
  ///
  /// - Returns: true where the cache was emptied for it.
  package func prepare(_ cache: KeyValueCache, for tokens: Int) -> Bool {
    guard let longContext else { return false }
    let shift = tokens > longContext ? contextLength : 0
    guard cache.rotaryShift != shift else { return false }
    let hadKeys = cache.length > 0
    cache.restart(rotaryShift: shift)
    return hadKeys
  }

  /// Runs all rows of the batch through all layers; caches grow by their part's rows.
  ///
  /// Scores of the vocabulary of the i-th part that asked for them are then in ``scores(_:of:)``. Nothing waits
  /// and nothing is allocated here, unless a tap asks for what is otherwise not kept.
  package func forward(_ batch: ForwardBatch, _ work: Workspace, _ arithmetic: Arithmetic) {
    let pass = Pass(batch: batch, work: work, arithmetic: arithmetic)
    let stream = work.stream.rows(pass.rows, width: catalogue.hiddenSize)
    embed(into: stream, pass)
    for (layer, block) in blocks.enumerated() { block.forward(stream, layer: layer, pass) }
    for part in batch.parts { part.cache.advance(by: part.rows.count) }
    score(stream, pass)
  }

  /// The scores `[vocabulary]` of the i-th part of the batch that asked for them.
  package func scores(_ index: Int, of work: Workspace) -> UnsafeMutableBufferPointer<Float> {
    work.scores.rows(work.maxScores, width: catalogue.vocabularySize).row(index)
  }

  private func embed(into stream: FloatRows, _ pass: Pass) {
    embedTokens(into: stream, pass)
    embedPositions(into: stream, pass)
  }

  func embedTokens(into stream: FloatRows, _ pass: Pass) {
    pass.batch.tokens.withUnsafeBufferPointer { tokens in
      guard let tokens = tokens.baseAddress else { return }
      pass.arithmetic.embed(
        embedding, tokens: tokens, scale: embeddingScale, into: stream)
      embeddingUpdate?.embed(
        tokens: tokens, scale: embeddingScale, into: stream, pass.arithmetic)
    }
    pass.hooks.visit(.embedding, stream)
  }

  /// Adds learned positions, where the family has them.
  func embedPositions(into stream: FloatRows, _ pass: Pass) {
    guard let positionEmbedding else { return }
    let update = pass.work.update.rows(pass.rows, width: catalogue.hiddenSize)
    pass.batch.positions.withUnsafeBufferPointer { positions in
      guard let positions = positions.baseAddress else { return }
      pass.arithmetic.embed(
        positionEmbedding, tokens: positions, into: update)
    }
    pass.hooks.visit(.positionEmbedding, update)
    pass.arithmetic.addInPlace(stream, update)
  }

  /// What is computed behind the blocks.
  private static let sitesOfScoring: [HookSite] = [.finalNormalized, .finalNorm, .logits]

  /// The last norm and the head, for the rows that are asked for: a few at a time, as scores are wide.
  ///
  /// These products never use panels, so a prompt's last row has the same bits whether or not a tap looks at the
  /// rows before it.
  private func score(_ stream: FloatRows, _ pass: Pass) {
    var block: [ScoredRow] = []
    var next = 0
    for part in pass.batch.parts {
      let isWatched = Self.sitesOfScoring.contains {
        pass.hooks.tap(row: part.rows.lowerBound, site: $0, layer: -1) != nil
      }
      let last = part.rows.upperBound - 1
      for row in isWatched || part.reader != nil ? part.rows : last..<part.rows.upperBound {
        let position = part.firstPosition + row - part.rows.lowerBound
        let isScored = row == last && part.scores == .last
        let reader = part.reader.flatMap { $0.wants(position: position) ? $0 : nil }
        guard isScored || isWatched || reader != nil else { continue }
        block.append(
          ScoredRow(row: row, target: isScored ? next : -1, position: position, reader: reader))
        if isScored { next += 1 }
        if block.count == Workspace.scoreRows { flush(&block, stream, pass) }
      }
    }
    flush(&block, stream, pass)
  }

  /// A row of the batch whose scores are computed.
  private struct ScoredRow {
    let row: Int
    /// Where its scores are kept for the part's owner; -1 for nowhere.
    let target: Int
    let position: Int
    let reader: (any ForwardBatch.RowReader)?
  }

  /// What becomes of the head's products before they are scores.
  func shape(_ scores: FloatRows, _ arithmetic: Arithmetic) {
    if scoreScale != 1 { arithmetic.scale(scores, by: scoreScale) }
    if scoreCap > 0 { arithmetic.softCap(scores, scoreCap) }
  }

  private func flush(_ block: inout [ScoredRow], _ stream: FloatRows, _ pass: Pass) {
    defer { block.removeAll(keepingCapacity: true) }
    guard !block.isEmpty else { return }
    let work = pass.work
    let list = block.map(\.row)
    let rows = work.finalRows.rows(block.count, width: catalogue.hiddenSize)
    let normed = work.finalNormed.rows(block.count, width: catalogue.hiddenSize)
    let scores = work.scoreBlock.rows(block.count, width: catalogue.vocabularySize)
    for (place, row) in list.enumerated() {
      if let source = stream.row(row).baseAddress {
        rows.row(place).baseAddress?.update(from: source, count: stream.width)
      }
    }
    if pass.hooks.wants(.finalNormalized, layer: -1) {
      finalNorm.plain.apply(rows, into: normed, pass.arithmetic)
      pass.hooks.visit(.finalNormalized, normed, of: list)
    }
    finalNorm.apply(rows, into: normed, pass.arithmetic)
    pass.hooks.visit(.finalNorm, normed, of: list)
    pass.plan(head, normed, into: scores, .single)
    pass.run()
    shape(scores, pass.arithmetic)
    pass.hooks.visit(.logits, scores, of: list)
    for (place, scored) in block.enumerated() {
      if let reader = scored.reader {
        reader.read(
          UnsafeBufferPointer(scores.row(place)), position: scored.position, pass.arithmetic)
      }
      guard scored.target >= 0, let source = scores.row(place).baseAddress else { continue }
      self.scores(scored.target, of: work).baseAddress?.update(
        from: source, count: catalogue.vocabularySize)
    }
  }
}
