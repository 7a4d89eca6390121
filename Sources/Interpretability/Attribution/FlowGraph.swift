/// What made a token: the edges that carry at least a share, walked back from its scores (Ferrando and Voita 2024).
package struct FlowGraph: Sendable {
  /// The least share of an edge: what was asked for, or more where the graph would have been too large.
  package let threshold: Float
  /// In the order of the walk: from the scores back to the tokens.
  package let nodes: [FlowNode]
  package let edges: [FlowEdge]

  /// Thresholds that a graph is cut at grow by this factor.
  private static let step: Float = 1.1

  /// Walks back from nodes over edges.
  ///
  /// - Parameters:
  ///   - most: edges at most; the threshold is raised step by step to have no more.
  ///   - incoming: the edges into a node. It is asked about few nodes more than the graph has edges.
  static func walk(
    from roots: [FlowNode], threshold: Float, most: Int, incoming: (FlowNode) -> [FlowEdge]
  ) -> FlowGraph {
    if let graph = cut(from: roots, threshold: threshold, most: most, incoming: incoming) {
      return graph
    }
    var thresholds = [threshold * step]
    while let last = thresholds.last, last <= 1 { thresholds.append(last * step) }
    // The lowest that will do: a higher threshold never has more edges. Above 1 there are none.
    var (low, high) = (0, thresholds.count - 1)
    var best = FlowGraph(threshold: thresholds[high], nodes: roots, edges: [])
    while low < high {
      let middle = (low + high) / 2
      let graph = cut(
        from: roots, threshold: thresholds[middle], most: most, incoming: incoming)
      if let graph {
        best = graph
        high = middle
      } else {
        low = middle + 1
      }
    }
    return best
  }

  /// - Returns: nil where there would be more edges.
  private static func cut(
    from roots: [FlowNode], threshold: Float, most: Int, incoming: (FlowNode) -> [FlowEdge]
  ) -> FlowGraph? {
    var nodes = roots
    var seen = Set(roots)
    var edges: [FlowEdge] = []
    var next = 0
    while next < nodes.count {
      for edge in incoming(nodes[next]) where edge.share >= threshold {
        guard edges.count < most else { return nil }
        edges.append(edge)
        if seen.insert(edge.source).inserted { nodes.append(edge.source) }
      }
      next += 1
    }
    return FlowGraph(threshold: threshold, nodes: nodes, edges: edges)
  }
}
