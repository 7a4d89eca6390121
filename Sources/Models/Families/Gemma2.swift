package import Checkpoints

/// Gemma 2: norms before and after each part, capped scores, every second layer a window, a scaled embedding.
package enum Gemma2: ModelFamily {
  package static let architectures = ["gemma2"]

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      Block(
        attentionNorm: try block.rootMeanSquare("input_layernorm", "attn_norm"),
        attention: try builder.attention(block, layer: layer),
        attentionPostNorm: try block.rootMeanSquare(
          "post_attention_layernorm", "post_attention_norm"),
        mlpNorm: try block.rootMeanSquare("pre_feedforward_layernorm", "ffn_norm"),
        mlp: try builder.gated(block),
        mlpPostNorm: try block.rootMeanSquare("post_feedforward_layernorm", "post_ffw_norm"))
    }
    return try builder.decoder(Self.self, blocks: blocks)
  }
}
