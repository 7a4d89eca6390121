internal import Tensors

extension ModelConfiguration {
  /// Reads the metadata of a GGUF file, whose keys begin with the architecture's name.
  init(gguf: GGUFFile) throws(CheckpointError) {
    let file = gguf.mapping.path
    guard case .string(let name)? = gguf.fields["general.architecture"] else {
      throw CheckpointError(
        .missing, file: file, .field("general.architecture"), expected: "the family's name",
        found: "none")
    }
    let traits = Architecture.traits(of: name)
    let fields = ConfigurationFields(
      file: file,
      look: { (key: String) throws(CheckpointError) in
        try gguf.value(key.hasPrefix("tokenizer.") ? key : "\(name).\(key)")
      },
      isLenient: traits == nil)
    architecture = traits?.name ?? name
    let shapes = Dictionary(
      gguf.tensors.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    let isGemma = architecture == "gemma3_text"
    let isGptOss = architecture == "gpt_oss"

    layers = try fields.required("block_count", in: Bounds.layers)
    hiddenSize = try fields.required("embedding_length", in: Bounds.width)
    heads = try fields.required("attention.head_count", in: Bounds.heads)
    keyValueHeads = try fields.integer("attention.head_count_kv", in: Bounds.heads) ?? heads
    headDimension =
      try fields.integer("attention.key_length", in: Bounds.width) ?? max(hiddenSize / heads, 1)
    experts = try fields.integer("expert_count", in: Bounds.experts) ?? 0
    expertsPerToken = try fields.integer("expert_used_count", in: Bounds.experts) ?? 0
    let expertWidth = try fields.integer("expert_feed_forward_length", in: Bounds.width)
    intermediateSize =
      if experts > 0, let expertWidth { expertWidth } else {
        try fields.required("feed_forward_length", in: Bounds.width)
      }
    contextLength = try fields.required("context_length", in: Bounds.context)
    normEpsilon =
      try fields.number(
        "attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon", in: 0...1) ?? 1e-5
    normWeightOffset = 0
    embeddingScale = isGemma ? Float(hiddenSize).squareRoot() : 1
    vocabularySize = try Self.vocabulary(gguf, fields)
    tiedEmbeddings = shapes["output.weight"] == nil
    attentionBias = shapes["blk.0.attn_q.bias"] != nil || shapes["blk.0.attn_qkv.bias"] != nil
    mlpBias = shapes["blk.0.ffn_up.bias"] != nil
    activation = traits?.activation ?? .silu
    interleavedRotation = name == "llama"
    swigluLimit = isGptOss ? 7 : nil
    attentionLogitSoftcap =
      try fields.number("attn_logit_softcapping", in: 0...1e9).map(Float.init)
    finalLogitSoftcap = try fields.number("final_logit_softcapping", in: 0...1e9).map(Float.init)
    // Only the largest Gemma 3 (62 layers) scales its queries by another number than the head's width.
    queryPreAttentionScalar =
      isGemma ? Double(layers == 62 ? hiddenSize / heads : headDimension) : nil

    let window = try fields.integer("attention.sliding_window", in: 0...Bounds.context.upperBound)
    slidingWindow = window == 0 ? nil : window
    let period =
      try fields.integer("attention.sliding_window_pattern", in: 1...1_024)
      ?? (isGemma ? 6 : isGptOss ? 2 : 1)
    attentionSpans =
      slidingWindow == nil
      ? Array(repeating: .full, count: layers)
      : (0..<layers).map { period > 1 && ($0 + 1) % period == 0 ? .full : .sliding }
    beginTokens = []
    endTokens = []
    (rope, slidingRope) = (nil, nil)
    let begin = try fields.integer("tokenizer.ggml.bos_token_id", in: Bounds.tokens)
    beginTokens = begin.map { [$0] } ?? []
    for key in ["eos_token_id", "eot_token_id", "eom_token_id"] {
      if let token = try fields.integer("tokenizer.ggml.\(key)", in: Bounds.tokens),
        !endTokens.contains(token)
      {
        endTokens.append(token)
      }
    }
    try checkTogether(fields)
    if architecture != "gpt2" {
      rope = try RopeConfiguration(
        gguf, fields, headDimension: headDimension, contextLength: contextLength,
        truncates: !isGptOss)
      let base = try fields.number("rope.freq_base_swa", in: RopeConfiguration.thetas)
      if isGemma || base != nil, let rope, slidingWindow != nil {
        slidingRope = RopeConfiguration(
          theta: base ?? 10_000, rotaryDimension: rope.rotaryDimension, scaling: .none)
      }
    }
  }
}

extension ModelConfiguration {
  /// The rows of the embedding: files pad them beyond the tokens they list.
  private static func vocabulary(_ gguf: GGUFFile, _ fields: ConfigurationFields)
    throws(CheckpointError) -> Int
  {
    guard let entry = gguf.tensor("token_embd.weight"), let rows = entry.shape.first else {
      return try fields.required("vocab_size", in: Bounds.vocabulary)
    }
    guard Bounds.vocabulary.contains(rows) else {
      throw entry.wrong(
        .mismatch, "at most \(Bounds.vocabulary.upperBound) rows", "\(rows)")
    }
    return rows
  }
}

extension RopeConfiguration {
  /// - Parameter truncates: what ``YaRN/truncate`` is; GGUF has no key for it.
  fileprivate init(
    _ gguf: GGUFFile, _ fields: ConfigurationFields, headDimension: Int, contextLength: Int,
    truncates: Bool
  ) throws(CheckpointError) {
    theta = try fields.number("rope.freq_base", in: Self.thetas) ?? 10_000
    rotaryDimension =
      try fields.integer("rope.dimension_count", in: 2...max(headDimension, 2)) ?? headDimension
    guard rotaryDimension % 2 == 0 || fields.isLenient else {
      throw fields.wrong(
        "rope.dimension_count", "an even number of rotating elements", found: "\(rotaryDimension)")
    }
    let factor = try fields.number("rope.scaling.factor", "rope.scale_linear", in: Self.factors)
    let contexts = ModelConfiguration.Bounds.context
    let original =
      try fields.integer("rope.scaling.original_context_length", in: contexts) ?? contextLength
    let attention = try fields.number("rope.scaling.attn_factor", in: 0...1e6)
    let pairs = rotaryDimension / 2
    if let long = gguf.tensor("rope_factors_long.weight"),
      let short = gguf.tensor("rope_factors_short.weight")
    {
      let stretch = Double(contextLength) / Double(original)
      scaling = .longrope(
        LongRope(
          shortFactors: try short.floats(count: pairs), longFactors: try long.floats(count: pairs),
          originalContext: original,
          attentionFactor: attention
            ?? LongRope.attentionFactor(stretch: stretch, originalContext: original)))
      return
    }
    if gguf.tensor("rope_freqs.weight") != nil {
      scaling = .frequencyFactors(tensor: "rope_freqs.weight")
      return
    }
    switch try fields.string("rope.scaling.type") ?? (factor == nil ? "none" : "linear") {
    case "none": scaling = .none
    case "linear": scaling = factor.map { .linear(factor: $0) } ?? .none
    case "yarn":
      let factor = factor ?? 1
      scaling = .yarn(
        YaRN(
          factor: factor, originalContext: original,
          betaFast: try fields.number("rope.scaling.yarn_beta_fast", in: 0...1e6) ?? 32,
          betaSlow: try fields.number("rope.scaling.yarn_beta_slow", in: 0...1e6) ?? 1,
          truncate: truncates,
          attentionFactor: (attention ?? 1) * YaRN.magnitude(factor, 1)))
    case let other:
      if fields.isLenient {
        scaling = .none
        return
      }
      throw fields.unsupported(
        "rope.scaling.type", "none, linear or yarn", found: "'\(other)'")
    }
  }
}

extension GGUFFile {
  func tensor(_ name: String) -> TensorEntry? { tensors.first { $0.name == name } }

  /// A metadata value as configurations are read; arrays only where they are short.
  func value(_ key: String) throws(CheckpointError) -> ConfigurationFields.Value? {
    switch fields[key] {
    case nil: return nil
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .bool(let value): return .bool(value)
    case .string(let value): return .string(value)
    case .array(let array):
      guard array.count <= ModelConfiguration.Bounds.layers.upperBound else {
        return .other("an array of \(array.count)")
      }
      switch array.element {
      case .string: return .strings(try strings(array, key))
      case .float32, .float64: return .numbers(try floats(array, key).map(Double.init))
      case .bool: return .other("an array of booleans")
      default: return .integers(try integers(array, key))
      }
    }
  }
}
