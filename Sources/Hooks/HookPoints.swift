/// The named axes of a captured tensor, after the leading batch axis of size 1.
package enum HookAxis: String, Sendable {
  case position = "pos"
  case model = "d_model"
  case head
  case keyValueHead = "kv_head"
  case headDimension = "d_head"
  case queryPosition = "query_pos"
  case keyPosition = "key_pos"
  case neuron = "d_mlp"
  case expert
  case chosen = "top_k"
  case vocabulary = "d_vocab"
}

/// The list of hook points: their names, axes, and the component of the documented contract they belong to.
///
/// Adding a point is one line here (and its case in ``HookSite``); catalogues, look-up and listings follow.
enum HookPoints {
  struct Row {
    let site: HookSite
    /// The TransformerLens-style name below `blocks.N.` (or at the top, for points outside the blocks).
    let name: String
    /// Further names of the same point.
    let aliases: [String]
    let axes: [HookAxis]
    let component: HookComponent
  }

  static let all: [Row] = [
    Row(.embedding, "hook_embed", [], [.position, .model], .embedding),
    Row(.positionEmbedding, "hook_pos_embed", [], [.position, .model], .embedding),
    Row(.residualPre, "hook_resid_pre", [], [.position, .model], .residual),
    // TransformerLens's `hook_normalized` is the norm before its weight, `output` the one after it.
    Row(.attentionNormalized, "ln1.hook_normalized", [], [.position, .model], .layernorm),
    Row(.attentionNorm, "ln1.output", [], [.position, .model], .layernorm),
    Row(.query, "attn.hook_q", [], [.head, .position, .headDimension], .query),
    Row(.key, "attn.hook_k", [], [.keyValueHead, .position, .headDimension], .key),
    Row(.value, "attn.hook_v", [], [.keyValueHead, .position, .headDimension], .value),
    Row(.rotaryQuery, "attn.hook_rot_q", [], [.head, .position, .headDimension], .query),
    Row(.rotaryKey, "attn.hook_rot_k", [], [.keyValueHead, .position, .headDimension], .key),
    Row(
      .attentionScores, "attn.hook_attn_scores", [], [.head, .queryPosition, .keyPosition],
      .attentionScores),
    Row(
      .attentionPattern, "attn.hook_pattern", [], [.head, .queryPosition, .keyPosition],
      .attentionPattern),
    // What is missing from 1 in the rows of the pattern (gpt-oss).
    Row(.attentionSink, "attn.hook_sink", [], [.position, .head], .attentionSink),
    Row(.headOutput, "attn.hook_z", [], [.head, .position, .headDimension], .attention),
    Row(
      .attentionOutput, "attn.output_before_post_norm", [], [.position, .model], .attention),
    Row(.attentionAdded, "hook_attn_out", [], [.position, .model], .attention),
    Row(.residualMid, "hook_resid_mid", [], [.position, .model], .residual),
    Row(.mlpNormalized, "ln2.hook_normalized", [], [.position, .model], .mlp),
    Row(.mlpNorm, "ln2.output", [], [.position, .model], .mlp),
    Row(.mlpPre, "mlp.hook_pre", [], [.position, .neuron], .mlp),
    Row(.mlpPreLinear, "mlp.hook_pre_linear", [], [.position, .neuron], .mlp),
    Row(.mlpPost, "mlp.hook_post", [], [.position, .neuron], .mlp),
    Row(
      .routerLogits, "mlp.hook_router_logits", ["mlp.router.logits"], [.position, .expert], .moe),
    Row(
      .expertIndices, "mlp.hook_expert_indices", ["mlp.hook_experts"], [.position, .chosen], .moe),
    Row(
      .expertWeights, "mlp.hook_expert_weights", ["mlp.hook_weights"], [.position, .chosen], .moe),
    Row(.expertOutput, "mlp.experts", [], [.position, .model], .expert),
    Row(.mlpOutput, "mlp.output_before_post_norm", [], [.position, .model], .mlp),
    Row(.mlpAdded, "hook_mlp_out", [], [.position, .model], .mlp),
    Row(.residualPost, "hook_resid_post", [], [.position, .model], .residual),
    Row(.finalNormalized, "ln_final.hook_normalized", [], [.position, .model], .finalNorm),
    Row(.finalNorm, "ln_final.output", [], [.position, .model], .finalNorm),
    Row(.logits, "logits", ["unembed.output"], [.position, .vocabulary], .logits),
  ]

  static let bySite: [Row] = all.sorted { $0.site.rawValue < $1.site.rawValue }
}

extension HookPoints.Row {
  init(
    _ site: HookSite, _ name: String, _ aliases: [String], _ axes: [HookAxis],
    _ component: HookComponent
  ) {
    self.init(site: site, name: name, aliases: aliases, axes: axes, component: component)
  }
}

extension HookSite {
  /// The canonical name below `blocks.N.`, or the whole name outside the blocks.
  package var name: String { HookPoints.bySite[Int(rawValue)].name }
  /// The axes of its tensors, behind the batch axis.
  package var axes: [HookAxis] { HookPoints.bySite[Int(rawValue)].axes }
  /// The component of the documented contract it is part of.
  package var component: HookComponent { HookPoints.bySite[Int(rawValue)].component }
  /// Other names of the same point, below `blocks.N.`.
  package var aliases: [String] { HookPoints.bySite[Int(rawValue)].aliases }
}

/// The documented components, as requests name them (in any case).
package enum HookComponent: String, Sendable, CaseIterable {
  case residual
  case attention
  case mlp
  case moe
  case expert
  case embedding
  case layernorm
  case query
  case key
  case value
  case attentionScores = "attention_scores"
  case attentionPattern = "attention_pattern"
  case finalNorm = "final_norm"
  case logits
  case attentionSink = "attention_sink"

  /// Reads a component as clients write it: any case, and the two aliases of the contract.
  package init?(name: String) {
    let folded = name.lowercased()
    switch folded {
    case "attentionweights", "attention_weights": self = .attentionPattern
    default:
      guard let known = HookComponent(rawValue: folded) else { return nil }
      self = known
    }
  }
}
