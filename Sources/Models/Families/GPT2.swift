package import Checkpoints
package import Hooks
internal import Tensors

/// GPT-2: learned positions, LayerNorm, q, k and v in one matrix, a plain feed-forward part.
package enum GPT2: ModelFamily {
  package static let architectures = ["gpt2"]

  package static func sites(_ configuration: ModelConfiguration) -> Set<HookSite> {
    .gatedRotary.subtracting([.rotaryQuery, .rotaryKey, .mlpPreLinear]).union([.positionEmbedding])
  }

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let scope = WeightScope(
      checkpoint, roots: ["transformer.", "model.", ""], probe: "wte.weight")
    let builder = try DecoderBuilder(checkpoint, options, scope: scope)
    let c = builder.configuration
    var blocks: [Block] = []
    for layer in 0..<c.layers {
      let block = scope.block(layer, "h")
      let joint = try block.conv1D(
        "attn.c_attn", "attn_qkv", rows: 3 * c.hiddenSize, columns: c.hiddenSize)
      let parts = try block.split(
        joint, [c.hiddenSize, c.hiddenSize, c.hiddenSize], named: "attn.c_attn")
      blocks.append(
        Block(
          attentionNorm: try block.layerNorm("ln_1", "attn_norm"),
          attention: builder.attention(
            query: parts[0], key: parts[1], value: parts[2],
            output: try block.conv1D(
              "attn.c_proj", "attn_output", rows: c.hiddenSize, columns: c.hiddenSize),
            layer: layer),
          mlpNorm: try block.layerNorm("ln_2", "ffn_norm"),
          mlp: .plain(
            up: try block.conv1D(
              "mlp.c_fc", "ffn_up", rows: c.intermediateSize, columns: c.hiddenSize),
            down: try block.conv1D(
              "mlp.c_proj", "ffn_down", rows: c.hiddenSize, columns: c.intermediateSize),
            c.activation)))
    }
    return try builder.decoder(
      Self.self, blocks: blocks, embedding: "wte",
      finalNorm: try scope.layerNorm("ln_f", "output_norm"),
      positionEmbedding: try scope.matrix(
        "wpe", "position_embd", rows: c.contextLength, columns: c.hiddenSize))
  }
}
