package import Checkpoints
package import Hooks

/// Cohere's Command: both parts of a block read one norm and are added together, neighbours turn together, scores are scaled.
///
/// Some of the first generation norm each head of q and k; layers of the second that see everything do not rotate.
package enum Cohere: ModelFamily {
  package static let architectures = ["cohere", "cohere2"]

  package static func sites(_ configuration: ModelConfiguration) -> Set<HookSite> {
    .parallelRotary
  }

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let c = builder.configuration
    func norm(_ block: WeightScope, _ part: String, heads: Int) throws(CheckpointError)
      -> Attention.HeadNorm?
    {
      let names = ("self_attn.\(part)_norm.weight", "attn_\(part)_norm.weight")
      guard c.normalizesHeads ?? block.has(names.0, names.1) else { return nil }
      return .layerOfEachHead(
        try block.vector(names.0, names.1, count: heads * c.headDimension))
    }
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      var attention = try builder.attention(block, layer: layer)
      attention.queryNorm = try norm(block, "q", heads: c.heads)
      attention.keyNorm = try norm(block, "k", heads: c.keyValueHeads)
      return Block(
        attentionNorm: try block.layerNorm("input_layernorm", "attn_norm", bias: false),
        attention: attention, mlpNorm: nil, mlp: try builder.gated(block), isParallel: true)
    }
    return try builder.decoder(
      Self.self, blocks: blocks,
      finalNorm: try builder.scope.layerNorm("norm", "output_norm", bias: false))
  }
}
