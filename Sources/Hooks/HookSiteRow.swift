/// What there is to tell of one hook site.
struct HookSiteRow: Sendable {
  /// Where in a model a site is computed.
  enum Place: Sendable {
    /// Once, before the blocks.
    case before
    case block
    /// Once for each expert of a block, and only for the positions routed to it.
    case expert
    /// Once, behind the blocks.
    case after
  }

  /// A side of a component of the documented contract.
  enum Side: Sendable, Equatable {
    case input(HookComponent)
    case output(HookComponent)
  }

  let site: HookSite
  /// The TransformerLens-style name below `blocks.N.` (or at the top, for sites outside the blocks).
  let name: String
  /// Further names of the same site.
  let aliases: [String]
  /// The axes of its tensors, behind the batch axis.
  let axes: [HookAxis]
  /// The component of the documented contract that it belongs to.
  let component: HookComponent
  /// Which sides of components it is; where several sites of a model are the same side, the last one is meant.
  let sides: [Side]
  let place: Place
  /// Why its numbers can't be changed; nil where they can.
  let readOnly: String?
  /// Why a model does not have it.
  let absence: @Sendable (HookCatalogue) -> String

  init(
    _ site: HookSite, _ name: String, _ axes: [HookAxis], _ component: HookComponent,
    _ sides: [Side] = [], aliases: [String] = [], at place: Place = .block,
    readOnly: String? = nil, absentAs absence: (@Sendable (HookCatalogue) -> String)? = nil
  ) {
    self.site = site
    self.name = name
    self.aliases = aliases
    self.axes = axes
    self.component = component
    self.sides = sides
    self.place = place
    self.readOnly = readOnly
    self.absence = absence ?? { "\($0.family) does not compute \(name)" }
  }
}

extension HookSites {
  private static let bySite = all.sorted { $0.site.rawValue < $1.site.rawValue }

  static func row(_ site: HookSite) -> HookSiteRow { bySite[site.rawValue] }
}

extension HookSite {
  /// The canonical name below `blocks.N.`, or the whole name outside the blocks.
  package var name: String { HookSites.row(self).name }
  /// The axes of its tensors, behind the batch axis.
  package var axes: [HookAxis] { HookSites.row(self).axes }
  /// The component of the documented contract it is part of.
  package var component: HookComponent { HookSites.row(self).component }
  /// Other names of the same point, below `blocks.N.`.
  package var aliases: [String] { HookSites.row(self).aliases }
  /// Why its numbers can't be changed; nil where they can.
  package var readOnly: String? { HookSites.row(self).readOnly }
  /// False for sites before or behind the blocks.
  package var isPerLayer: Bool {
    switch HookSites.row(self).place {
    case .block, .expert: true
    case .before, .after: false
    }
  }
  /// Whether its rows are keys that a query sees: as many as the pass has, and no more.
  package var isOverKeys: Bool { axes.last == .keyPosition }
}
