/// What a node of an attribution graph is.
package enum GraphNodeKind: Sendable, Hashable {
  case embedding
  /// A learned position (GPT-2).
  case position
  /// What a layer's feed-forward part or experts added: a constant of the frozen model.
  case mlp
  case head(Int)
  /// What a layer's attention has from biases alone; behind the layers the last norm's and the head's.
  case bias
}

/// Where the sources of an attribution graph stand in its numbering: a layer reads of what stands before it only.
///
///     embeddings [T] · learned positions [T] · layer 0: mlp [T], bias [T], heads [T][H] · layer 1 … · last bias
package struct GraphLayout: Sendable, Equatable {
  package let layers: Int
  package let heads: Int
  package let positions: Int
  package let hasPositions: Bool

  package init(layers: Int, heads: Int, positions: Int, hasPositions: Bool) {
    self.layers = layers
    self.heads = heads
    self.positions = positions
    self.hasPositions = hasPositions
  }

  private var front: Int { hasPositions ? 2 * positions : positions }
  private var perLayer: Int { positions * (2 + heads) }

  /// Sources that write to the stream: all but the last bias.
  package var writers: Int { front + layers * perLayer }
  package var count: Int { writers + 1 }
  package var lastBias: Int { writers }

  /// Sources before a layer.
  package func sources(before layer: Int) -> Int { front + layer * perLayer }

  package func embedding(_ position: Int) -> Int { position }
  package func learnedPosition(_ position: Int) -> Int { positions + position }
  package func mlp(_ layer: Int, _ position: Int) -> Int { sources(before: layer) + position }
  package func bias(_ layer: Int, _ position: Int) -> Int {
    sources(before: layer) + positions + position
  }
  package func head(_ layer: Int, _ head: Int, _ position: Int) -> Int {
    sources(before: layer) + 2 * positions + position * heads + head
  }

  /// What a source is; the layer is -1 before the layers, and their number behind them.
  package func node(_ source: Int) -> (kind: GraphNodeKind, layer: Int, position: Int) {
    guard source < writers else { return (.bias, layers, positions - 1) }
    guard source >= front else {
      return source < positions
        ? (.embedding, -1, source) : (.position, -1, source - positions)
    }
    let (layer, place) = (source - front).quotientAndRemainder(dividingBy: perLayer)
    if place < positions { return (.mlp, layer, place) }
    if place < 2 * positions { return (.bias, layer, place - positions) }
    let (position, head) = (place - 2 * positions).quotientAndRemainder(dividingBy: heads)
    return (.head(head), layer, position)
  }

  /// Every source's position.
  var places: [Int] { (0..<count).map { node($0).position } }

  /// Pairs of a source and a target that it may reach, at most: links of a graph that nothing was pruned from.
  ///
  /// - Parameter targets: logits.
  package func pairs(targets: Int) -> Double {
    let (t, h) = (Double(positions), Double(heads))
    let earlier = t * (t + 1) / 2
    let front = Double(hasPositions ? 2 : 1)
    let inside = (0..<layers).reduce(0.0) { sum, layer in
      sum + h * (earlier * (front + Double(layer) * (2 + h)) + t)
    }
    return inside + Double(targets) * (front + Double(layers) * (2 + h) + 1)
  }
}
