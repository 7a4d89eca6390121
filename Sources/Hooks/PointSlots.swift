/// The slots of a model's points in a flat table: one for each site of each layer, the points outside the blocks first.
///
///                site   0    1    …   n-1
///     outside (-1)      0    1    …   n-1
///     block 0           n   n+1   …  2n-1
///     block l        (l+1)n       …
///
/// The number n of sites is counted from their list, so a longer list makes longer rows and changes nothing else.
struct PointSlots: Sendable, Equatable {
  let layers: Int
  let sites: Int

  init(layers: Int, sites: Int = HookSite.allCases.count) {
    self.layers = layers
    self.sites = sites
  }

  var count: Int { (layers + 1) * sites }

  func slot(site: Int, layer: Int) -> Int { (layer + 1) * sites + site }
  func slot(_ site: HookSite, layer: Int) -> Int { slot(site: site.rawValue, layer: layer) }
}
