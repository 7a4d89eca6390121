package import Checkpoints
package import Hooks

/// Mixtral: Mistral's blocks with experts for feed-forward parts, two of which each position uses.
package enum Mixtral: ModelFamily {
  package static let architectures = ["mixtral"]

  package static func sites(_ configuration: ModelConfiguration) -> Set<HookSite> { .routedRotary }

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      // The published files' name of the module, and the one that transformers gives it.
      let published = "block_sparse_moe"
      let isPublished = block.has("\(published).gate.weight", "ffn_gate_inp.weight")
      return Block(
        attentionNorm: try block.rootMeanSquare("input_layernorm", "attn_norm"),
        attention: try builder.attention(block, layer: layer),
        mlpNorm: try block.rootMeanSquare("post_attention_layernorm", "ffn_norm"),
        mlp: .mixture(try builder.mixture(block, of: isPublished ? published : "mlp")))
    }
    return try builder.decoder(Self.self, blocks: blocks)
  }
}
