internal import Engine
package import Hooks
internal import Tensors

/// What the flow graphs of one run keep from pass to pass: what heads would write of every position that may still be
/// attended to, and the edges found so far.
///
/// A generated token's shares are computed with its pass; those of a prompt's positions when a walk first comes by, from
/// the captures of the prompt's pass, which are kept for it.
package final class FlowMemory: AnalysisMemory, @unchecked Sendable {
  // Proof for @unchecked: everything that changes is touched inside `Engine.lend` only, on the engine's loop.

  let options: FlowOptions
  let catalogue: HookCatalogue
  /// By layer.
  private(set) var writes: [HeadWrites]
  /// Passes of several positions.
  private var passes: [(positions: Range<Int>, captured: CapturedPass)] = []
  /// By position and node, the edges into it that carry at least the threshold.
  private var edges: [Int: [FlowNode: [FlowEdge]]] = [:]
  private var end = 0

  package init(_ options: FlowOptions, _ catalogue: HookCatalogue) {
    self.options = options
    self.catalogue = catalogue
    writes = (0..<catalogue.layers).map { _ in
      HeadWrites(heads: catalogue.heads, width: catalogue.hiddenSize, limit: options.keep)
    }
  }

  /// Edges that are kept, for whoever measures.
  package var edgeCount: Int {
    edges.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } }
  }

  // MARK: Passes

  /// Makes room for a pass: what came after its first position, and what is too old, is forgotten.
  func begin(_ positions: Range<Int>, _ captured: CapturedPass) {
    let oldest = positions.upperBound - options.keep
    for position in edges.keys where position >= positions.lowerBound || position < oldest {
      edges[position] = nil
    }
    passes.removeAll {
      $0.positions.lowerBound >= positions.lowerBound || $0.positions.upperBound <= oldest
    }
    if positions.count > 1 { passes.append((positions, captured)) }
    end = positions.upperBound
  }

  /// Takes in what the heads of some layers would write of a pass's positions.
  func store(
    _ positions: Range<Int>, of captured: CapturedPass, layers: Range<Int>, _ lent: LentModel
  ) {
    let (heads, size) = (catalogue.keyValueHeads, catalogue.headDimension)
    for layer in layers {
      for run in writes[layer].append(positions) {
        let values = FloatSlab(count: run.positions.count * heads * size)
        captured.withValues(HookPoint(.value, layer: layer)) { dimensions, numbers in
          for position in run.positions {
            for head in 0..<heads {
              let source = (head * dimensions[1] + position - positions.lowerBound) * size
              let target = ((position - run.positions.lowerBound) * heads + head) * size
              for element in 0..<size { values.base[target + element] = numbers[source + element] }
            }
          }
        }
        // Views don't keep their slabs alive.
        withExtendedLifetime(values) {
          lent.writes(
            ofValues: values.rows(run.positions.count, width: heads * size), layer: layer,
            into: run.rows)
        }
      }
    }
  }

  /// Finds the shares of a pass of one position, in all layers.
  func settle(_ position: Int, of captured: CapturedPass, _ lent: LentModel) {
    let shares = FlowShares(memory: self, captured, positions: position..<position + 1, lent)
    for layer in 0..<catalogue.layers { note(shares.edges(layer: layer, at: position)) }
  }

  private func note(_ found: [(node: FlowNode, edges: [FlowEdge])]) {
    for (node, incoming) in found { edges[node.position, default: [:]][node] = incoming }
  }

  // MARK: Walks

  /// The graph behind the scores of some positions, or nil where more had to be computed than is good to do at once:
  /// then it is to be asked again.
  ///
  /// - Parameter numbers: how many numbers may be read to compute shares.
  func graph(of positions: [Int], _ lent: LentModel, numbers: Int) -> FlowGraph? {
    var left = numbers
    var isWhole = true
    let roots = positions.map { FlowNode(.logit, layer: catalogue.layers, position: $0) }
    let graph = FlowGraph.walk(
      from: roots, threshold: options.threshold, most: options.mostEdges
    ) { node in
      if let fixed = fixedEdges(into: node) { return fixed }
      if let known = edges[node.position]?[node] { return known }
      guard left > 0 else {
        isWhole = false
        return []
      }
      left -= (node.position + 1) * catalogue.heads * catalogue.hiddenSize
      compute(node, lent)
      return edges[node.position]?[node] ?? []
    }
    return isWhole ? graph : nil
  }

  /// Edges that carry all of a node.
  private func fixedEdges(into node: FlowNode) -> [FlowEdge]? {
    switch node.kind {
    case .embedding, .earlier: return []
    case .logit:
      let last = FlowNode(.residualPost, layer: catalogue.layers - 1, position: node.position)
      return [FlowEdge(source: last, target: node, share: 1)]
    case .mlp, .expert, .sharedExpert:
      // What the feed-forward part reads.
      let stream =
        catalogue.sites.contains(.residualMid)
        ? FlowNode(.residualMid, layer: node.layer, position: node.position)
        : FlowNode.stream(into: node.layer, at: node.position)
      return [FlowEdge(source: stream, target: node, share: 1)]
    case .head(_, let source?):
      let stream = FlowNode.stream(into: node.layer, at: source)
      return [FlowEdge(source: stream, target: node, share: 1)]
    case .head, .residualMid, .residualPost: return nil
    }
  }

  private func compute(_ node: FlowNode, _ lent: LentModel) {
    guard let pass = passes.last(where: { $0.positions.contains(node.position) }) else { return }
    let shares = FlowShares(memory: self, pass.captured, positions: pass.positions, lent)
    note(shares.edges(layer: node.layer, at: node.position))
  }
}
