package import Checkpoints
package import Hooks

/// OLMo 2 and 3: norms stand after attention and after the feed-forward part, and on the whole of q and k; most layers of 3
/// slide.
package enum OLMo2: ModelFamily {
  package static let architectures = ["olmo2", "olmo3"]

  package static func sites(_ configuration: ModelConfiguration) -> Set<HookSite> {
    .gatedRotary.subtracting([.attentionNorm, .attentionNormalized, .mlpNorm, .mlpNormalized])
  }

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let c = builder.configuration
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      var attention = try builder.attention(block, layer: layer)
      attention.queryNorm = .flat(
        try block.normWeight("self_attn.q_norm", "attn_q_norm", count: c.heads * c.headDimension))
      attention.keyNorm = .flat(
        try block.normWeight(
          "self_attn.k_norm", "attn_k_norm", count: c.keyValueHeads * c.headDimension))
      return Block(
        attentionNorm: nil, attention: attention,
        attentionPostNorm: try block.rootMeanSquare(
          "post_attention_layernorm", "post_attention_norm"),
        mlpNorm: nil, mlp: try builder.gated(block),
        mlpPostNorm: try block.rootMeanSquare("post_feedforward_layernorm", "post_ffw_norm"))
    }
    return try builder.decoder(Self.self, blocks: blocks)
  }
}
