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
  /// Layers of a mixture that have no experts: of the feed-forward sites they have those of dense models, whose width is
  /// then ``neurons``.
  package let denseLayers: Set<Int>
  /// The family's name, for reasons.
  package let family: String
  /// Positions that a run can have at most: none beyond can be selected.
  package private(set) var contextLength = Int.max

  package init(
    layers: Int, hiddenSize: Int, heads: Int, keyValueHeads: Int, headDimension: Int,
    vocabularySize: Int, neurons: Int, experts: Int, expertsPerToken: Int, sites: Set<HookSite>,
    denseLayers: Set<Int> = [], family: String
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
    self.denseLayers = denseLayers
    self.family = family
  }

  /// The same for runs of at most so many positions.
  package func within(_ contextLength: Int) -> HookCatalogue {
    var catalogue = self
    catalogue.contextLength = contextLength
    return catalogue
  }

  /// Of a model of which no weights are there: nothing can be seen.
  package static func none(family: String) -> HookCatalogue {
    HookCatalogue(
      layers: 0, hiddenSize: 0, heads: 0, keyValueHeads: 0, headDimension: 0, vocabularySize: 0,
      neurons: 0, experts: 0, expertsPerToken: 0, sites: [], family: family)
  }

  /// The sites of the model in the order of the forward pass.
  package var orderedSites: [HookSite] { HookSites.all.map(\.site).filter(sites.contains) }

  /// Numbers per position of a site (for scores and patterns: per query and key position).
  package func width(of site: HookSite) -> Int {
    shape(of: site).sizes.reduce(1) { $0 * ($1.fixed ?? 1) }
  }

  /// Numbers of one head in a row of a site with heads; the whole row of any other.
  func headSize(of site: HookSite) -> Int {
    site.axes.count == 3 ? shape(of: site).sizes.last?.fixed ?? 1 : width(of: site)
  }

  /// Whether a layer computes a site.
  package func computes(_ site: HookSite, layer: Int) -> Bool {
    guard sites.contains(site) else { return false }
    guard experts > 0, !denseLayers.isEmpty else { return true }
    switch site {
    case .mlpPre, .mlpPreLinear, .mlpPost: return denseLayers.contains(layer)
    case .routerLogits, .expertIndices, .expertWeights, .expertOutput, .expertResult,
      .sharedExpertOutput, .sharedExpertGate:
      return !denseLayers.contains(layer)
    default: return true
    }
  }

  /// The first layer that has experts; the first of all in dense models.
  package var firstRoutedLayer: Int { (0..<layers).first { !denseLayers.contains($0) } ?? 0 }

  private func points(of site: HookSite, layer: Int) -> [HookPoint] {
    guard computes(site, layer: layer) else { return [] }
    switch HookSites.row(site).place {
    case .block: return [HookPoint(site, layer: layer)]
    case .expert: return (0..<experts).map { HookPoint(site, layer: layer, expert: $0) }
    case .before, .after: return []
    }
  }

  /// Every point of the model, in the order of the forward pass.
  package var points: [HookPoint] {
    let ordered = orderedSites
    let inside = ordered.filter(\.isPerLayer)
    let outside = ordered.filter { !$0.isPerLayer }
    let before = outside.filter { HookSites.row($0).place == .before }
    let after = outside.filter { HookSites.row($0).place == .after }
    return before.map { HookPoint($0) }
      + (0..<layers).flatMap { layer in inside.flatMap { points(of: $0, layer: layer) } }
      + after.map { HookPoint($0) }
  }
}
