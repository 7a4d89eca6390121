internal import JSON

/// `adapter_config.json` of a PEFT adapter: its ranks, what it is scaled by, and which modules it says it adapts.
struct AdapterConfiguration: Sendable {
  private let rank: Int
  private let alpha: Double
  /// Whether alpha is divided by the root of the rank (rank-stabilised LoRA) instead of by the rank.
  private let usesRootOfRank: Bool
  private var ranks: [(pattern: AdapterPattern, rank: Int)] = []
  private var alphas: [(pattern: AdapterPattern, alpha: Double)] = []
  /// Modules that must be adapted, by the end of their names; nil where an expression chooses them.
  private let targets: [String]?
  private let excluded: [String]?
  private let layers: Set<Int>?
  /// Modules that are saved whole, by the end of their names, be it amid a word as PEFT takes it.
  let savedModules: [String]
  let unknownFields: [String]

  init(_ json: JSONValue, file: String) throws(CheckpointError) {
    let keys = ConfigurationKeys.peft
    let fields = keys.fields(of: json, file: file)
    let kind = try fields.string("peft_type") ?? "none"
    guard kind == "LORA" else {
      throw fields.unsupported("peft_type", "LORA", found: kind)
    }
    unknownFields = try keys.account(for: json, file: file, prefix: "adapter_config.")
    rank = try fields.required("r", in: Self.rankRange)
    alpha = try fields.number("lora_alpha", in: Self.alphaRange) ?? 8
    usesRootOfRank = try fields.bool("use_rslora") ?? false
    (targets, _) = try Self.names(fields, "target_modules")
    let (excluded, isPattern) = try Self.names(fields, "exclude_modules")
    // What an expression leaves out is not known here.
    self.excluded = isPattern ? nil : excluded ?? []
    layers = try fields.integers("layers_to_transform", in: ModelConfiguration.Bounds.tokens)
      .map(Set.init)
    savedModules = try fields.strings("modules_to_save") ?? []
    for (name, pattern, value) in try Self.patterns(json, "rank_pattern", fields) {
      let inner = Self.fields(value, name, file)
      ranks.append((pattern, try inner.required(name, in: Self.rankRange)))
    }
    for (name, pattern, value) in try Self.patterns(json, "alpha_pattern", fields) {
      let inner = Self.fields(value, name, file)
      guard let number = try inner.number(name, in: Self.alphaRange) else {
        throw inner.wrong(name, "a number", found: "null")
      }
      alphas.append((pattern, number))
    }
  }

  private static let rankRange = 1...65_536
  private static let alphaRange = -1e9...1e9

  func rank(of module: String) -> Int {
    ranks.first { $0.pattern.matches(module) }?.rank ?? rank
  }

  /// What `B(A x)` is multiplied by.
  func scale(of module: String) -> Float {
    let alpha = alphas.first { $0.pattern.matches(module) }?.alpha ?? alpha
    let rank = Double(rank(of: module))
    return Float(alpha / (usesRootOfRank ? rank.squareRoot() : rank))
  }

  /// Whether the configuration says that this linear module of the model is adapted; false also where it can't be told.
  func targets(_ module: String) -> Bool {
    guard let targets, let excluded, Self.isNamed(module, targets),
      !Self.isNamed(module, excluded)
    else { return false }
    guard let layers else { return true }
    let number = module.split(separator: ".").lazy.compactMap { Int($0) }.first
    return number.map(layers.contains) ?? false
  }

  func saves(_ module: String) -> Bool { savedModules.contains(where: module.hasSuffix) }

  /// True for a name, or one that ends in it behind a dot.
  private static func isNamed(_ module: String, _ names: [String]) -> Bool {
    names.contains { module == $0 || module.hasSuffix("." + $0) }
  }

  /// A list of names, or one expression that nothing here reads.
  private static func names(_ fields: ConfigurationFields, _ name: String)
    throws(CheckpointError) -> ([String]?, isPattern: Bool)
  {
    if case .string? = try fields.look(name) { return (nil, true) }
    return (try fields.strings(name), false)
  }

  private static func patterns(_ json: JSONValue, _ field: String, _ fields: ConfigurationFields)
    throws(CheckpointError) -> [(name: String, AdapterPattern, JSONValue)]
  {
    guard let value = json[present: field] else { return [] }
    guard let members = value.members else {
      throw fields.wrong(field, "an object", found: value.kind)
    }
    var patterns: [(name: String, AdapterPattern, JSONValue)] = []
    for member in members {
      let name = "\(field).\(member.name)"
      guard let pattern = AdapterPattern(member.name) else {
        throw fields.unsupported(
          name, "a module's name or its end, with no more of an expression than . \\. \\d * + ^",
          found: "another expression")
      }
      patterns.append((name, pattern, member.value))
    }
    return patterns
  }

  private static func fields(_ value: JSONValue, _ name: String, _ file: String)
    -> ConfigurationFields
  {
    ConfigurationFields(
      file: file, look: { (_: String) throws(CheckpointError) in ConfigurationFields.Value(value) },
      isLenient: false)
  }
}

extension ConfigurationKeys {
  /// Every name of PEFT's `LoraConfig`.
  static let peft = ConfigurationKeys(
    used: [
      "peft_type": nil, "r": 8, "lora_alpha": 8, "use_rslora": false, "target_modules": nil,
      "exclude_modules": nil, "layers_to_transform": nil, "rank_pattern": nil,
      "alpha_pattern": nil, "modules_to_save": nil,
    ],
    fixed: [
      // Arithmetic that is not computed here.
      "use_dora": [.bool(false)], "bias": [.string("none")], "lora_bias": [.bool(false)],
      "use_qalora": [.bool(false)], "use_bdlora": [], "layer_replication": [],
      "trainable_token_indices": [], "alora_invocation_tokens": [], "arrow_config": [],
      "kasa_config": [], "velora_config": [], "monteclora_config": [], "megatron_config": [],
      "ensure_weight_tying": [.bool(false)],
      // Beginnings that change the base's own weights (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA).
      "init_lora_weights": [
        .bool(true), .bool(false), .string("gaussian"), .string("eva"), .string("orthogonal"),
      ],
      "corda_config": [], "lora_ga_config": [],
      "loftq_config": [.other("an object without members")],
    ],
    idle: [
      "task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision",
      "inference_mode", "lora_dropout", "eva_config", "megatron_core", "qalora_group_size",
      "runtime_config",
      // How a merge into the base would lie; A and B are stored alike either way.
      "fan_in_fan_out",
      // Which parameters and layers were adapted: the file's tensors are those.
      "target_parameters", "layers_pattern",
    ])
}
