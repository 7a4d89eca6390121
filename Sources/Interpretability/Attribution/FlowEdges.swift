/// What each head and the stream before it contributed to the stream behind attention, at one position.
struct HeadContributions {
  let heads: Int
  /// The positions that are parts of their own.
  let sources: Range<Int>
  let residual: Float
  /// `[source][head]`.
  var bySource: [Float] = []
  /// `[head]`: of all positions before `sources`; empty where there are none.
  var earlier: [Float] = []

  init(heads: Int, sources: Range<Int>, residual: Float) {
    self.heads = heads
    self.sources = sources
    self.residual = residual
  }

  subscript(source: Int, head: Int) -> Float {
    bySource[(source - sources.lowerBound) * heads + head]
  }

  /// Of one head, all its positions together.
  func total(of head: Int) -> Float {
    sources.reduce(earlier.isEmpty ? 0 : earlier[head]) { $0 + self[$1, head] }
  }
}

/// Makes edges of contributions, as finely as they are asked for.
struct FlowEdges {
  let layer: Int
  let position: Int
  let granularity: FlowGranularity
  let threshold: Float

  /// The edges into the stream behind attention, and into the heads that they come from.
  func attention(
    _ found: HeadContributions
  ) -> [(node: FlowNode, edges: [FlowEdge])] {
    let totals = (0..<found.heads).map { found.total(of: $0) }
    let sum = totals.reduce(found.residual, +)
    let target = node(.residualMid)
    var edges = kept([(.stream(into: layer, at: position), found.residual)], of: sum, into: target)
    var result: [(node: FlowNode, edges: [FlowEdge])] = []
    switch granularity {
    case .headSource:
      edges += kept(headSources(found), of: sum, into: target)
    case .head:
      for head in 0..<found.heads {
        let whole = node(.head(head, source: nil))
        let edge = kept([(whole, totals[head])], of: sum, into: target)
        guard !edge.isEmpty else { continue }
        edges += edge
        result.append((whole, kept(sources(found, [head]), of: totals[head], into: whole)))
      }
    case .layer:
      let whole = node(.head(nil, source: nil))
      let total = totals.reduce(0, +)
      edges += kept([(whole, total)], of: sum, into: target)
      let all = Array(0..<found.heads)
      result.append((whole, kept(sources(found, all), of: total, into: whole)))
    }
    return result + [(target, edges)]
  }

  /// Each head and position as a node of its own.
  private func headSources(_ found: HeadContributions) -> [(FlowNode, Float)] {
    var parts: [(FlowNode, Float)] = []
    for head in 0..<found.heads {
      for source in found.sources {
        parts.append((node(.head(head, source: source)), found[source, head]))
      }
      if !found.earlier.isEmpty { parts.append((node(.earlier(head: head)), found.earlier[head])) }
    }
    return parts
  }

  /// What some heads together took from each position.
  private func sources(_ found: HeadContributions, _ heads: [Int]) -> [(FlowNode, Float)] {
    var parts = found.sources.map { source in
      (FlowNode.stream(into: layer, at: source), heads.reduce(0) { $0 + found[source, $1] })
    }
    if !found.earlier.isEmpty {
      let earlier = heads.reduce(0) { $0 + found.earlier[$1] }
      parts.append((node(.earlier(head: heads.count == 1 ? heads[0] : nil)), earlier))
    }
    return parts
  }

  private func node(_ kind: FlowNode.Kind) -> FlowNode {
    FlowNode(kind, layer: layer, position: position)
  }

  private func kept(
    _ parts: [(FlowNode, Float)], of sum: Float, into target: FlowNode
  ) -> [FlowEdge] {
    parts.compactMap { source, contribution in
      let share = contribution / sum
      return share >= threshold ? FlowEdge(source: source, target: target, share: share) : nil
    }
  }
}
