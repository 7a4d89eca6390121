package import Checkpoints

/// Llama and Mistral: pre-norm blocks, grouped-query attention, SwiGLU; SmolLM 3, of whose layers some do not rotate; and
/// Granite, which multiplies embedding, scores and what is added to the stream.
package enum Llama: ModelFamily {
  package static let architectures = ["llama", "mistral", "smollm3", "granite"]

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      Block(
        attentionNorm: try block.rootMeanSquare("input_layernorm", "attn_norm"),
        attention: try builder.attention(block, layer: layer),
        mlpNorm: try block.rootMeanSquare("post_attention_layernorm", "ffn_norm"),
        mlp: try builder.gated(block), updateScale: builder.configuration.residualScale)
    }
    return try builder.decoder(Self.self, blocks: blocks)
  }
}
