package import Checkpoints
package import Hooks

/// StableLM: Llama's blocks with LayerNorms, a part of each head turning.
///
/// The largest norms each head of q and k, and adds both parts of a block together.
package enum StableLM: ModelFamily {
  package static let architectures = ["stablelm"]

  package static func sites(_ configuration: ModelConfiguration) -> Set<HookSite> {
    configuration.parallelBlocks ? .parallelRotary : .gatedRotary
  }

  package static func build(
    _ checkpoint: Checkpoint, _ options: BuildOptions
  ) throws(CheckpointError) -> LanguageModel {
    let builder = try DecoderBuilder(checkpoint, options)
    let c = builder.configuration
    let blocks = try builder.blocks { block, layer throws(CheckpointError) in
      var attention = try builder.attention(block, layer: layer)
      attention.queryNorm = try norm(block, "q", heads: c.heads, c)
      attention.keyNorm = try norm(block, "k", heads: c.keyValueHeads, c)
      return Block(
        attentionNorm: try block.layerNorm("input_layernorm", "attn_norm"), attention: attention,
        mlpNorm: c.parallelBlocks
          ? nil : try block.layerNorm("post_attention_layernorm", "ffn_norm"),
        mlp: try builder.gated(block), isParallel: c.parallelBlocks)
    }
    return try builder.decoder(
      Self.self, blocks: blocks, finalNorm: try builder.scope.layerNorm("norm", "output_norm"))
  }

  /// The norm of each head, which published files hold head by head and GGUF's in one tensor.
  private static func norm(
    _ block: WeightScope, _ part: String, heads: Int, _ c: ModelConfiguration
  ) throws(CheckpointError) -> Attention.HeadNorm? {
    let gguf = "attn_\(part)_norm.weight"
    guard c.normalizesHeads ?? block.has("", gguf) else { return nil }
    guard block.checkpoint.format != .gguf else {
      return .layerOfEachHead(try block.vector("", gguf, count: heads * c.headDimension))
    }
    var weights: [Float] = []
    for head in 0..<heads {
      let name = block.name("self_attn.\(part)_layernorm.norms.\(head).weight", gguf)
      weights += try block.checkpoint.vector(name, count: c.headDimension)
    }
    return .layerOfEachHead(Vector(weights))
  }
}
