package import Hooks

/// How finely the flow of information is followed.
package enum FlowGranularity: String, Sendable, CaseIterable {
  /// A layer's attention is one node.
  case layer
  /// Each head is one node, with edges from its source positions.
  case head
  /// Each head and source position is a node.
  case headSource = "head_source"
}

/// What is asked of the flow graphs of a run.
package struct FlowOptions: Sendable, Equatable {
  /// What edges carry at least where nothing else is asked for.
  package static let presetThreshold: Float = 0.05
  /// Edges of a graph that goes to whoever watches live, and of one that was asked for by its threshold.
  package static let liveEdges = 120
  package static let askedEdges = 4000
  /// Bytes of writes that one run keeps unless it asks for more positions itself.
  package static let presetBytes = 256 << 20

  package let threshold: Float
  package let granularity: FlowGranularity
  /// Positions of each pass whose scores are followed back.
  package let positions: Selection.Positions
  /// The newest positions that are kept as sources of their own.
  package let keep: Int
  package let mostEdges: Int

  package init(
    threshold: Float?, granularity: FlowGranularity, positions: Selection.Positions, keep: Int?,
    mostEdges: Int?, _ catalogue: HookCatalogue
  ) {
    self.threshold = threshold ?? Self.presetThreshold
    self.granularity = granularity
    self.positions = positions
    self.keep = keep ?? max(1, Self.presetBytes / max(Self.bytesPerPosition(catalogue), 1))
    self.mostEdges = mostEdges ?? (threshold == nil ? Self.liveEdges : Self.askedEdges)
  }

  /// Bytes of what every head would write of one position.
  package static func bytesPerPosition(_ catalogue: HookCatalogue) -> Int {
    catalogue.layers * catalogue.heads * catalogue.hiddenSize * MemoryLayout<Float>.size
  }
}
