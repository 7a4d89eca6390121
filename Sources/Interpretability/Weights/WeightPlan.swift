package import Hooks

/// What finding circuits in weights takes, known before it begins.
package struct WeightPlan: Sendable {
  /// Rows of the vocabulary, and edges, that are gone through in one step.
  static let tokensAtOnce = 1024
  static let edgesAtOnce = 32

  package let options: WeightOptions
  let heads: Int
  let keyValueHeads: Int
  let size: Int
  let width: Int
  let vocabulary: Int

  package init(_ options: WeightOptions, _ catalogue: HookCatalogue) {
    self.options = options
    heads = catalogue.heads
    keyValueHeads = catalogue.keyValueHeads
    size = catalogue.headDimension
    width = catalogue.hiddenSize
    vocabulary = catalogue.vocabularySize
  }

  /// Singular values of a circuit.
  var rank: Int { min(size, width) }
  var layers: Int { options.layers.count }
  /// Pairs of heads of which one is in an earlier layer.
  var pairs: Int { heads * heads * (layers * (layers - 1) / 2) }
  /// Edges of each kind that are told.
  var edges: Int { min(options.edges, pairs) }
  var directions: Int { min(options.directions, rank) }
  var blocks: Int { (vocabulary + Self.tokensAtOnce - 1) / Self.tokensAtOnce }

  /// Each layer twice, the vocabulary in blocks, the edges of keys.
  package var steps: Int {
    2 * layers + blocks + (edges + Self.edgesAtOnce - 1) / Self.edgesAtOnce
  }

  /// Numbers that are multiplied and added up.
  package var products: Double {
    let (d, r) = (Double(width), Double(rank))
    let (all, tokens) = (Double(layers * heads), Double(vocabulary))
    let taking = all * 2 * (6 * d * r * r + 20 * r * r * r)
    let scanning = tokens * d * (2 * d + 4 * all * Double(directions))
    let composing = 3 * Double(pairs) * r * r * d
    let matching = (2 * all + Double(edges)) * (r * d * d + d * r * r + 25 * r * r * r)
    return taking + scanning + composing + matching
  }

  /// Bytes that are held at once.
  package var bytes: Double {
    let (d, all) = (Double(width), Double(layers * heads))
    let vectors = all * 4 * Double(rank) * d * 4
    let factors = 2 * Double(heads + keyValueHeads) * Double(size) * d * 4
    let products = 4 * Double(heads * rank) * Double(heads * rank) * 4
    let told = all * 4 * Double(directions)
    let block = Double(Self.tokensAtOnce) * (2 * d + told) * 4
    return vectors + factors + products + 2 * d * d * 12 + block + told * d * 4 + resultBytes
  }

  /// Bytes of the answer, at about twelve a number and sixty a token.
  package var resultBytes: Double {
    let (all, told) = (Double(layers * heads), Double(directions))
    let vectors = options.keepsVectors ? Double(width) * 12 : 0
    return all * (2 * Double(rank) * 12 + 4 * told * (Double(options.tokens) * 60 + vectors) + 200)
      + 3 * Double(edges) * 140
  }
}
