package import Engine
package import Hooks
internal import Tensors
internal import Tokenizers

/// A graph's circuit, checked by cutting edges.
///
/// Each reader reads of each sender what it writes in this pass where their edge is in the circuit, and what takes its place
/// where it is not. Exact, by forward passes; nothing is frozen.
package struct EdgeCheck: CutCheck, Equatable {
  package struct Point: CutPoint, Equatable {
    package let edges: Int
    /// Senders that have an edge in the circuit.
    package let nodes: Int
    package let metric: Float
    /// `(metric - empty) / (whole - empty)`; nil where the two are equal.
    package let faithfulness: Float?
  }

  package let layout: EdgeLayout
  /// The metric with no edge cut, and with all.
  package let whole: Float
  package let empty: Float
  package let circuit: Point
  /// The metric with the circuit's edges alone cut, and what share of it is lost by that.
  package let without: Float
  package let completeness: Float?
  /// The heaviest edges, as ``CircuitCheck/shares`` says.
  package let curve: [Point]
  package let performance: Float?
  package let distance: Float?
  /// What the metric would change by if an edge alone were cut, to first order.
  package let scores: [Float]

  /// Passes that a check takes.
  package static func passes(_ replacement: CircuitCheck.Replacement) -> Int {
    replacement.passes + 1 + EdgeScores.steps + FaithfulnessCurve.shares.count + 2
  }

  /// The layers whose feed-forward parts have no gradient, for which edges can't be scored.
  package static func unscored(_ catalogue: HookCatalogue) -> [Int] {
    catalogue.experts == 0
      ? [] : (0..<catalogue.layers).filter { !catalogue.denseLayers.contains($0) }
  }

  /// Bytes that are held at once.
  package static func bytes(_ catalogue: HookCatalogue, positions: Int) -> Double {
    let layout = EdgeLayout(catalogue)
    let (count, width) = (Double(positions), Double(catalogue.hiddenSize))
    let place = count * width
    // What takes their place (added up in double precision), what they wrote, the differences and the changes.
    let senders = Double(layout.senders) * place * 6
    let readers = Double(layout.readers + catalogue.heads + 6) * place
    let heads = Double(catalogue.heads)
    let attention = count * heads * (count + 5 * Double(catalogue.headDimension))
    let held = Double(catalogue.layers) * (attention + 3 * place)
    return (senders + readers + held) * Double(MemoryLayout<Float>.size)
  }
}

extension EdgeCheck {
  /// Cuts and measures.
  ///
  /// A cancelled task ends it between two layers.
  /// - Parameter progress: told after each pass how many are done.
  /// - Throws: ``EngineError``, as of any pass.
  package static func run(
    _ graph: AttributionGraph, _ replacement: CircuitCheck.Replacement, on engine: Engine,
    _ model: LoadedModel, progress: @Sendable (Int) async -> Void = { _ in }
  ) async throws(EngineError) -> EdgeCheck {
    let layout = EdgeLayout(model.catalogue)
    let replaced = try await EdgeWork.replaced(
      replacement, own: graph.tokens, on: engine, model)
    var done = replacement.passes
    await progress(done)
    let written = try await EdgeWork.run(
      graph.tokens, .all(0), replaced: nil, on: engine, model
    ).written
    done += 1
    let found = try await EdgeScores.find(
      graph.tokens, graph.targets, replaced: replaced, written: written, on: engine, model
    ) {
      done += 1
      await progress(done)
    }
    func metric(_ kept: [Bool]) async throws(EngineError) -> Float {
      let found = try await Self.metric(
        of: graph, keeping: kept, replaced: replaced, on: engine, model)
      done += 1
      await progress(done)
      return found
    }
    let order = heaviestFirst(found.values)
    var points: [(kept: [Bool], metric: Float)] = []
    for share in FaithfulnessCurve.shares {
      let count = FaithfulnessCurve.count(share, of: layout.count)
      var kept = [Bool](repeating: false, count: layout.count)
      for edge in order.prefix(count) { kept[edge] = true }
      points.append((kept, try await metric(kept)))
    }
    let circuit = graph.edges(layout)
    let alone = try await metric(circuit)
    let without = try await metric(circuit.map { !$0 })
    return EdgeCheck(
      layout, points, circuit: (circuit, alone), without: without, scores: found.values)
  }

  /// The graph's metric with all edges cut but some.
  static func metric(
    of graph: AttributionGraph, keeping kept: [Bool], replaced: [Float]?, on engine: Engine,
    _ model: LoadedModel
  ) async throws(EngineError) -> Float {
    let work = try await EdgeWork.run(
      graph.tokens, .keeping(kept), replaced: replaced, on: engine, model)
    let scores = await engine.lend(model) { lent in lent.scores(of: work.last()) }
    guard let scores else { throw .vocabularyOnly(model.info.id) }
    return graph.metric(of: scores)
  }

  private init(
    _ layout: EdgeLayout, _ points: [(kept: [Bool], metric: Float)],
    circuit: (kept: [Bool], metric: Float), without: Float, scores: [Float]
  ) {
    let found = FaithfulnessCurve(
      points.map { (count: $0.kept.count(where: \.self), metric: $0.metric) }, of: layout.count)
    func point(_ kept: [Bool], _ metric: Float) -> Point {
      let edges = kept.indices.filter { kept[$0] }
      return Point(
        edges: edges.count, nodes: Set(edges.map { layout.ends($0).sender }).count,
        metric: metric, faithfulness: found.faithfulness(metric))
    }
    self.layout = layout
    self.without = without
    self.scores = scores
    whole = found.whole
    empty = found.empty
    self.circuit = point(circuit.kept, circuit.metric)
    completeness = found.faithfulness(without).map { 1 - $0 }
    curve = points.map { point($0.kept, $0.metric) }
    performance = found.performance
    distance = found.distance
  }

  /// Edges by the magnitude of their score.
  private static func heaviestFirst(_ scores: [Float]) -> [Int] {
    scores.indices.sorted { (scores[$0].magnitude, $1) > (scores[$1].magnitude, $0) }
  }

  /// The edges that weigh most.
  package func heaviest(
    _ count: Int
  ) -> [(sender: PathSender, receiver: PathReceiver, score: Float)] {
    Self.heaviestFirst(scores).prefix(count).map {
      let ends = layout.ends($0)
      return (ends.sender, ends.receiver, scores[$0])
    }
  }

  /// What the edges of each head come to together, those of the largest first.
  package func heaviestHeads(_ count: Int) -> [(layer: Int, head: Int, effect: Float)] {
    var effects: [PathSender: Float] = [:]
    for (edge, score) in scores.enumerated() {
      let sender = layout.ends(edge).sender
      if sender.part == .head { effects[sender, default: 0] += score }
    }
    return effects.map { (layer: $0.key.layer, head: $0.key.head ?? 0, effect: $0.value) }
      .sorted {
        ($0.effect.magnitude, $1.layer, $1.head) > ($1.effect.magnitude, $0.layer, $0.head)
      }
      .prefix(count).map { $0 }
  }
}

extension LentModel {
  /// The scores of the vocabulary of what the logits read, `[d_model]`.
  func scores(of row: [Float]) -> [Float] {
    let slab = FloatSlab(count: row.count)
    for (column, value) in row.enumerated() { slab.base[column] = value }
    return withExtendedLifetime(slab) { scores(of: slab.rows(1, width: row.count)) }
  }
}

extension AttributionGraph {
  /// Which edges of the model the graph has: into values and logits those that it has a link for, at any position; into
  /// queries, keys and feed-forward parts, which have no links in the frozen model, those between two of its nodes.
  func edges(_ layout: EdgeLayout) -> [Bool] {
    var kept = [Bool](repeating: false, count: layout.count)
    let group = layout.heads / max(layout.keyValueHeads, 1)
    func keep(_ sender: PathSender, _ receiver: PathReceiver) {
      if let edge = layout.edge(sender, receiver) { kept[edge] = true }
    }
    for link in links {
      guard let sender = part(link.source) else { continue }
      switch link.target {
      case .logit: keep(sender, PathReceiver(.logits))
      case .source(let target):
        guard let head = part(target), let number = head.head else { continue }
        keep(sender, PathReceiver(.value, layer: head.layer, head: number / group))
      }
    }
    let parts = Set(nodes.compactMap { part($0.source) })
    for reader in parts where reader.part != .embedding {
      for sender in parts {
        guard let head = reader.head else {
          keep(sender, PathReceiver(.mlp, layer: reader.layer))
          continue
        }
        keep(sender, PathReceiver(.query, layer: reader.layer, head: head))
        keep(sender, PathReceiver(.key, layer: reader.layer, head: head / group))
      }
    }
    return kept
  }

  /// The sender that a source is of; nil of biases and learned positions.
  private func part(_ source: Int) -> PathSender? {
    let (kind, layer, _) = layout.node(source)
    switch kind {
    case .embedding: return PathSender(.embedding)
    case .head(let head): return PathSender(.head, layer: layer, head: head)
    case .mlp: return PathSender(.mlp, layer: layer)
    case .position, .bias: return nil
    }
  }
}
