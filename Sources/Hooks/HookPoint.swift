/// A quantity of the forward pass that has a name, at a layer.
///
/// Text names and their aliases are parsed once at the edge (``HookCatalogue/resolve(layerName:component:isInput:)``);
/// inside, a point is three integers, so asking "is this wanted?" costs two loads.
package struct HookPoint: Sendable, Hashable {
  /// What is computed there.
  package let site: HookSite
  /// The block, counted from 0, or -1 for the points outside the blocks.
  package let layer: Int
  /// The expert, or -1 where the point is not one expert's.
  package let expert: Int

  package init(_ site: HookSite, layer: Int = -1, expert: Int = -1) {
    self.site = site
    self.layer = layer
    self.expert = expert
  }

  /// The one canonical name, after TransformerLens: `blocks.5.hook_resid_post`, `ln_final.output`.
  package var name: String {
    let stem = layer < 0 ? site.name : "blocks.\(layer).\(site.name)"
    return expert < 0 ? stem : "\(stem).\(expert)"
  }
}
