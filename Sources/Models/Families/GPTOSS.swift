package import Checkpoints
package import Hooks

/// gpt-oss: experts with a clamped gate, attention sinks, every other layer a sliding window, YaRN.
package enum GPTOSS: ModelFamily {
  package static let architectures = ["gpt_oss"]

  package static func sites(_ configuration: ModelConfiguration) -> Set<HookSite> {
    .routedRotary.union([.attentionSink])
  }

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let c = builder.configuration
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      var attention = try builder.attention(block, layer: layer)
      attention.sinks = try block.vector("self_attn.sinks", "attn_sinks.weight", count: c.heads)
      return Block(
        attentionNorm: try block.rootMeanSquare("input_layernorm", "attn_norm"),
        attention: attention,
        mlpNorm: try block.rootMeanSquare("post_attention_layernorm", "post_attention_norm"),
        mlp: .mixture(try mixture(block, c)))
    }
    return try builder.decoder(Self.self, blocks: blocks)
  }

  private static func mixture(
    _ block: WeightScope, _ c: ModelConfiguration
  ) throws(CheckpointError) -> MixtureOfExperts {
    let (inner, outer) = (c.intermediateSize, c.hiddenSize)
    let gates = try block.experts(.gate, count: c.experts, rows: inner, columns: outer)
    let ups = try block.experts(.up, count: c.experts, rows: inner, columns: outer)
    let downs = try block.experts(.down, count: c.experts, rows: outer, columns: inner)
    for (name, linears) in [("gate_up_proj_bias", gates + ups), ("down_proj_bias", downs)]
    where linears.contains(where: { $0.bias == nil }) {
      throw block.missing(
        "mlp.experts.\(name)", "ffn_\(name == "down_proj_bias" ? "down" : "gate")_exps.bias")
    }
    return MixtureOfExperts(
      router: try block.linear(
        "mlp.router", "ffn_gate_inp", rows: c.experts, columns: c.hiddenSize, bias: true),
      experts: zip(gates, zip(ups, downs)).map {
        MixtureOfExperts.Expert(gate: $0, up: $1.0, down: $1.1)
      },
      chosen: c.expertsPerToken,
      activation: .clamped(limit: c.swigluLimit ?? 7, slope: c.swigluSlope))
  }
}
