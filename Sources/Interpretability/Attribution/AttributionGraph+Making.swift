package import Engine
package import Hooks
internal import Tensors
package import Tokenizers

/// What whoever waits for a graph is told while it is made.
package enum AttributionProgress: Sendable {
  /// Steps that are done.
  case done(Int)
  /// The heaviest links into some targets, as they were found and before anything is pruned.
  case rows([AttributionGraph.Link], of: [AttributionGraph.Target])
}

extension AttributionGraph {
  /// Steps of the work: the pass, and each layer three times.
  package static func steps(_ catalogue: HookCatalogue) -> Int { 2 + 3 * catalogue.layers }

  /// Where sources stand for a prompt.
  package static func layout(_ catalogue: HookCatalogue, positions: Int) -> GraphLayout {
    GraphLayout(
      layers: catalogue.layers, heads: catalogue.heads, positions: positions,
      hasPositions: catalogue.sites.contains(.positionEmbedding))
  }

  /// Bytes that are held while a graph is made.
  package static func bytes(_ catalogue: HookCatalogue, positions: Int) -> Double {
    let captured = GraphWrites.points(catalogue).reduce(0.0) { sum, point in
      sum + Double(positions)
        * CaptureSpec(analysing: point).shape(in: catalogue).sentNumbers(keys: positions)
    }
    let layout = layout(catalogue, positions: positions)
    let rows = Double(layout.writers) + Double(catalogue.layers * positions * catalogue.heads)
    return (captured + rows * Double(catalogue.hiddenSize)) * Double(MemoryLayout<Float>.size)
  }

  /// Follows a prompt's next token back.
  ///
  /// A cancelled task ends it between two layers.
  /// - Returns: nil where the model has no weights.
  /// - Throws: ``EngineError``, as of any pass; `cancelled` where the task was.
  package static func make(
    of tokens: [Token], _ options: AttributionOptions, on engine: Engine, _ model: LoadedModel,
    progress: @Sendable (AttributionProgress) async -> Void = { _ in }
  ) async throws(EngineError) -> AttributionGraph? {
    let catalogue = model.catalogue
    let pass = try await PromptPass.run(
      tokens, on: engine, model, capturing: GraphWrites.points(catalogue))
    let layout = layout(catalogue, positions: tokens.count)
    let writes = GraphWrites(pass, layout, width: catalogue.hiddenSize)
    var done = 0
    func step() async throws(EngineError) {
      guard !Task.isCancelled else { throw .cancelled }
      done += 1
      await progress(.done(done))
    }
    writes.fillFront()
    try await step()
    for layer in 0..<catalogue.layers {
      await engine.lend(model) { writes.fill(layer: layer, $0) }
      try await step()
    }
    let stream = pass.tensor(HookPoint(.residualPost, layer: catalogue.layers - 1)).row(
      tokens.count - 1)
    guard
      let logits = await LogitTargets.find(
        at: Array(stream), options, on: engine, model)
    else { return nil }
    let backward = GraphBackward(writes)
    var rows = logits.rows(backward)
    await progress(.rows(rows.flatMap { $0.heaviest(8) }, of: logits.targets))
    try await step()
    for layer in (0..<catalogue.layers).reversed() {
      let isCarried = await engine.lend(model) { backward.carry(through: layer, $0) }
      guard isCarried == true else { return nil }
      try await step()
    }
    var influence = GraphInfluence(
      isError: (0..<layout.count).map { layout.node($0).kind == .mlp })
    for (target, row) in zip(logits.targets, rows) {
      influence.add(row: row.weights, influence: target.weight)
    }
    for layer in (0..<catalogue.layers).reversed() {
      try await followHeads(of: layer, backward, layout, &influence, on: engine, model) {
        await progress(.rows($0, of: logits.targets))
      }
      try await step()
    }
    let kept = kept(influence, layout, options)
    for place in rows.indices { rows[place].weights.removeAll { !kept.contains($0.source) } }
    for layer in (0..<catalogue.layers).reversed() {
      rows += try await keptRows(of: layer, backward, layout, kept, on: engine, model)
    }
    let pruning = GraphPruning(rows: rows, targets: logits.targets, layout: layout)
    let (links, sources) = pruning.links(keeping: options.edgeThreshold)
    return AttributionGraph(
      layout: layout, tokens: tokens, targets: logits.targets, influence, backward.values, links,
      sources: sources)
  }

  private init(
    layout: GraphLayout, tokens: [Token], targets: [Target], _ influence: GraphInfluence,
    _ values: [Float], _ links: [Link], sources: Set<Int>
  ) {
    let cumulative = influence.cumulative
    let nodes = sources.union(0..<layout.positions).sorted().map {
      Node(source: $0, influence: cumulative[$0], value: values[$0])
    }
    let found = influence.bySource
    var (ofTokens, ofErrors) = (0.0, 0.0)
    var heads = [[Float]](
      repeating: [Float](repeating: 0, count: layout.heads), count: layout.layers)
    for source in found.indices {
      switch layout.node(source) {
      case (.embedding, _, _): ofTokens += found[source]
      case (.mlp, _, _): ofErrors += found[source]
      case (.head(let head), let layer, _): heads[layer][head] += Float(found[source])
      default: continue
      }
    }
    self.init(
      layout: layout, tokens: tokens, targets: targets, nodes: nodes, links: links,
      replacement: Float(ofTokens / max(ofTokens + ofErrors, .leastNormalMagnitude)),
      completeness: Float(influence.explained / max(influence.reached, .leastNormalMagnitude)),
      headInfluence: heads,
      order: found.indices.filter { found[$0] > 0 }.sorted { found[$0] > found[$1] })
  }

  /// Sources that carry enough influence, and all tokens.
  private static func kept(
    _ influence: GraphInfluence, _ layout: GraphLayout, _ options: AttributionOptions
  ) -> Set<Int> {
    let scores = influence.bySource
    let bound =
      options.nodeThreshold >= 1
      ? 0 : GraphInfluence.bound(scores, share: options.nodeThreshold)
    let heavy = scores.indices.filter { scores[$0] > 0 && scores[$0] >= bound }
      .sorted { scores[$0] > scores[$1] }
    let others = heavy.filter { layout.node($0).kind != .embedding }.prefix(options.mostNodes)
    return Set(others).union(0..<layout.positions)
  }

  /// Shares out the influence of a layer's heads, and tells of the heaviest of them.
  private static func followHeads(
    of layer: Int, _ backward: GraphBackward, _ layout: GraphLayout,
    _ influence: inout GraphInfluence, on engine: Engine, _ model: LoadedModel,
    _ tell: @Sendable ([Link]) async -> Void
  ) async throws(EngineError) {
    let first = layout.head(layer, 0, 0)
    let own = influence.bySource
    let places = (first..<first + layout.positions * layout.heads).filter { own[$0] > 0 }
    let shown = Set(places.sorted { own[$0] > own[$1] }.prefix(4))
    let size = GraphBackward.rowsAtOnce(layout.sources(before: layer))
    for start in stride(from: 0, to: places.count, by: size) {
      guard !Task.isCancelled else { throw .cancelled }
      let some = places[start..<min(start + size, places.count)]
      let before = influence
      let after = await engine.lend(model) { lent in
        var found = before
        var links: [Link] = []
        backward.rows(of: some, layer: layer, lent) { head, weights, bias in
          let own = (source: layout.bias(layer, layout.node(head).position), weight: bias)
          let row = weights.enumerated().lazy.map { (source: $0.offset, weight: $0.element) }
          found.add(row: Joined(row, own), influence: found.bySource[head])
          guard shown.contains(head) else { return }
          links += GraphPruning.Row(target: .source(head), weights: Array(row) + [own]).heaviest(8)
        }
        return (found, links)
      }
      guard let after else { return }
      influence = after.0
      if !after.1.isEmpty { await tell(after.1) }
    }
  }

  /// The links of kept heads of a layer to kept sources.
  private static func keptRows(
    of layer: Int, _ backward: GraphBackward, _ layout: GraphLayout, _ kept: Set<Int>,
    on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> [GraphPruning.Row] {
    let first = layout.head(layer, 0, 0)
    let places = (first..<first + layout.positions * layout.heads).filter(kept.contains)
    let sources = kept.filter { $0 < layout.sources(before: layer) }.sorted()
    let size = GraphBackward.rowsAtOnce(layout.sources(before: layer))
    var rows: [GraphPruning.Row] = []
    for start in stride(from: 0, to: places.count, by: size) {
      guard !Task.isCancelled else { throw .cancelled }
      let some = places[start..<min(start + size, places.count)]
      let found = await engine.lend(model) { lent in
        var rows: [GraphPruning.Row] = []
        backward.rows(of: some, layer: layer, lent) { head, weights, bias in
          var row = sources.compactMap { source in
            weights[source] == 0 ? nil : (source: source, weight: weights[source])
          }
          let own = layout.bias(layer, layout.node(head).position)
          if bias != 0, kept.contains(own) { row.append((own, bias)) }
          rows.append(GraphPruning.Row(target: .source(head), weights: row))
        }
        return rows
      }
      rows += found ?? []
    }
    return rows
  }
}

/// A row and one more link.
private struct Joined<Row: Sequence>: Sequence
where Row.Element == (source: Int, weight: Float) {
  let row: Row
  let last: Row.Element

  init(_ row: Row, _ last: Row.Element) {
    self.row = row
    self.last = last
  }

  func makeIterator() -> AnyIterator<Row.Element> {
    var first = row.makeIterator()
    var isOver = false
    return AnyIterator {
      if let next = first.next() { return next }
      guard !isOver else { return nil }
      isOver = true
      return last
    }
  }
}

extension GraphPruning.Row {
  /// Its heaviest links.
  func heaviest(_ count: Int) -> [AttributionGraph.Link] {
    weights.sorted { $0.weight.magnitude > $1.weight.magnitude }.prefix(count)
      .map { AttributionGraph.Link(source: $0.source, target: target, weight: $0.weight) }
  }
}
