/// A place of the forward pass that information flows through, at one position.
package struct FlowNode: Hashable, Sendable {
  /// What is computed there.
  package enum Kind: Hashable, Sendable {
    /// What the token (and its learned position) put into the stream.
    case embedding
    /// The stream behind a layer's attention.
    case residualMid
    /// The stream behind a layer.
    case residualPost
    /// A head, or all of a layer's where it names none; of one source position where it names one.
    case head(Int?, source: Int?)
    /// Sources of a head, or of all of a layer, that are no longer kept, together.
    case earlier(head: Int?)
    case mlp
    /// One of a mixture's chosen experts.
    case expert(Int)
    /// The expert that every position uses.
    case sharedExpert
    /// The scores of the next token.
    case logit
  }

  package let kind: Kind
  /// -1 for the embedding, and the number of layers for the logit.
  package let layer: Int
  package let position: Int

  package init(_ kind: Kind, layer: Int, position: Int) {
    self.kind = kind
    self.layer = layer
    self.position = position
  }

  /// What goes into a layer: the stream behind the one before it.
  static func stream(into layer: Int, at position: Int) -> FlowNode {
    layer == 0
      ? FlowNode(.embedding, layer: -1, position: position)
      : FlowNode(.residualPost, layer: layer - 1, position: position)
  }

  /// The name that edges know it by, unique in a graph.
  package var id: String {
    switch kind {
    case .embedding: "E.\(position)"
    case .residualMid: "R\(layer)m.\(position)"
    case .residualPost: "R\(layer).\(position)"
    case .head(let head?, let source?): "H\(layer).\(head).\(position).\(source)"
    case .head(let head?, nil): "H\(layer).\(head).\(position)"
    case .head(nil, _): "A\(layer).\(position)"
    case .earlier(let head?): "H\(layer).\(head).\(position).earlier"
    case .earlier(nil): "A\(layer).\(position).earlier"
    case .mlp: "M\(layer).\(position)"
    case .expert(let expert): "X\(layer).\(expert).\(position)"
    case .sharedExpert: "X\(layer).shared.\(position)"
    case .logit: "L.\(position)"
    }
  }
}

/// A share of a node that came from another.
package struct FlowEdge: Hashable, Sendable {
  package let source: FlowNode
  package let target: FlowNode
  /// From 0 to 1; all shares of a target, those that were dropped too, sum to 1.
  package let share: Float
}
