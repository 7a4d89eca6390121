package import Checkpoints

/// Qwen 2 and 3: Llama's blocks with biases on q, k and v (2), or a norm on each head of q and k (3).
package enum Qwen: ModelFamily {
  package static let architectures = ["qwen2", "qwen3"]

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let size = builder.configuration.headDimension
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      var attention = try builder.attention(block, layer: layer)
      if builder.configuration.architecture == "qwen3" {
        attention.queryNorm = .perHead(
          try block.normWeight("self_attn.q_norm", "attn_q_norm", count: size))
        attention.keyNorm = .perHead(
          try block.normWeight("self_attn.k_norm", "attn_k_norm", count: size))
      }
      return Block(
        attentionNorm: try block.rootMeanSquare("input_layernorm", "attn_norm"),
        attention: attention,
        mlpNorm: try block.rootMeanSquare("post_attention_layernorm", "ffn_norm"),
        mlp: try builder.gated(block))
    }
    return try builder.decoder(Self.self, blocks: blocks)
  }
}
