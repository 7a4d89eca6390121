/// The quantities of the forward pass that have a name; ``HookSites/all`` tells of each.
///
/// To add one: a case at the end (a case's number is part of the seed of its noise, so numbers stay), its row in
/// ``HookSites/all`` at its place in the forward pass, and one `visit` in the layer that computes it.
package enum HookSite: Int, Sendable, CaseIterable {
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
  case headResult
  case sharedExpertOutput
  case sharedExpertGate
  case expertResult
}

/// The list of hook sites in the order of the forward pass: what there is to tell of each, written nowhere else.
///
/// Names, look-up, catalogues, listings, shapes and refusals follow from the rows.
enum HookSites {
  static let all: [HookSiteRow] = [
    Row(
      .embedding, "hook_embed", [.position, .model], .embedding, [.output(.embedding)],
      at: .before),
    Row(
      .positionEmbedding, "hook_pos_embed", [.position, .model], .embedding, at: .before,
      absentAs: { "\($0.family) has no position embedding; it rotates queries and keys" }),
    Row(
      .residualPre, "hook_resid_pre", [.position, .model], .residual,
      // What enters a part is the residual stream itself where no norm stands before it.
      [.input(.residual), .input(.layernorm), .input(.attention)]),
    // TransformerLens's `hook_normalized` is the norm before its weight, `output` the one after it.
    Row(
      .attentionNormalized, "ln1.hook_normalized", [.position, .model], .layernorm,
      readOnly: unread, absentAs: noAttentionNorm),
    Row(
      .attentionNorm, "ln1.output", [.position, .model], .layernorm,
      // Where one norm stands before both parts, it is what the second reads too.
      [.output(.layernorm), .input(.attention), .input(.mlp)], absentAs: noAttentionNorm),
    Row(.query, "attn.hook_q", [.head, .position, .headDimension], .query, [.input(.query)]),
    Row(.key, "attn.hook_k", [.keyValueHead, .position, .headDimension], .key, [.input(.key)]),
    Row(
      .value, "attn.hook_v", [.keyValueHead, .position, .headDimension], .value,
      [.input(.value), .output(.value)]),
    Row(
      .rotaryQuery, "attn.hook_rot_q", [.head, .position, .headDimension], .query,
      [.output(.query)], absentAs: noRotation),
    Row(
      .rotaryKey, "attn.hook_rot_k", [.keyValueHead, .position, .headDimension], .key,
      [.output(.key)], absentAs: noRotation),
    Row(
      .attentionScores, "attn.hook_attn_scores", [.head, .queryPosition, .keyPosition],
      .attentionScores, [.output(.attentionScores), .input(.attentionPattern)]),
    Row(
      .attentionPattern, "attn.hook_pattern", [.head, .queryPosition, .keyPosition],
      .attentionPattern, [.output(.attentionPattern)]),
    // What is missing from 1 in the rows of the pattern (gpt-oss).
    Row(
      .attentionSink, "attn.hook_sink", [.position, .head], .attentionSink,
      [.output(.attentionSink)], readOnly: unread,
      absentAs: { "\($0.family) has no attention sinks; the rows of its pattern sum to 1" }),
    Row(.headOutput, "attn.hook_z", [.head, .position, .headDimension], .attention),
    // Each head's `z` times its part of the output projection; with the bias they add up to the attention's output.
    Row(
      .headResult, "attn.hook_result", [.head, .position, .model], .attention,
      readOnly: "all heads are projected in one product; change `attn.hook_z`"),
    Row(
      .attentionOutput, "attn.output_before_post_norm", [.position, .model], .attention,
      [.output(.attention)]),
    Row(.attentionAdded, "hook_attn_out", [.position, .model], .attention),
    Row(
      .residualMid, "hook_resid_mid", [.position, .model], .residual,
      [.input(.mlp), .input(.moe)],
      absentAs: { "\($0.family) adds attention and its feed-forward part to the stream together" }),
    Row(
      .mlpNormalized, "ln2.hook_normalized", [.position, .model], .mlp, readOnly: unread,
      absentAs: noMLPNorm),
    Row(
      .mlpNorm, "ln2.output", [.position, .model], .mlp, [.input(.mlp), .input(.moe)],
      absentAs: noMLPNorm),
    Row(.mlpPre, "mlp.hook_pre", [.position, .neuron], .mlp, absentAs: insideExperts),
    Row(
      .mlpPreLinear, "mlp.hook_pre_linear", [.position, .neuron], .mlp,
      absentAs: {
        $0.experts > 0 ? insideExperts($0) : "\($0.family) has no gated feed-forward part"
      }
    ),
    Row(.mlpPost, "mlp.hook_post", [.position, .neuron], .mlp, absentAs: insideExperts),
    Row(
      .routerLogits, "mlp.hook_router_logits", [.position, .expert], .moe,
      aliases: ["mlp.router.logits"],
      absentAs: noExperts),
    Row(
      .expertIndices, "mlp.hook_expert_indices", [.position, .chosen], .moe,
      aliases: ["mlp.hook_experts"],
      readOnly: unread, absentAs: noExperts),
    Row(
      .expertWeights, "mlp.hook_expert_weights", [.position, .chosen], .moe,
      aliases: ["mlp.hook_weights"],
      readOnly: unread, absentAs: noExperts),
    Row(
      .expertOutput, "mlp.experts", [.position, .model], .expert, [.output(.expert)],
      at: .expert, absentAs: noExperts),
    // Each chosen expert's output times its weight; with the shared expert's they add up to the mixture's output.
    Row(
      .expertResult, "mlp.hook_expert_results", [.choice, .position, .model], .moe,
      readOnly: "chosen experts are added up in one go; change `mlp.experts.N`",
      absentAs: noExperts),
    // What every position's own expert gives, and what it weighs (Qwen 2 MoE).
    Row(
      .sharedExpertOutput, "mlp.shared_expert.output", [.position, .model], .moe,
      absentAs: noSharedExpert),
    Row(
      .sharedExpertGate, "mlp.shared_expert.hook_gate", [.position, .shared], .moe,
      absentAs: noSharedExpert),
    Row(
      .mlpOutput, "mlp.output_before_post_norm", [.position, .model], .mlp,
      [.output(.mlp), .output(.moe)]),
    Row(.mlpAdded, "hook_mlp_out", [.position, .model], .mlp),
    Row(
      .residualPost, "hook_resid_post", [.position, .model], .residual,
      [.output(.residual), .input(.finalNorm)]),
    Row(
      .finalNormalized, "ln_final.hook_normalized", [.position, .model], .finalNorm, at: .after,
      readOnly: unread),
    Row(
      .finalNorm, "ln_final.output", [.position, .model], .finalNorm,
      [.output(.finalNorm), .input(.logits)], at: .after),
    Row(
      .logits, "logits", [.position, .vocabulary], .logits, [.output(.logits)],
      aliases: ["unembed.output"], at: .after),
  ]

  private typealias Row = HookSiteRow

  private static let unread = "this point is read-only; nothing reads it on"

  private static func noAttentionNorm(_ model: HookCatalogue) -> String {
    "\(model.family) has no norm before attention"
  }
  private static func noMLPNorm(_ model: HookCatalogue) -> String {
    "\(model.family) has no norm before its feed-forward part"
  }
  private static func noRotation(_ model: HookCatalogue) -> String {
    "\(model.family) does not rotate queries and keys"
  }
  private static func noExperts(_ model: HookCatalogue) -> String {
    "\(model.family) has no experts; its feed-forward part is `mlp`"
  }
  private static func noSharedExpert(_ model: HookCatalogue) -> String {
    "\(model.family) has no expert that all positions share"
  }
  private static func insideExperts(_ model: HookCatalogue) -> String {
    "\(model.family) computes its feed-forward part inside experts; use `moe` or `expert`"
  }
}
