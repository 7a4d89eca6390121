package import Checkpoints
package import Hooks

/// Qwen 2 and 3 with experts for feed-forward parts; in 2 every position uses one more, weighed by a gate of its own.
///
/// Some layers may have a single part for all positions instead.
package enum QwenMoE: ModelFamily {
  package static let architectures = ["qwen2_moe", "qwen3_moe"]

  package static func sites(_ configuration: ModelConfiguration) -> Set<HookSite> {
    configuration.sharedExpertSize > 0
      ? .routedRotary.union([.sharedExpertOutput, .sharedExpertGate]) : .routedRotary
  }

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let c = builder.configuration
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      var attention = try builder.attention(block, layer: layer)
      if c.architecture == "qwen3_moe" {
        attention.queryNorm = .perHead(
          try block.normWeight("self_attn.q_norm", "attn_q_norm", count: c.headDimension))
        attention.keyNorm = .perHead(
          try block.normWeight("self_attn.k_norm", "attn_k_norm", count: c.headDimension))
      }
      return Block(
        attentionNorm: try block.rootMeanSquare("input_layernorm", "attn_norm"),
        attention: attention,
        mlpNorm: try block.rootMeanSquare("post_attention_layernorm", "ffn_norm"),
        mlp: c.denseLayers.contains(layer)
          ? try builder.gated(block, width: c.denseIntermediateSize)
          : try mixture(builder, block))
    }
    return try builder.decoder(Self.self, blocks: blocks)
  }

  private static func mixture(_ builder: DecoderBuilder, _ block: WeightScope)
    throws(CheckpointError) -> FeedForward
  {
    let c = builder.configuration
    var mixture = try builder.mixture(block, of: "mlp")
    if c.sharedExpertSize > 0 { mixture.shared = try shared(block, c) }
    return .mixture(mixture)
  }

  private static func shared(_ block: WeightScope, _ c: ModelConfiguration)
    throws(CheckpointError) -> MixtureOfExperts.Shared
  {
    let (inner, outer) = (c.sharedExpertSize, c.hiddenSize)
    return MixtureOfExperts.Shared(
      expert: MixtureOfExperts.Expert(
        gate: try block.linear(
          "mlp.shared_expert.gate_proj", "ffn_gate_shexp", rows: inner, columns: outer, bias: false),
        up: try block.linear(
          "mlp.shared_expert.up_proj", "ffn_up_shexp", rows: inner, columns: outer, bias: false),
        down: try block.linear(
          "mlp.shared_expert.down_proj", "ffn_down_shexp", rows: outer, columns: inner,
          bias: false)),
      gate: try block.linear(
        "mlp.shared_expert_gate", "ffn_gate_inp_shexp", rows: 1, columns: outer, bias: false))
  }
}
