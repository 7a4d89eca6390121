internal import Checkpoints
internal import Tensors

/// What the families share when they put a decoder together: the Llama shape, with places for their differences.
struct DecoderBuilder {
  let scope: WeightScope
  let configuration: ModelConfiguration
  let options: BuildOptions
  private let rotary: RotaryTable?
  private let slidingRotary: RotaryTable?
  /// Tokens beyond which a run takes the second set of frequencies; nil where there is one set.
  private let longContext: Int?

  init(_ checkpoint: Checkpoint, _ options: BuildOptions, scope: WeightScope? = nil)
    throws(CheckpointError)
  {
    self.scope = scope ?? WeightScope(checkpoint)
    configuration = checkpoint.configuration
    self.options = options
    let ropes = [configuration.rope, configuration.slidingRope].compactMap { $0 }
    longContext = ropes.compactMap(\.originalContextOfTwoSets).min()
      .flatMap { $0 < options.contextLength ? $0 : nil }
    let isTwofold = longContext != nil
    let full = try Self.table(configuration.rope, checkpoint, options, isTwofold: isTwofold)
    rotary = full
    slidingRotary =
      configuration.slidingRope == nil
      ? full
      : try Self.table(configuration.slidingRope, checkpoint, options, isTwofold: isTwofold)
  }

  private static func table(
    _ rope: RopeConfiguration?, _ checkpoint: Checkpoint, _ options: BuildOptions,
    isTwofold: Bool
  ) throws(CheckpointError) -> RotaryTable? {
    guard let rope else { return nil }
    var factors: [Float] = []
    if case .frequencyFactors(let tensor) = rope.scaling {
      factors = try checkpoint.vector(tensor, count: rope.rotaryDimension / 2)
    }
    let frequencies = RotaryFrequencies(rope, factors: factors)
    let short = frequencies.values
    return RotaryTable(
      sets: isTwofold ? [short, frequencies.longValues ?? short] : [short],
      factor: frequencies.factor, positions: options.contextLength)
  }

  /// Blocks `0..<layers`, each from its own scope.
  func blocks(
    _ body: (WeightScope, Int) throws(CheckpointError) -> Block
  ) throws(CheckpointError) -> [Block] {
    var blocks: [Block] = []
    for layer in 0..<configuration.layers { blocks.append(try body(scope.block(layer), layer)) }
    return blocks
  }

  /// Attention with separate projections `self_attn.{q,k,v,o}_proj`.
  func attention(_ block: WeightScope, layer: Int) throws(CheckpointError) -> Attention {
    let c = configuration
    let queries = c.heads * c.headDimension
    let keys = c.keyValueHeads * c.headDimension
    func input(_ name: String, _ gguf: String, rows: Int, rotates: Bool = true)
      throws(CheckpointError) -> Linear
    {
      try block.linear(
        name, gguf, rows: rows, columns: c.hiddenSize, bias: c.attentionBias,
        headDimension: rotates ? c.headDimension : nil)
    }
    return attention(
      query: try input("self_attn.q_proj", "attn_q", rows: queries),
      key: try input("self_attn.k_proj", "attn_k", rows: keys),
      value: try input("self_attn.v_proj", "attn_v", rows: keys, rotates: false),
      output: try block.linear(
        "self_attn.o_proj", "attn_output", rows: c.hiddenSize, columns: queries,
        bias: c.attentionOutputBias),
      layer: layer)
  }

  /// Attention from projections, with the configuration's scale, window and rotation.
  func attention(
    query: Linear, key: Linear, value: Linear, output: Linear, layer: Int
  ) -> Attention {
    let c = configuration
    let isSliding = c.attentionSpans.indices.contains(layer) && c.attentionSpans[layer] == .sliding
    var attention = Attention(
      query: query, key: key, value: value, output: output, heads: c.heads,
      keyValueHeads: c.keyValueHeads, headDimension: c.headDimension,
      scale: scale(layer: layer),
      rotary: c.unrotatedLayers.contains(layer) ? nil : isSliding ? slidingRotary : rotary)
    attention.window = isSliding ? c.slidingWindow ?? 0 : 0
    attention.interleaved = c.interleavedRotation
    attention.turnsNeighbours = c.turnsNeighbours
    attention.softcap = c.attentionLogitSoftcap ?? 0
    attention.normEpsilon = Float(c.normEpsilon)
    return attention
  }

  /// What scores are multiplied by before the softmax.
  private func scale(layer: Int) -> Float {
    let c = configuration
    if let scale = c.attentionScale { return Float(scale) }
    let scalar = c.queryPreAttentionScalar ?? Double(c.headDimension)
    let scale = c.scalesAttention ? 1 / scalar.squareRoot() : 1
    return Float(c.scalesAttentionByLayer ? scale / Double(layer + 1) : scale)
  }

  /// `mlp.{gate,up,down}_proj` with the configuration's activation.
  ///
  /// - Parameter width: its inner width; nil for the configuration's.
  func gated(_ block: WeightScope, width: Int? = nil) throws(CheckpointError) -> FeedForward {
    let c = configuration
    let (inner, outer) = (width ?? c.intermediateSize, c.hiddenSize)
    return .gated(
      gate: try block.linear(
        "mlp.gate_proj", "ffn_gate", rows: inner, columns: outer, bias: c.mlpBias),
      up: try block.linear("mlp.up_proj", "ffn_up", rows: inner, columns: outer, bias: c.mlpBias),
      down: try block.linear(
        "mlp.down_proj", "ffn_down", rows: outer, columns: inner, bias: c.mlpBias), c.activation)
  }

  /// The decoder around its blocks: embedding, last norm, head (or the embedding again, where tied).
  func decoder<Family: ModelFamily>(
    _ family: Family.Type, blocks: [Block], embedding: String = "embed_tokens",
    finalNorm: Norm? = nil, positionEmbedding: WeightMatrix? = nil
  ) throws(CheckpointError) -> LanguageModel {
    let c = configuration
    let table = try scope.matrix(
      embedding, "token_embd", rows: c.vocabularySize, columns: c.hiddenSize)
    let checkpoint = scope.checkpoint
    let headName = checkpoint.format == .gguf ? "output" : "lm_head"
    let headUpdate = try checkpoint.update(
      AdaptedModule(huggingFace: ["lm_head"], gguf: "output"), rows: c.vocabularySize,
      columns: c.hiddenSize)
    let head: Linear
    // A head of its own is asked for by name where the configuration does not tie it to the embedding.
    if !c.tiedEmbeddings || checkpoint.tensor(headName + ".weight") != nil {
      head = Linear(
        weight: try checkpoint.matrix(
          headName, rows: c.vocabularySize, columns: c.hiddenSize), bias: nil,
        update: headUpdate)
    } else {
      head = Linear(weight: table, bias: nil, update: headUpdate)
    }
    let norm: Norm
    if let finalNorm {
      norm = finalNorm
    } else {
      norm = try scope.rootMeanSquare("norm", "output_norm")
    }
    let embeddingUpdate = try checkpoint.embeddingUpdate(
      scope.adapted(embedding, "token_embd"), rows: c.vocabularySize, columns: c.hiddenSize)
    try checkpoint.refuseUnread()
    return LanguageModel(
      catalogue: family.catalogue(c), cacheType: options.cacheType,
      contextLength: options.contextLength, embedding: table,
      embeddingUpdate: embeddingUpdate, embeddingScale: c.embeddingScale,
      positionEmbedding: positionEmbedding, blocks: blocks, finalNorm: norm, head: head,
      scoreScale: c.scoreScale, scoreCap: c.finalLogitSoftcap ?? 0, longContext: longContext)
  }
}
