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

/// The kinds of quantity that can be captured or changed, in the order of the forward pass.
///
/// A new kind is one case here, one line in `HookPoints.swift`, and one `visit` where it is computed.
package enum HookSite: UInt8, Sendable, CaseIterable {
  case embedding
  case positionEmbedding
  case residualPre
  case attentionNormalized
  case attentionNorm
  case query
  case key
  case value
  case rotaryQuery
  case rotaryKey
  case attentionScores
  case attentionPattern
  case attentionSink
  case headOutput
  case attentionOutput
  case attentionAdded
  case residualMid
  case mlpNormalized
  case mlpNorm
  case mlpPre
  case mlpPreLinear
  case mlpPost
  case routerLogits
  case expertIndices
  case expertWeights
  case expertOutput
  case mlpOutput
  case mlpAdded
  case residualPost
  case finalNormalized
  case finalNorm
  case logits

  /// The site's bit in a layer's mask.
  package var bit: UInt32 { 1 << UInt32(rawValue) }
}
