package import Checkpoints

/// Phi 3: Llama's blocks with q, k, v in one matrix, and gate and up in another.
package enum Phi3: ModelFamily {
  package static let architectures = ["phi3"]

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let c = builder.configuration
    let (queries, keys) = (c.heads * c.headDimension, c.keyValueHeads * c.headDimension)
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      let joint = try block.linear(
        "self_attn.qkv_proj", "attn_qkv", rows: queries + 2 * keys, columns: c.hiddenSize,
        bias: c.attentionBias)
      let parts = try block.split(joint, [queries, keys, keys], named: "self_attn.qkv_proj")
      let inner = try block.linear(
        "mlp.gate_up_proj", "ffn_up", rows: 2 * c.intermediateSize, columns: c.hiddenSize,
        bias: c.mlpBias)
      let halves = try block.split(
        inner, [c.intermediateSize, c.intermediateSize], named: "mlp.gate_up_proj")
      return Block(
        attentionNorm: try block.rootMeanSquare("input_layernorm", "attn_norm"),
        attention: builder.attention(
          query: parts[0], key: parts[1], value: parts[2],
          output: try block.linear(
            "self_attn.o_proj", "attn_output", rows: c.hiddenSize, columns: queries,
            bias: c.attentionOutputBias),
          layer: layer),
        mlpNorm: try block.rootMeanSquare("post_attention_layernorm", "ffn_norm"),
        mlp: .gated(
          gate: halves[0], up: halves[1],
          down: try block.linear(
            "mlp.down_proj", "ffn_down", rows: c.hiddenSize, columns: c.intermediateSize,
            bias: c.mlpBias),
          c.activation))
    }
    return try builder.decoder(Self.self, blocks: blocks)
  }
}
