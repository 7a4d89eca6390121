internal import JSON
internal import Tensors

extension ModelConfiguration {
  /// Reads `config.json` in both spellings (transformers 5 and before) and nested in `text_config`.
  ///
  /// What the file leaves out has the default of the family's configuration class in transformers.
  ///
  /// - Parameters:
  ///   - root: the document.
  ///   - generation: `generation_config.json`, which wins where both name the tokens that end a text.
  init(huggingFace root: JSONValue, generation: JSONValue?, file: String) throws(CheckpointError) {
    guard case .object = root else {
      throw CheckpointError(
        .damaged, file: file, .file, expected: "a JSON object", found: root.kind, offset: 0)
    }
    let json = root[present: "text_config"] ?? root
    let name = try Self.architectureName(json, root, file: file)
    self.init(architecture: name)
    guard let traits = Architecture.traits(of: name) else { return }
    architecture = traits.name
    let fields = traits.keys.fields(of: json, file: file)
    normWeightOffset = traits.normWeightOffset
    turnsNeighbours = traits.turnsNeighbours
    try readSizes(fields)
    try readArithmetic(fields, traits)
    try readScales(fields)
    try readUnrotated(fields, traits)
    try readDenseLayers(fields, traits)
    tiedEmbeddings = try Self.isTied(json, root, traits, fields)
    try readWindows(fields, traits)
    if traits.unrotatesFullLayers {
      unrotatedLayers = Set((0..<layers).filter { attentionSpans[$0] == .full })
    }
    beginTokens = try fields.integers("bos_token_id", in: Bounds.tokens) ?? []
    endTokens = try Self.endTokens(fields, root, generation, file: file)
    try checkTogether(fields)
    try Self.checkLayerTypes(json, layers: layers, file: file)
    samplingDefaults = try Self.samplingDefaults(json, generation, file: file)
    unknownFields = try Self.unknown(json, root, traits, file: file) + Self.unknown(generation)
    if !isGPT2 { try readRopes(json, traits, file: file) }
  }

  var isGemma: Bool { architecture == "gemma3_text" || architecture == "gemma2" }
  var isGPT2: Bool { architecture == "gpt2" }
  var isCohere: Bool { architecture == "cohere" || architecture == "cohere2" }

  private mutating func readSizes(_ fields: ConfigurationFields) throws(CheckpointError) {
    layers = try fields.required("num_hidden_layers", "n_layer", in: Bounds.layers)
    hiddenSize = try fields.required("hidden_size", "n_embd", in: Bounds.width)
    let dense = try fields.integer("intermediate_size", "n_inner", in: Bounds.width)
    intermediateSize =
      try fields.integer("moe_intermediate_size", in: Bounds.width) ?? dense ?? 4 * hiddenSize
    experts =
      try fields.integer(
        "num_local_experts", "num_experts", in: 1...Bounds.experts.upperBound) ?? 0
    sharedExpertSize =
      try fields.integer("shared_expert_intermediate_size", in: Bounds.width) ?? 0
    expertsPerToken = try fields.integer("num_experts_per_tok", in: Bounds.experts) ?? 0
    heads = try fields.required("num_attention_heads", "n_head", in: Bounds.heads)
    keyValueHeads = try fields.integer("num_key_value_heads", in: Bounds.heads) ?? heads
    headDimension =
      try fields.integer("head_dim", in: Bounds.width) ?? max(hiddenSize / heads, 1)
    vocabularySize = try fields.required("vocab_size", in: Bounds.vocabulary)
    contextLength = try fields.required(
      "max_position_embeddings", "n_positions", in: Bounds.context)
  }

  private mutating func readArithmetic(
    _ fields: ConfigurationFields, _ traits: Architecture.Traits
  ) throws(CheckpointError) {
    normEpsilon =
      try fields.number("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", in: 0...1)
      ?? normEpsilon
    swigluLimit = try fields.number("swiglu_limit", in: 0...1e9).map(Float.init)
    swigluSlope = try fields.number("swiglu_alpha", in: -1e9...1e9).map(Float.init) ?? 1.702
    finalLogitSoftcap = try fields.number("final_logit_softcapping", in: 1e-6...1e9)
      .map(Float.init)
    attentionLogitSoftcap = try fields.number("attn_logit_softcapping", in: 1e-6...1e9)
      .map(Float.init)
    queryPreAttentionScalar = try fields.number("query_pre_attn_scalar", in: 1e-6...1e9)
    scalesAttention = try fields.bool("scale_attn_weights") ?? true
    scalesAttentionByLayer = try fields.bool("scale_attn_by_inverse_layer_idx") ?? false
    let configured = try fields.bool("attention_bias") ?? false
    let inputs = try fields.bool("qkv_bias", "use_qkv_bias") ?? configured
    attentionBias = traits.biases == .configured ? inputs : true
    attentionOutputBias = traits.biases == .configured ? configured : traits.biases == .all
    mlpBias = try fields.bool("mlp_bias") ?? (traits.biases == .all)
    activation = try Self.activation(fields) ?? traits.activation
    normalizesExpertWeights = try fields.bool("norm_topk_prob") ?? true
    normalizesHeads = try fields.bool("qk_layernorm", "use_qk_norm") ?? false
    parallelBlocks = try fields.bool("use_parallel_residual") ?? isCohere
  }

  private mutating func readScales(_ fields: ConfigurationFields) throws(CheckpointError) {
    let scales = 1e-9...1e9
    embeddingScale =
      try fields.number("embedding_multiplier", in: scales).map(Float.init)
      ?? (isGemma ? Float(hiddenSize).squareRoot() : 1)
    residualScale = try fields.number("residual_multiplier", in: scales).map(Float.init) ?? 1
    attentionScale = try fields.number("attention_multiplier", in: scales)
    scoreScale =
      try fields.number("logits_scaling", in: 1e-6...1e9).map { Float(1 / $0) }
      .otherwise(fields.number("logit_scale", in: -1e9...1e9).map(Float.init)) ?? 1
  }

  /// Layers without rotation: as they are listed, a 0 for each, or one in so many.
  private mutating func readUnrotated(_ fields: ConfigurationFields, _ traits: Architecture.Traits)
    throws(CheckpointError)
  {
    guard traits.keys.used["no_rope_layers"] != nil else { return }
    let name = "no_rope_layers"
    let flags = try fields.integers(name, in: 0...1)
    // A list wins, but the other is no less mistyped for it.
    let period =
      try fields.integer("no_rope_layer_interval", in: (flags == nil ? 1 : 0)...1_024) ?? 4
    guard let flags else {
      unrotatedLayers = Set((0..<layers).filter { ($0 + 1) % period == 0 })
      return
    }
    guard flags.count >= layers else {
      throw fields.wrong(name, "\(layers) flags, one a layer", found: "\(flags.count)")
    }
    unrotatedLayers = Set((0..<layers).filter { flags[$0] == 0 })
  }

  /// Layers without experts: those listed, and all but each so-many-eth.
  private mutating func readDenseLayers(
    _ fields: ConfigurationFields, _ traits: Architecture.Traits
  ) throws(CheckpointError) {
    guard traits.keys.used["decoder_sparse_step"] != nil else { return }
    let step = try fields.integer("decoder_sparse_step", in: 1...Bounds.layers.upperBound) ?? 1
    let listed = try fields.integers("mlp_only_layers", in: 0...Bounds.layers.upperBound) ?? []
    denseLayers = Set((0..<layers).filter { ($0 + 1) % step != 0 || listed.contains($0) })
    guard !denseLayers.isEmpty else { return }
    denseIntermediateSize = try fields.required("intermediate_size", in: Bounds.width)
  }

  static func architectureName(_ json: JSONValue, _ root: JSONValue, file: String)
    throws(CheckpointError) -> String
  {
    if case .string(let name)? = json[present: "model_type"] ?? root[present: "model_type"] {
      return name
    }
    if case .array(let names)? = root[present: "architectures"],
      case .string(let name)? = names.first
    {
      return name
    }
    throw CheckpointError(
      .missing, file: file, .field("model_type"), expected: "the family's name", found: "none")
  }

  /// A multimodal configuration ties its embeddings outside of `text_config`.
  private static func isTied(
    _ json: JSONValue, _ root: JSONValue, _ traits: Architecture.Traits,
    _ fields: ConfigurationFields
  ) throws(CheckpointError) -> Bool {
    let outer = ConfigurationKeys.wrapper.fields(of: root, file: fields.file)
    let own = try fields.bool("tie_word_embeddings")
    if root[present: "text_config"] != nil, let flag = try outer.bool("tie_word_embeddings") {
      return flag
    }
    return own ?? false
  }

  /// A list of another length is wrong even where the family does not read it.
  private static func checkLayerTypes(_ json: JSONValue, layers: Int, file: String)
    throws(CheckpointError)
  {
    guard let names = json[present: "layer_types"], names.array?.count != layers else { return }
    throw CheckpointError(
      .mismatch, file: file, .field("layer_types"), expected: "\(layers) entries, one a layer",
      found: names.array.map { "\($0.count)" } ?? names.kind)
  }

  private static func unknown(
    _ json: JSONValue, _ root: JSONValue, _ traits: Architecture.Traits, file: String
  ) throws(CheckpointError) -> [String] {
    guard root[present: "text_config"] != nil else {
      return try traits.keys.account(for: root, file: file)
    }
    return try ConfigurationKeys.wrapper.account(for: root, file: file)
      + traits.keys.account(for: json, file: file, prefix: "text_config.")
  }

  /// Names of `generation_config.json` that nothing here understands.
  private static func unknown(_ generation: JSONValue?) -> [String] {
    (generation?.members ?? []).map(\.name).filter {
      !ConfigurationKeys.sampling.contains($0) && !ConfigurationKeys.ofGeneration.contains($0)
    }.map { "generation_config.\($0)" }
  }

  /// The words of transformers for one function each; where both have a name, `gelu` is the exact one.
  private static func activation(_ fields: ConfigurationFields) throws(CheckpointError)
    -> ActivationFunction?
  {
    for name in ["hidden_activation", "hidden_act", "activation_function"] {
      switch try fields.string(name) {
      case nil: continue
      case "silu", "swish": return .silu
      case "gelu", "gelu_python": return .gelu
      case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate", "gelu_python_tanh":
        return .geluTanh
      case "quick_gelu": return .quickGelu
      case "relu": return .relu
      case .some(let other):
        throw fields.unsupported(
          name, "silu, gelu, gelu_new, gelu_pytorch_tanh, quick_gelu or relu", found: "'\(other)'")
      }
    }
    return nil
  }

  /// What ends a text; every file's value is read, so that a mistyped one is refused though another wins.
  private static func endTokens(
    _ fields: ConfigurationFields, _ root: JSONValue, _ generation: JSONValue?, file: String
  ) throws(CheckpointError) -> [Int] {
    var found: [Int]?
    if let generation {
      found = try ConfigurationFields(generation, file: generationFile(beside: file))
        .integers("eos_token_id", in: Bounds.tokens)
    }
    // What loses may be out of range: it ends nothing.
    func other(_ fields: ConfigurationFields) throws(CheckpointError) {
      let range = found == nil ? Bounds.tokens : Int.min...Int.max
      let tokens = try fields.integers("eos_token_id", in: range)
      found = found ?? tokens
    }
    if root[present: "text_config"] != nil { try other(ConfigurationFields(root, file: file)) }
    try other(fields)
    return found ?? []
  }

  /// The other file of a folder, for refusals.
  static func generationFile(beside file: String) -> String {
    (file.lastIndex(of: "/").map { String(file[...$0]) } ?? "") + "generation_config.json"
  }

  /// Sampling as `generation_config.json` has it, or where there is none the configuration.
  static func samplingDefaults(
    _ json: JSONValue, _ generation: JSONValue?, file: String
  ) throws(CheckpointError) -> SamplingDefaults? {
    guard let generation else { return try SamplingDefaults(json, file: file) }
    let other = generationFile(beside: file)
    guard case .object = generation else {
      throw CheckpointError(
        .damaged, file: other, .file, expected: "a JSON object", found: generation.kind, offset: 0)
    }
    return try SamplingDefaults(generation, file: other)
  }

  /// What no single field can show.
  func checkTogether(_ fields: ConfigurationFields) throws(CheckpointError) {
    guard !fields.isLenient else { return }
    func named(_ huggingFace: String, _ gguf: String) -> String {
      fields.listCount == nil ? huggingFace : gguf
    }
    let hasHeadDimension =
      try fields.has("head_dim") ? true : fields.has("attention.key_length")
    guard
      hasHeadDimension
        || architecture == "gemma3_text" || hiddenSize % heads == 0
    else {
      throw fields.wrong(
        named("num_attention_heads", "attention.head_count"),
        "a divisor of the hidden size \(hiddenSize)", found: "\(heads)")
    }
    guard heads % keyValueHeads == 0 else {
      throw fields.wrong(
        named("num_key_value_heads", "attention.head_count_kv"),
        "a divisor of the \(heads) attention heads",
        found: "\(keyValueHeads)")
    }
    guard experts == 0 || (1...experts).contains(expertsPerToken) else {
      throw fields.wrong(
        named("num_experts_per_tok", "expert_used_count"), "1 to \(experts), the experts there are",
        found: "\(expertsPerToken)")
    }
  }
}
