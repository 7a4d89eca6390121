/// A part of the model whose output is exchanged: where a path begins.
package struct PathSender: Sendable, Hashable {
  /// By TransformerLens's short names.
  package enum Part: String, Sendable, CaseIterable {
    /// The tokens' embeddings; the layer is -1.
    case embedding = "embed"
    /// A head's output before the output projection, or all of a layer's.
    case head = "z"
    /// What a layer's feed-forward part or experts add to the stream.
    case mlp = "mlp_out"
  }

  package let part: Part
  package let layer: Int
  /// nil for all of the layer.
  package let head: Int?
  /// nil for all.
  package let positions: [Int]?

  package init(_ part: Part, layer: Int = -1, head: Int? = nil, positions: [Int]? = nil) {
    self.part = part
    self.layer = layer
    self.head = head
    self.positions = positions
  }

  /// Whether a receiver reads the stream that this part has written to.
  ///
  /// - Parameter isParallel: whether feed-forward parts read what the attention beside them reads.
  package func reaches(_ receiver: PathReceiver, isParallel: Bool) -> Bool {
    switch receiver.part {
    case .logits: true
    case .query, .key, .value: layer < receiver.layer
    case .mlp: layer < receiver.layer || (layer == receiver.layer && part == .head && !isParallel)
    }
  }
}

/// An input of a part of the model: where a path ends.
package struct PathReceiver: Sendable, Hashable {
  /// By TransformerLens's short names.
  package enum Part: String, Sendable, CaseIterable {
    case query = "q"
    case key = "k"
    case value = "v"
    /// What a layer's feed-forward part or experts read.
    case mlp = "mlp_in"
    /// What the last norm reads; it has no layer.
    case logits
  }

  package let part: Part
  package let layer: Int
  /// nil for all of the layer; of keys and values a head of theirs, which query heads may share.
  package let head: Int?
  /// nil for all.
  package let positions: [Int]?

  package init(_ part: Part, layer: Int = -1, head: Int? = nil, positions: [Int]? = nil) {
    self.part = part
    self.layer = layer
    self.head = head
    self.positions = positions
  }
}
