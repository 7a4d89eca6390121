/// Takes the links of little influence off a graph, and the nodes that lose all of theirs.
struct GraphPruning {
  struct Row {
    let target: AttributionGraph.End
    var weights: [(source: Int, weight: Float)]
  }

  /// Those of kept targets to kept sources, logits first, then heads of higher layers before those of lower.
  let rows: [Row]
  let targets: [AttributionGraph.Target]
  let layout: GraphLayout

  /// Links that are kept, and all sources that have one.
  ///
  /// - Parameter threshold: the share of all links' influence that stays.
  func links(keeping threshold: Double) -> (links: [AttributionGraph.Link], sources: Set<Int>) {
    var influence = GraphInfluence(isError: [Bool](repeating: false, count: layout.count))
    var scores: [[Double]] = []
    for row in rows {
      let own = self.influence(of: row.target, influence)
      let whole = row.weights.reduce(0.0) { $0 + Double($1.weight.magnitude) }
      scores.append(
        row.weights.map { whole > 0 ? Double($0.weight.magnitude) / whole * own : 0 })
      influence.add(row: row.weights, influence: own)
    }
    let bound = threshold >= 1 ? 0 : GraphInfluence.bound(scores.joined(), share: threshold)
    var kept: [AttributionGraph.Link] = []
    for (row, scores) in zip(rows, scores) {
      for (link, score) in zip(row.weights, scores) where score >= bound && link.weight != 0 {
        kept.append(
          AttributionGraph.Link(source: link.source, target: row.target, weight: link.weight))
      }
    }
    return threshold >= 1 ? (kept, Set(kept.map(\.source))) : connected(kept)
  }

  private func influence(of end: AttributionGraph.End, _ found: GraphInfluence) -> Double {
    switch end {
    case .logit(let rank): targets[rank].weight
    case .source(let source): found.bySource[source]
    }
  }

  /// Drops heads that nothing reaches, and what reaches nothing, until there is none.
  private func connected(
    _ links: [AttributionGraph.Link]
  ) -> (links: [AttributionGraph.Link], sources: Set<Int>) {
    var links = links
    while true {
      let sources = Set(links.map(\.source))
      let targets = Set(links.map(\.target))
      let rest = links.filter { link in
        if case .source(let head) = link.target, !sources.contains(head) { return false }
        guard case .head = layout.node(link.source).kind else { return true }
        return targets.contains(.source(link.source))
      }
      guard rest.count < links.count else { return (links, sources) }
      links = rest
    }
  }
}
