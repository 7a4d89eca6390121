package import Engine
package import Hooks
package import Tokenizers

/// A graph's circuit, checked by cutting: what of the metric is left when everything outside of it is replaced, and when
/// it is itself (Wang and others 2022; the curve and its areas as in the MIB benchmark, Mueller and others 2025).
package struct CircuitCheck: CutCheck, Equatable {
  /// What takes the place of a node that is cut.
  package enum Replacement: Sendable, Equatable {
    case zero
    /// The mean over prompts of the same length, position by position.
    case mean([[Token]])
    /// The prompt's own mean over its positions.
    case ownMean
    /// What another prompt of the same length has there.
    case corrupted([Token])

    /// Passes of other prompts.
    package var passes: Int {
      switch self {
      case .zero: 0
      case .ownMean, .corrupted: 1
      case .mean(let prompts): prompts.count
      }
    }
  }

  /// A circuit of the heaviest nodes, all others replaced.
  package struct Point: CutPoint, Equatable {
    package let nodes: Int
    package let metric: Float
    /// `(metric - empty) / (whole - empty)`; nil where the two are equal.
    package let faithfulness: Float?
  }

  /// A head or a feed-forward part of the circuit, replaced besides everything outside, at all its positions.
  package struct Removal: Sendable, Equatable {
    package let layer: Int
    /// Nil for the feed-forward part.
    package let head: Int?
    package let metric: Float
    /// The faithfulness that is lost; nil as faithfulness is.
    package let loss: Float?
  }

  /// Shares of all heads and feed-forward parts at all positions that the curve has.
  package static let shares = FaithfulnessCurve.shares

  /// The metric with nothing replaced, and with every node.
  package let whole: Float
  package let empty: Float
  /// Heads and feed-forward parts at positions, in all.
  package let nodes: Int
  package let circuit: Point
  /// The metric with the circuit alone replaced, and what share of it is lost by that.
  package let without: Float
  package let completeness: Float?
  package let curve: [Point]
  /// The area under the curve's faithfulness, and that between it and 1, over the share of nodes; nil as faithfulness is.
  package let performance: Float?
  package let distance: Float?
  /// `[layer][head]`: what the metric would change by if the head alone were replaced, to first order: patterns and norms
  /// answer, feed-forward parts are held (attribution patching: Nanda 2023; Kramár and others 2024).
  package let headEffects: [[Float]]
  /// Of each part of the circuit, the largest loss first; empty unless it was asked for.
  package let minimality: [Removal]

  /// Passes that a check takes.
  package static func passes(
    _ replacement: Replacement, of graph: AttributionGraph, testsMinimality: Bool
  ) -> Int {
    replacement.passes + shares.count + 3 + (testsMinimality ? graph.circuitParts.count : 0)
  }
}

extension CircuitCheck {
  /// Cuts and measures.
  ///
  /// The metric is the graph's targets' logits, each less the one taken off or the mean, weighted as in the graph.
  /// A cancelled task ends it between two passes.
  /// - Throws: ``EngineError``, as of any pass.
  package static func run(
    _ graph: AttributionGraph, _ replacement: Replacement, testsMinimality: Bool = false,
    on engine: Engine, _ model: LoadedModel, progress: @Sendable (Int) async -> Void = { _ in }
  ) async throws(EngineError) -> CircuitCheck {
    let rows = try await ReplacedRows.find(
      replacement, positions: graph.tokens.count, own: graph.tokens, on: engine, model)
    var done = replacement.passes
    func metric(keeping kept: Set<Int>) async throws(EngineError) -> Float {
      guard !Task.isCancelled else { throw .cancelled }
      let edits = rows.edits(graph.layout, keeping: kept)
      let logits = HookPoint(.logits)
      let pass = try await PromptPass.run(
        graph.tokens, on: engine, model, capturing: [logits], positions: .last,
        interventions: edits)
      done += 1
      await progress(done)
      return graph.metric(of: pass.tensor(logits).values)
    }
    let layout = graph.layout
    let all = (0..<layout.writers).filter(layout.isCut)
    let heavy = graph.order.filter { $0 < layout.writers && layout.isCut($0) }
    let order = heavy + Set(all).subtracting(heavy).sorted()
    var metrics: [(nodes: Int, metric: Float)] = []
    for share in shares {
      let count = FaithfulnessCurve.count(share, of: all.count)
      metrics.append((count, try await metric(keeping: Set(order.prefix(count)))))
    }
    let circuit = graph.circuit
    let alone = try await metric(keeping: circuit)
    let without = try await metric(keeping: Set(all).subtracting(circuit))
    let effects = try await HeadEffects.find(
      graph.tokens, graph.targets, rows, on: engine, model)
    guard let effects else { throw .vocabularyOnly(model.info.id) }
    done += 1
    await progress(done)
    var removals: [(part: AttributionGraph.Part, metric: Float)] = []
    for (part, sources) in testsMinimality ? graph.circuitParts : [] {
      removals.append((part, try await metric(keeping: circuit.subtracting(sources))))
    }
    return CircuitCheck(
      metrics, circuit: (circuit.count, alone), without: without, nodes: all.count,
      headEffects: effects.values, removals)
  }

  private init(
    _ metrics: [(nodes: Int, metric: Float)], circuit: (nodes: Int, metric: Float),
    without: Float, nodes: Int, headEffects: [[Float]],
    _ removals: [(part: AttributionGraph.Part, metric: Float)]
  ) {
    let found = FaithfulnessCurve(metrics.map { ($0.nodes, $0.metric) }, of: nodes)
    self.headEffects = headEffects
    whole = found.whole
    empty = found.empty
    self.nodes = nodes
    self.without = without
    self.circuit = Point(
      nodes: circuit.nodes, metric: circuit.metric, faithfulness: found.faithfulness(circuit.metric)
    )
    completeness = found.faithfulness(without).map { 1 - $0 }
    minimality = removals.map { part, metric in
      Removal(
        layer: part.layer, head: part.head, metric: metric,
        loss: found.loss(from: circuit.metric, to: metric))
    }.sorted { ($0.loss ?? 0).magnitude > ($1.loss ?? 0).magnitude }
    curve = metrics.map {
      Point(nodes: $0.nodes, metric: $0.metric, faithfulness: found.faithfulness($0.metric))
    }
    performance = found.performance
    distance = found.distance
  }
}

extension CircuitCheck {
  /// Bytes of the pass that effects of heads are found from.
  package static func bytes(_ catalogue: HookCatalogue, positions: Int) -> Double {
    HeadEffects.points(catalogue).reduce(0.0) { sum, point in
      sum + Double(positions)
        * CaptureSpec(analysing: point).shape(in: catalogue).sentNumbers(keys: positions)
    } * Double(MemoryLayout<Float>.size)
  }

  /// The heads whose replacement changes the metric the most.
  package func heaviestHeads(_ count: Int) -> [(layer: Int, head: Int, effect: Float)] {
    headEffects.enumerated().flatMap { layer, heads in
      heads.enumerated().map { (layer: layer, head: $0.offset, effect: $0.element) }
    }.sorted { $0.effect.magnitude > $1.effect.magnitude }.prefix(count).map { $0 }
  }
}

extension GraphLayout {
  /// Whether a source is one that is cut: a head or a feed-forward part.
  func isCut(_ source: Int) -> Bool {
    switch node(source).kind {
    case .head, .mlp: true
    case .embedding, .position, .bias: false
    }
  }
}

extension AttributionGraph {
  /// A head or a feed-forward part, of all positions.
  struct Part: Hashable {
    let layer: Int
    /// Nil for the feed-forward part.
    let head: Int?
  }

  /// The nodes that are cut or kept.
  var circuit: Set<Int> {
    Set(nodes.map(\.source).filter { $0 < layout.writers && layout.isCut($0) })
  }

  /// The same by the part that they are of, in the order of layers.
  var circuitParts: [(part: Part, sources: [Int])] {
    var parts: [Part: [Int]] = [:]
    for source in circuit {
      let (kind, layer, _) = layout.node(source)
      if case .head(let head) = kind {
        parts[Part(layer: layer, head: head), default: []].append(source)
      } else {
        parts[Part(layer: layer, head: nil), default: []].append(source)
      }
    }
    return parts.map { (part: $0.key, sources: $0.value) }.sorted {
      ($0.part.layer, $0.part.head ?? layout.heads) < ($1.part.layer, $1.part.head ?? layout.heads)
    }
  }

  /// The targets' logits, weighted, of the model's scores at the last position.
  package func metric(of scores: [Float]) -> Float {
    let mean = scores.reduce(0.0) { $0 + Double($1) } / Double(max(scores.count, 1))
    let weights = max(targets.reduce(0) { $0 + $1.weight }, .leastNormalMagnitude)
    let sum = targets.reduce(0.0) { sum, target in
      guard scores.indices.contains(Int(target.token)) else { return sum }
      let base =
        target.versus.flatMap { token in
          scores.indices.contains(Int(token)) ? Double(scores[Int(token)]) : nil
        } ?? mean
      return sum + target.weight * (Double(scores[Int(target.token)]) - base)
    }
    return Float(sum / weights)
  }
}
