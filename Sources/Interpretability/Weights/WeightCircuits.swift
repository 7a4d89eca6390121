package import Tokenizers

/// What a model's heads do by their weights alone: what each asks for and moves, and which write what others read
/// (Elhage and others, A mathematical framework for transformer circuits, 2021).
package struct WeightCircuits: Sendable {
  package struct Place: Sendable, Hashable {
    package let layer: Int
    package let head: Int
  }

  /// A token and the product of its row of the embedding or of the head with a unit vector.
  package struct Projection: Sendable, Equatable {
    package let token: Token
    package let value: Float
  }

  /// A pair of singular vectors, turned so that the token which the reading one meets the most strongly is met positively.
  package struct Direction: Sendable {
    /// What is read: of OV the attended position's embedding, of QK the query's.
    package let read: [Projection]
    /// Of OV what is written, as logits less their mean; of QK the embeddings of keys that match.
    package let paired: [Projection]
    /// `[d_model]` each; empty unless they were asked for.
    package let readVector: [Float]
    package let pairedVector: [Float]
  }

  /// A circuit of a head: a matrix `[d_model, d_model]` of rank `d_head`.
  package struct Circuit: Sendable {
    /// Frobenius; not a number where weights are not finite.
    package let norm: Float
    /// Descending, `d_head` of them (or `d_model`, where that is less).
    package let singularValues: [Float]
    package let directions: [Direction]
    /// `Σ λ / Σ |λ|` of the circuit between all tokens: of OV how much it copies, of QK how much tokens ask for their like.
    package let positivity: Float?
  }

  package struct Head: Sendable {
    package let place: Place
    package let ov: Circuit
    package let qk: Circuit
  }

  /// How a head may read what an earlier one wrote.
  package enum Composition: String, Sendable, CaseIterable {
    case query = "q"
    case key = "k"
    case value = "v"
  }

  /// One head's writing, read by another.
  package struct Edge: Sendable {
    package let source: Place
    package let target: Place
    /// `‖reading · OV‖ / (‖reading‖ ‖OV‖)`, Frobenius.
    package let score: Float
    /// How many standard deviations its square is over that of matrices turned at random.
    package let deviations: Float
    /// Of keys: how positive the eigenvalues of tokens asking for the token that the source moved are.
    package var prefixMatching: Float?
  }

  package let heads: [Head]
  /// The strongest of each kind, the strongest first.
  package let edges: [Composition: [Edge]]
  /// The root mean square of scores where one side is turned at random.
  package let baseline: Float
}

/// What is asked of a model's weights.
package struct WeightOptions: Sendable, Equatable {
  /// Ascending.
  package let layers: [Int]
  /// Whether the gains of norms are part of what reads and writes.
  package let isFolded: Bool
  /// Pairs of singular vectors that are told, and tokens of each vector.
  package let directions: Int
  package let tokens: Int
  package let keepsVectors: Bool
  /// Edges of each kind.
  package let edges: Int

  package init(
    layers: [Int], isFolded: Bool = true, directions: Int = 3, tokens: Int = 5,
    keepsVectors: Bool = false, edges: Int = 100
  ) {
    self.layers = layers
    self.isFolded = isFolded
    self.directions = directions
    self.tokens = tokens
    self.keepsVectors = keepsVectors
    self.edges = edges
  }
}
