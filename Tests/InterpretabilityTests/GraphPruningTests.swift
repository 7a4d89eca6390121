import TestKit
import Testing

@testable import Interpretability

/// Influence and pruning against dense matrices, as their authors write them.
@Suite struct `Influence in a graph` {
  /// A random graph: rows of the logits, then of the heads of higher layers before those of lower.
  private struct Random {
    let layout = GraphLayout(layers: 3, heads: 2, positions: 3, hasPositions: false)
    var rows: [GraphPruning.Row] = []
    var targets: [AttributionGraph.Target] = []

    init(seed: UInt64) {
      var generator = SeededGenerator(seed: seed)
      func weights(_ sources: Range<Int>) -> [(source: Int, weight: Float)] {
        sources.compactMap { source in
          Bool.random(using: &generator)
            ? (source, Float.random(in: -1...1, using: &generator)) : nil
        }
      }
      for rank in 0..<2 {
        targets.append(
          AttributionGraph.Target(
            token: 1, versus: nil, probability: 0.4, weight: rank == 0 ? 0.6 : 0.3, logit: 0))
        rows.append(GraphPruning.Row(target: .logit(rank), weights: weights(0..<layout.count)))
      }
      for layer in (0..<3).reversed() {
        for place in layout.head(layer, 0, 0)..<layout.sources(before: layer + 1) {
          rows.append(
            GraphPruning.Row(
              target: .source(place), weights: weights(0..<layout.sources(before: layer))))
        }
      }
    }

    /// `p (A + A² + …)` of the dense matrix `[target][source]` of normalised rows, logits last.
    func dense() -> [Double] {
      let size = layout.count + targets.count
      var matrix = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
      for row in rows {
        let sum = row.weights.reduce(0.0) { $0 + Double(abs($1.weight)) }
        for (source, weight) in row.weights {
          matrix[place(row.target)][source] = Double(abs(weight)) / sum
        }
      }
      var current = [Double](repeating: 0, count: size)
      for (rank, target) in targets.enumerated() { current[layout.count + rank] = target.weight }
      var sum = [Double](repeating: 0, count: size)
      for _ in 0..<size {
        current = (0..<size).map { source in
          (0..<size).reduce(0.0) { $0 + current[$1] * matrix[$1][source] }
        }
        for source in 0..<size { sum[source] += current[source] }
      }
      return Array(sum.prefix(layout.count))
    }

    func place(_ end: AttributionGraph.End) -> Int {
      switch end {
      case .logit(let rank): layout.count + rank
      case .source(let source): source
      }
    }
  }

  @Test(arguments: 0..<20)
  func `found row by row, it is the sum over all powers of the matrix`(seed: Int) {
    let random = Random(seed: UInt64(seed))
    var influence = GraphInfluence(
      isError: (0..<random.layout.count).map { random.layout.node($0).kind == .mlp })
    for row in random.rows {
      let own =
        switch row.target {
        case .logit(let rank): random.targets[rank].weight
        case .source(let source): influence.bySource[source]
        }
      influence.add(row: row.weights, influence: own)
    }
    for (found, expected) in zip(influence.bySource, random.dense()) {
      #expect(abs(found - expected) < 1e-9)
    }
    let heaviest = influence.bySource.indices.max {
      influence.bySource[$0] < influence.bySource[$1]
    }
    let least = influence.cumulative.indices.min {
      influence.cumulative[$0] < influence.cumulative[$1]
    }
    #expect(heaviest == least)
  }

  @Test(arguments: 0..<20)
  func `pruned, every head has links in and out, and the kept ones are the heaviest`(seed: Int) {
    let random = Random(seed: UInt64(seed))
    let pruning = GraphPruning(
      rows: random.rows, targets: random.targets, layout: random.layout)
    let everything = pruning.links(keeping: 1).links
    #expect(everything.count == random.rows.reduce(0) { $0 + $1.weights.count })
    var before = everything.count
    for threshold in [0.98, 0.8, 0.5, 0.2] {
      let (links, sources) = pruning.links(keeping: threshold)
      #expect(links.count <= before)
      before = links.count
      let targets = Set(links.map(\.target))
      for link in links {
        #expect(sources.contains(link.source))
        if case .source(let head) = link.target { #expect(sources.contains(head)) }
        if case .head = random.layout.node(link.source).kind {
          #expect(targets.contains(.source(link.source)))
        }
      }
    }
  }

  @Test func `the bound keeps the fewest that together have the share`() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<50 {
      let scores = (0..<30).map { _ in Double.random(in: 0...1, using: &generator) }
      let share = Double.random(in: 0...1, using: &generator)
      let bound = GraphInfluence.bound(scores, share: share)
      let kept = scores.filter { $0 >= bound }
      let whole = scores.reduce(0, +)
      #expect(kept.reduce(0, +) >= share * whole - 1e-12)
      #expect(kept.dropFirst().isEmpty || kept.reduce(0, +) - bound < share * whole)
    }
  }

  @Test func `every source has one place, and its node says which`() {
    for hasPositions in [false, true] {
      let layout = GraphLayout(layers: 3, heads: 4, positions: 5, hasPositions: hasPositions)
      var seen: Set<Int> = []
      for position in 0..<5 {
        let front =
          [layout.embedding(position)]
          + (hasPositions ? [layout.learnedPosition(position)] : [])
        for source in front {
          seen.insert(source)
          #expect(layout.node(source).layer == -1 && layout.node(source).position == position)
        }
        for layer in 0..<3 {
          #expect(layout.node(layout.mlp(layer, position)) == (.mlp, layer, position))
          #expect(layout.node(layout.bias(layer, position)) == (.bias, layer, position))
          seen.formUnion([layout.mlp(layer, position), layout.bias(layer, position)])
          for head in 0..<4 {
            let source = layout.head(layer, head, position)
            #expect(layout.node(source) == (.head(head), layer, position))
            #expect(source < layout.sources(before: layer + 1))
            seen.insert(source)
          }
        }
      }
      seen.insert(layout.lastBias)
      #expect(seen == Set(0..<layout.count) && layout.node(layout.lastBias).layer == 3)
    }
  }
}
