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
    let traits = Self.traits(of: name, gguf)
    var fields = ConfigurationFields(
      file: file,
      look: { (key: String) throws(CheckpointError) in
        try gguf.value(key.hasPrefix("tokenizer.") ? key : "\(name).\(key)")
      },
      isLenient: traits == nil)
    self.init(architecture: traits?.name ?? name)
    layers = try fields.required("block_count", in: Bounds.layers)
    fields.listCount = layers
    interleavedRotation = Self.interleaved.contains(name)
    turnsNeighbours = traits?.turnsNeighbours ?? false
    activation = traits?.activation ?? .silu
    if let traits { unknownFields = try ConfigurationKeys.account(for: gguf, traits, name) }
    try readSizes(fields)
    vocabularySize = try Self.vocabulary(gguf, fields)
    try readArithmetic(fields)
    try readScales(fields)
    if traits?.name == "smollm3" {
      // llama.cpp knows no other.
      unrotatedLayers = Set((0..<layers).filter { ($0 + 1) % 4 == 0 })
    }
    try readSpans(fields, traits)
    if traits?.unrotatesFullLayers == true {
      unrotatedLayers = Set((0..<layers).filter { attentionSpans[$0] == .full })
    }
    readTensors(Set(gguf.tensors.map(\.name)))
    try readTokens(fields)
    samplingDefaults = try SamplingDefaults(gguf)
    try checkTogether(fields)
    try RopeConfiguration.refuseFactors(gguf, fields, architecture: name)
    if !isGPT2 { try readRopes(gguf, fields, name) }
  }

  private var isGPTOSS: Bool { architecture == "gpt_oss" }
  private var usesLayerNorm: Bool { isGPT2 || isCohere || architecture == "stablelm" }

  /// Architectures whose q and k the converter reorders so that neighbours rotate together.
  static let interleaved: Set<String> = ["llama", "granite", "smollm3"]

  /// The family of a file; some share a name there and differ by what the file holds.
  private static func traits(of name: String, _ gguf: GGUFFile) -> Architecture.Traits? {
    func isPositive(_ key: String) -> Bool {
      if case .integer(let count)? = gguf.fields["\(name).\(key)"] { count > 0 } else { false }
    }
    if name == "llama", isPositive("expert_count") { return Architecture.traits(of: "mixtral") }
    if name == "olmo2", isPositive("attention.sliding_window") {
      return Architecture.traits(of: "olmo3")
    }
    return Architecture.traits(of: name)
  }

  private mutating func readSizes(_ fields: ConfigurationFields) throws(CheckpointError) {
    hiddenSize = try fields.required("embedding_length", in: Bounds.width)
    heads = try fields.required("attention.head_count", in: Bounds.heads)
    keyValueHeads = try fields.integer("attention.head_count_kv", in: Bounds.heads) ?? heads
    headDimension =
      try fields.integer("attention.key_length", in: Bounds.width) ?? max(hiddenSize / heads, 1)
    let values = try fields.integer("attention.value_length", in: Bounds.width)
    guard values == nil || values == headDimension else {
      throw fields.unsupported(
        "attention.value_length", "\(headDimension), the keys' length",
        found: "\(values ?? 0)")
    }
    experts = try fields.integer("expert_count", in: Bounds.experts) ?? 0
    expertsPerToken = try fields.integer("expert_used_count", in: Bounds.experts) ?? 0
    let expertWidth = try fields.integer("expert_feed_forward_length", in: Bounds.width)
    let width = try fields.integer("feed_forward_length", in: Bounds.width)
    intermediateSize =
      if experts > 0, let expertWidth { expertWidth } else if let width { width } else {
        try fields.required("feed_forward_length", in: Bounds.width)
      }
    sharedExpertSize =
      try fields.integer("expert_shared_feed_forward_length", in: Bounds.width) ?? 0
    contextLength = try fields.required("context_length", in: Bounds.context)
  }

  private mutating func readArithmetic(_ fields: ConfigurationFields) throws(CheckpointError) {
    let epsilons = [
      "attention.layer_norm_\(usesLayerNorm ? "" : "rms_")epsilon",
      "attention.layer_norm_\(usesLayerNorm ? "rms_" : "")epsilon",
    ]
    // Nothing says what a file that leaves it out was trained with.
    guard let epsilon = try fields.number(epsilons, in: 0...1) ?? (fields.isLenient ? 0 : nil)
    else {
      throw CheckpointError(
        .missing, file: fields.file, .field(epsilons[0]), expected: "a number",
        found: "none")
    }
    normEpsilon = epsilon
    swigluLimit = isGPTOSS ? 7 : nil
    let isGemma2 = architecture == "gemma2"
    finalLogitSoftcap = try cap(fields, "final_logit_softcapping", standard: isGemma2 ? 30 : nil)
    if isGemma2 {
      attentionLogitSoftcap = try cap(fields, "attn_logit_softcapping", standard: 50)
    }
    // Only the largest Gemma 2 (46 layers) and 3 (62) scale their queries by another number than the head's width.
    let isLargest = layers == (isGemma2 ? 46 : 62)
    queryPreAttentionScalar =
      isGemma ? Double(isLargest ? hiddenSize / heads : headDimension) : nil
    normalizesExpertWeights = architecture != "qwen2_moe"
  }

  /// A cap of scores; 0 means none.
  private func cap(_ fields: ConfigurationFields, _ name: String, standard: Float?)
    throws(CheckpointError) -> Float?
  {
    let cap = try fields.number(name, in: 0...1e9).map(Float.init) ?? standard
    return cap == 0 ? nil : cap
  }

  /// Granite's four scales, and Cohere's of the scores; 0 stands for none, as in llama.cpp.
  private mutating func readScales(_ fields: ConfigurationFields) throws(CheckpointError) {
    embeddingScale = isGemma ? Float(hiddenSize).squareRoot() : 1
    func scale(_ name: String) throws(CheckpointError) -> Double? {
      let value = try fields.number(name, in: -1e9...1e9)
      return value == 0 ? nil : value
    }
    if isCohere {
      if architecture == "cohere2", try !fields.has("logit_scale") {
        throw fields.wrong("logit_scale", "what scores are multiplied by", found: "none")
      }
      scoreScale = try scale("logit_scale").map(Float.init) ?? 1
    }
    guard architecture == "granite" else { return }
    embeddingScale = try scale("embedding_scale").map(Float.init) ?? 1
    residualScale = try scale("residual_scale").map(Float.init) ?? 1
    attentionScale = try scale("attention.scale")
    scoreScale = try scale("logit_scale").map { Float(1 / $0) } ?? 1
  }

  private mutating func readSpans(_ fields: ConfigurationFields, _ traits: Architecture.Traits?)
    throws(CheckpointError)
  {
    slide { _ in false }
    let window =
      try fields.integer("attention.sliding_window", in: 0...Bounds.context.upperBound)
      ?? (architecture == "gemma2" ? 4_096 : nil)
    guard let window, window > 0 else {
      // No window would also say that no layer turns.
      guard traits?.unrotatesFullLayers != true else {
        throw fields.wrong(
          "attention.sliding_window", "the keys that sliding layers see",
          found: window.map { "\($0)" } ?? "none")
      }
      return
    }
    slidingWindow = window
    let key = "attention.sliding_window_pattern"
    // Either one flag a layer or the period of the layers that see everything.
    if case .bools? = try fields.look(key), let flags = try fields.bools(key) {
      guard flags.count == layers else {
        throw fields.wrong(key, "\(layers) flags, one a layer", found: "\(flags.count)")
      }
      return slide { flags[$0] }
    }
    var standard = 1
    if case .allBut(let every)? = traits?.windows { standard = every }
    let period = try fields.integer(key, in: 1...1_024) ?? standard
    slide { period == 1 || ($0 + 1) % period != 0 }
  }

  /// What only the presence of tensors tells.
  private mutating func readTensors(_ names: Set<String>) {
    tiedEmbeddings = !names.contains("output.weight")
    guard isCohere || architecture == "stablelm" else { return }
    normalizesHeads = nil
    // Converted files may call a StableLM parallel that is not; its norms tell, as in llama.cpp.
    parallelBlocks = isCohere || !names.contains("blk.0.ffn_norm.weight")
  }

  private mutating func readTokens(_ fields: ConfigurationFields) throws(CheckpointError) {
    let begin = try fields.integer("tokenizer.ggml.bos_token_id", in: Bounds.tokens)
    beginTokens = begin.map { [$0] } ?? []
    for key in ["eos_token_id", "eot_token_id", "eom_token_id"] {
      if let token = try fields.integer("tokenizer.ggml.\(key)", in: Bounds.tokens),
        !endTokens.contains(token)
      {
        endTokens.append(token)
      }
    }
  }

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

  private mutating func readRopes(
    _ gguf: GGUFFile, _ fields: ConfigurationFields, _ name: String
  ) throws(CheckpointError) {
    let full = try RopeConfiguration(
      gguf, fields, architecture: name, headDimension: headDimension, contextLength: contextLength,
      truncates: !isGPTOSS)
    guard !(interleavedRotation || turnsNeighbours) || full.rotaryDimension == headDimension else {
      throw fields.unsupported(
        "rope.dimension_count", "\(headDimension), for this family turns whole heads",
        found: "\(full.rotaryDimension)")
    }
    rope = full
    let base = try fields.number("rope.freq_base_swa", in: RopeConfiguration.thetas)
    guard slidingWindow != nil else { return }
    // OLMo's sliding layers turn by the same base, never stretched.
    let standard: Double? =
      switch architecture {
      case "gemma3_text": 10_000
      case "olmo3": full.theta
      default: nil
      }
    guard let theta = base ?? standard else { return }
    slidingRope = RopeConfiguration(
      theta: theta, rotaryDimension: full.rotaryDimension, scaling: .none)
  }
}

extension GGUFFile {
  func tensor(_ name: String) -> TensorEntry? { tensors.first { $0.name == name } }

  /// A metadata value as configurations are read; arrays only where they are short.
  func value(_ key: String) throws(CheckpointError) -> ConfigurationFields.Value? {
    switch fields[key] {
    case nil: return nil
    case .integer(let value): return .integer(value)
    case .unsigned(let value): return .other("\(value)")
    case .nested(let count): return .other("an array of \(count) arrays")
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
      case .bool: return .bools(try booleans(array, key))
      default: return .integers(try integers(array, key))
      }
    }
  }
}
