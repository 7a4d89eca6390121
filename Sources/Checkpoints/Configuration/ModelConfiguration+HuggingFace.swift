internal import JSON

extension ModelConfiguration {
  /// Reads `config.json` in both spellings (transformers 5 and before) and nested in `text_config`.
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
    let traits = Architecture.traits(of: name)
    let fields = ConfigurationFields(
      file: file,
      look: { (name: String) throws(CheckpointError) in
        json[name].flatMap(ConfigurationFields.Value.init)
      },
      isLenient: traits == nil)
    self.init(architecture: traits?.name ?? name)
    if isGemma { takeGemmaDefaults() }
    try readSizes(fields)
    try readArithmetic(fields, traits, root)
    try readSpans(fields)
    beginTokens = try fields.integers("bos_token_id", in: Bounds.tokens) ?? []
    endTokens = try Self.endTokens(fields, generation, file: file)
    try checkTogether(fields)
    if !isGPT2 { try readRopes(json, file: file, isLenient: fields.isLenient) }
  }

  var isGemma: Bool { architecture == "gemma3_text" }
  var isGPT2: Bool { architecture == "gpt2" }

  /// Published Gemma configurations leave out what equals transformers' defaults.
  private mutating func takeGemmaDefaults() {
    heads = 8
    keyValueHeads = 4
    headDimension = 256
    vocabularySize = 262_208
    contextLength = 131_072
    normEpsilon = 1e-6
    normWeightOffset = 1
    queryPreAttentionScalar = 256
  }

  private mutating func readSizes(_ fields: ConfigurationFields) throws(CheckpointError) {
    layers = try fields.required("num_hidden_layers", "n_layer", in: Bounds.layers)
    hiddenSize = try fields.required("hidden_size", "n_embd", in: Bounds.width)
    intermediateSize =
      if let width = try fields.integer("intermediate_size", "n_inner", in: Bounds.width) {
        width
      } else if isGPT2 { 4 * hiddenSize } else {
        try fields.required("intermediate_size", in: Bounds.width)
      }
    experts = try fields.integer("num_local_experts", "num_experts", in: Bounds.experts) ?? 0
    expertsPerToken =
      try fields.integer("num_experts_per_tok", "experts_per_token", in: Bounds.experts) ?? 0
    // Only Gemma's are known where the file is silent.
    if let count = try fields.integer("num_attention_heads", "n_head", in: Bounds.heads) {
      heads = count
    } else if !isGemma {
      heads = try fields.required("num_attention_heads", in: Bounds.heads)
    }
    let sharedHeads = try fields.integer("num_key_value_heads", in: Bounds.heads)
    keyValueHeads = sharedHeads ?? (isGemma ? keyValueHeads : heads)
    headDimension =
      try fields.integer("head_dim", in: Bounds.width)
      ?? (isGemma ? headDimension : max(hiddenSize / heads, 1))
    if let size = try fields.integer("vocab_size", in: Bounds.vocabulary) {
      vocabularySize = size
    } else if !isGemma {
      vocabularySize = try fields.required("vocab_size", in: Bounds.vocabulary)
    }
    let positions = ["max_position_embeddings", "n_positions", "n_ctx"]
    if let length = try fields.integer(positions, in: Bounds.context) {
      contextLength = length
    } else if !isGemma {
      contextLength = try fields.required("max_position_embeddings", in: Bounds.context)
    }
  }

  private mutating func readArithmetic(
    _ fields: ConfigurationFields, _ traits: Architecture.Traits?, _ root: JSONValue
  ) throws(CheckpointError) {
    let epsilons = ["rms_norm_eps", "layer_norm_epsilon", "layer_norm_eps"]
    normEpsilon = try fields.number(epsilons, in: 0...1) ?? normEpsilon
    embeddingScale = isGemma ? Float(hiddenSize).squareRoot() : 1
    swigluLimit =
      try fields.number("swiglu_limit", in: 0...1e9).map(Float.init)
      ?? (architecture == "gpt_oss" ? 7 : nil)
    attentionLogitSoftcap = try fields.number("attn_logit_softcapping", in: 0...1e9).map(Float.init)
    finalLogitSoftcap = try fields.number("final_logit_softcapping", in: 0...1e9).map(Float.init)
    queryPreAttentionScalar =
      try fields.number("query_pre_attn_scalar", in: 1e-6...1e9) ?? queryPreAttentionScalar
    tiedEmbeddings =
      try fields.bool("tie_word_embeddings") ?? Self.tie(root) ?? traits?.isTied ?? false
    attentionBias = try fields.bool("attention_bias") ?? traits?.hasAttentionBias ?? false
    mlpBias = try fields.bool("mlp_bias") ?? isGPT2
    activation = try Self.activation(fields, default: traits?.activation ?? .silu)
  }

  private static func architectureName(_ json: JSONValue, _ root: JSONValue, file: String)
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
  private static func tie(_ root: JSONValue) -> Bool? {
    if case .bool(let flag)? = root[present: "tie_word_embeddings"] { flag } else { nil }
  }

  private static func activation(
    _ fields: ConfigurationFields, default standard: Activation
  ) throws(CheckpointError) -> Activation {
    let name = try fields.string("hidden_activation", "hidden_act", "activation_function")
    switch name {
    case nil: return standard
    case "silu", "swish": return .silu
    case "gelu": return .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": return .geluTanh
    case "relu": return .relu
    case .some(let other):
      if fields.isLenient { return standard }
      throw fields.unsupported(
        "hidden_act", "silu, gelu, gelu_new, gelu_pytorch_tanh or relu", found: "'\(other)'")
    }
  }

  /// Which layers slide, and over how many keys.
  private mutating func readSpans(_ fields: ConfigurationFields) throws(CheckpointError) {
    attentionSpans = Array(repeating: .full, count: layers)
    guard try fields.bool("use_sliding_window") != false,
      let window = try fields.integer("sliding_window", in: Bounds.context)
    else { return }
    slidingWindow = window
    if let names = try fields.strings("layer_types") {
      attentionSpans = try Self.spans(names, fields, layers: layers)
      return
    }
    switch architecture {
    case "gpt_oss": slide { $0 % 2 == 0 }
    case "gemma3_text":
      let period =
        try fields.integer("sliding_window_pattern", "_sliding_window_pattern", in: 1...1_024) ?? 6
      slide { ($0 + 1) % period != 0 }
    case "mistral", "phi3": slide { _ in true }
    case "qwen2", "qwen3":
      let first = try fields.integer("max_window_layers", in: 0...Bounds.layers.upperBound) ?? 28
      slide { $0 >= first }
    default: slidingWindow = nil
    }
  }

  /// Lets the layers slide that the closure picks.
  mutating func slide(_ isSliding: (Int) -> Bool) {
    attentionSpans = (0..<layers).map { isSliding($0) ? .sliding : .full }
  }

  private static func spans(_ names: [String], _ fields: ConfigurationFields, layers: Int)
    throws(CheckpointError) -> [AttentionSpan]
  {
    guard names.count == layers else {
      throw fields.wrong("layer_types", "\(layers) entries, one a layer", found: "\(names.count)")
    }
    var spans: [AttentionSpan] = []
    for name in names {
      switch name {
      case "full_attention": spans.append(.full)
      case "sliding_attention": spans.append(.sliding)
      default:
        throw fields.unsupported(
          "layer_types", "full_attention or sliding_attention", found: "'\(name)'")
      }
    }
    return spans
  }

  private static func endTokens(
    _ fields: ConfigurationFields, _ generation: JSONValue?, file: String
  )
    throws(CheckpointError) -> [Int]
  {
    if let generation {
      let other = ConfigurationFields(
        file: file,
        look: { (name: String) throws(CheckpointError) in
          generation[name].flatMap(ConfigurationFields.Value.init)
        },
        isLenient: true)
      if let tokens = try other.integers("eos_token_id", in: Bounds.tokens) { return tokens }
    }
    return try fields.integers("eos_token_id", in: Bounds.tokens) ?? []
  }

  /// What no single field can show.
  func checkTogether(_ fields: ConfigurationFields) throws(CheckpointError) {
    guard !fields.isLenient else { return }
    guard heads % keyValueHeads == 0 else {
      throw fields.wrong(
        "num_key_value_heads", "a divisor of the \(heads) attention heads",
        found: "\(keyValueHeads)")
    }
    let hasHeadDimension =
      try fields.has("head_dim") ? true : fields.has("attention.key_length")
    guard
      hasHeadDimension
        || architecture == "gemma3_text" || hiddenSize % heads == 0
    else {
      throw fields.wrong(
        "num_attention_heads", "a divisor of the hidden size \(hiddenSize)", found: "\(heads)")
    }
    guard experts == 0 || (1...experts).contains(expertsPerToken) else {
      throw fields.wrong(
        "num_experts_per_tok", "1 to \(experts), the experts there are",
        found: "\(expertsPerToken)")
    }
  }
}
