/// What a loaded model offers to hooks: its sizes and which sites its forward pass visits.
///
/// Names are resolved against it, shapes come from it. A value, made once when a model is loaded.
package struct HookCatalogue: Sendable, Equatable {
  package let layers: Int
  package let hiddenSize: Int
  package let heads: Int
  package let keyValueHeads: Int
  package let headDimension: Int
  package let vocabularySize: Int
  package let neurons: Int
  /// Experts per layer, 0 in dense models.
  package let experts: Int
  package let expertsPerToken: Int
  /// Sites that the family computes; a name of any other is refused with the reason.
  package let sites: Set<HookSite>
  /// The family's name, for reasons.
  package let family: String

  package init(
    layers: Int, hiddenSize: Int, heads: Int, keyValueHeads: Int, headDimension: Int,
    vocabularySize: Int, neurons: Int, experts: Int, expertsPerToken: Int, sites: Set<HookSite>,
    family: String
  ) {
    self.layers = layers
    self.hiddenSize = hiddenSize
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
    self.vocabularySize = vocabularySize
    self.neurons = neurons
    self.experts = experts
    self.expertsPerToken = expertsPerToken
    self.sites = sites
    self.family = family
  }

  /// True for sites computed in every block, false for those before or after the blocks.
  package static func isPerLayer(_ site: HookSite) -> Bool {
    switch site {
    case .embedding, .positionEmbedding, .finalNormalized, .finalNorm, .logits: false
    default: true
    }
  }

  /// The sizes of a site's axes behind the batch axis; positions (and keys) are nil.
  package func dimensions(of site: HookSite) -> [Int?] {
    site.axes.map { axis in
      switch axis {
      case .position, .queryPosition, .keyPosition: nil
      case .model: hiddenSize
      case .head: heads
      case .keyValueHead: keyValueHeads
      case .headDimension: headDimension
      case .neuron: neurons
      case .expert: experts
      case .chosen: expertsPerToken
      case .vocabulary: vocabularySize
      }
    }
  }

  /// Numbers per position of a site (for scores and patterns: per query and key position).
  package func width(of site: HookSite) -> Int {
    dimensions(of: site).reduce(1) { $0 * ($1 ?? 1) }
  }

  private func points(of site: HookSite, layer: Int) -> [HookPoint] {
    guard site == .expertOutput else { return [HookPoint(site, layer: layer)] }
    return (0..<experts).map { HookPoint(site, layer: layer, expert: $0) }
  }

  /// Every point of the model, in the order of the forward pass.
  package var points: [HookPoint] {
    let ordered = HookSite.allCases.filter(sites.contains)
    let before = ordered.filter { $0 == .embedding || $0 == .positionEmbedding }
    let inside = ordered.filter(Self.isPerLayer)
    let after = ordered.filter { !Self.isPerLayer($0) && !before.contains($0) }
    return before.map { HookPoint($0) }
      + (0..<layers).flatMap { layer in inside.flatMap { points(of: $0, layer: layer) } }
      + after.map { HookPoint($0) }
  }
}
