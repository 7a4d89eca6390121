package import Tokenizers

/// What made a prompt's next token, in the frozen model: patterns, norms' denominators and what feed-forward parts give
/// are held at the pass's own, so that the rest is linear and can be taken apart (Ameisen and others 2025).
package struct AttributionGraph: Sendable {
  /// A logit that is followed back.
  package struct Target: Sendable, Equatable {
    package let token: Token
    /// Whose logit is taken off; nil where it is the mean of all.
    package let versus: Token?
    package let probability: Float
    /// What influence begins with: the probability, or 1 for a target that was asked for.
    package let weight: Double
    /// Less the mean of all logits or the other token's; before a cap.
    package let logit: Float
  }

  package struct Node: Sendable, Equatable {
    /// As ``GraphLayout`` numbers sources.
    package let source: Int
    /// The share of all influence that the nodes at least as influential have together: small is important.
    package let influence: Float
    /// What it gives to the sum of weight times logit along all paths; of embeddings, feed-forward parts, learned
    /// positions and biases they add up to that sum.
    package let value: Float
  }

  /// A link's target: a logit by its rank, or a head as a source.
  package enum End: Sendable, Hashable {
    case logit(Int)
    case source(Int)
  }

  package struct Link: Sendable, Equatable {
    package let source: Int
    package let target: End
    /// What the source gives the target along paths that pass no other head.
    package let weight: Float
  }

  package let layout: GraphLayout
  package let tokens: [Token]
  package let targets: [Target]
  /// Those that were kept, in the order of their sources.
  package let nodes: [Node]
  package let links: [Link]
  /// Influence of tokens over that of tokens and feed-forward parts together.
  package let replacement: Float
  /// How much of what reaches the nodes is no feed-forward part's, weighted by influence.
  package let completeness: Float
  /// `[layer][head]`: influence over all positions, before anything was pruned.
  package let headInfluence: [[Float]]
  /// All sources by influence, the heaviest first, but those without any.
  package let order: [Int]

  package init(
    layout: GraphLayout, tokens: [Token], targets: [Target], nodes: [Node], links: [Link],
    replacement: Float, completeness: Float, headInfluence: [[Float]], order: [Int]
  ) {
    self.layout = layout
    self.tokens = tokens
    self.targets = targets
    self.nodes = nodes
    self.links = links
    self.replacement = replacement
    self.completeness = completeness
    self.headInfluence = headInfluence
    self.order = order
  }
}

extension AttributionGraph {
  /// Nodes of the graph, the logits among them.
  package var nodeCount: Int { nodes.count + targets.count }

  /// Heads by their influence over all positions.
  package func heaviestHeads(_ count: Int) -> [(layer: Int, head: Int, influence: Float)] {
    headInfluence.enumerated().flatMap { layer, heads in
      heads.enumerated().map { (layer: layer, head: $0.offset, influence: $0.element) }
    }.filter { $0.influence > 0 }.sorted { $0.influence > $1.influence }.prefix(count).map { $0 }
  }
}

/// What is asked of an attribution graph.
package struct AttributionOptions: Sendable, Equatable {
  package static let mostTargets = 10
  package static let mass: Float = 0.95

  /// Shares of influence that nodes and links together keep.
  package let nodeThreshold: Double
  package let edgeThreshold: Double
  /// Heads, feed-forward parts and biases at most.
  package let mostNodes: Int
  /// A token that is followed back instead of the likeliest ones, and one whose logit is taken off.
  package let answer: Token?
  package let wrong: Token?

  package init(
    nodeThreshold: Double = 0.8, edgeThreshold: Double = 0.98, mostNodes: Int = .max,
    answer: Token? = nil, wrong: Token? = nil
  ) {
    self.nodeThreshold = nodeThreshold
    self.edgeThreshold = edgeThreshold
    self.mostNodes = mostNodes
    self.answer = answer
    self.wrong = wrong
  }
}
