package import Checkpoints

/// Gemma 3 (text): norms before and after each part, head norms, local and global layers, a scaled embedding.
package enum Gemma3: ModelFamily {
  package static let architectures = ["gemma3_text"]

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let scope = WeightScope(checkpoint, roots: ["model.", "language_model.model."])
    let builder = try DecoderBuilder(checkpoint, options, scope: scope)
    let size = builder.configuration.headDimension
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      var attention = try builder.attention(block, layer: layer)
      attention.queryNorm = .perHead(
        try block.normWeight("self_attn.q_norm", "attn_q_norm", count: size))
      attention.keyNorm = .perHead(
        try block.normWeight("self_attn.k_norm", "attn_k_norm", count: size))
      return Block(
        attentionNorm: try block.rootMeanSquare("input_layernorm", "attn_norm"),
        attention: attention,
        attentionPostNorm: try block.rootMeanSquare(
          "post_attention_layernorm", "post_attention_norm"),
        mlpNorm: try block.rootMeanSquare("pre_feedforward_layernorm", "ffn_norm"),
        mlp: try builder.gated(block),
        mlpPostNorm: try block.rootMeanSquare("post_feedforward_layernorm", "post_ffw_norm"))
    }
    return try builder.decoder(Self.self, blocks: blocks)
  }
}
