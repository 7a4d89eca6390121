/// A GGUF model: one file, the parts of a split one, or a folder with either in it.
enum GGUFFormat: WeightFormat {
  static func recognises(_ path: String) throws(CheckpointError) -> Bool {
    switch Fence.kind(of: path) {
    case .file:
      if path.hasSuffix(".gguf") { return true }
      return GGUFFile.recognises(try Mapping(path: path))
    case .directory:
      let names = try Fence.names(in: path)
      return !names.contains("config.json") && names.contains { $0.hasSuffix(".gguf") }
    case .nothing, .other: return false
    }
  }

  static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    let parts = try GGUFParts(try file(path))
    let gguf = parts.whole
    if case .string("adapter")? = gguf.fields["general.type"] {
      throw CheckpointError(
        .unsupported, file: path, .field("general.type"),
        expected: "a model (an adapter goes beside one: adapter_path, or --adapter)",
        found: "'adapter'")
    }
    let entries = gguf.tensors
    return Checkpoint(
      format: .gguf, path: path, fileBytes: parts.mappings.reduce(0) { $0 + $1.count },
      files: parts.mappings.map(\.stamp),
      configuration: try ModelConfiguration(gguf: gguf),
      chatTemplate: template(gguf), tokenizer: try tokenizer(gguf),
      quantization: quantization(gguf),
      contentHash: ContentHash.of(entries, files: parts.mappings, configuration: nil),
      tensorNames: entries.map(\.name),
      tensors: TensorTable(
        Dictionary(entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })),
      mlx: nil, isInputFirst: false)
  }

  static func holdsVocabulary(_ path: String) throws(CheckpointError) -> Bool {
    try recognises(path)
  }

  static func openVocabulary(_ path: String) throws(CheckpointError) -> Checkpoint {
    let file = try file(path)
    // Only the first part of a split model has metadata.
    let gguf = try GGUFFile(try Mapping(path: GGUFPartName(file)?.part(0) ?? file))
    return Checkpoint(
      format: .gguf, path: path, fileBytes: gguf.mapping.count, files: [],
      configuration: try ModelConfiguration(vocabularyOf: gguf), chatTemplate: template(gguf),
      tokenizer: try tokenizer(gguf), quantization: nil, contentHash: "", tensorNames: [],
      tensors: TensorTable([:]), mlx: nil, isInputFirst: false)
  }

  private static func candidates(_ directory: String) throws(CheckpointError) -> [String] {
    try Fence.names(in: directory).filter { $0.hasSuffix(".gguf") }
  }

  private static func file(_ path: String) throws(CheckpointError) -> String {
    guard Fence.kind(of: path) == .directory else { return path }
    let names = try candidates(path)
    // The parts of one split model count as one.
    let starts = names.filter { (GGUFPartName($0)?.index ?? 0) == 0 }
    let sets = Set(names.map { GGUFPartName($0)?.part(0) ?? $0 })
    guard let name = starts.first ?? names.first, sets.count == 1 else {
      throw CheckpointError(
        .unsupported, file: path, .file,
        expected: "one GGUF file in the folder, or the file's path",
        found: "\(names.count): \(names.prefix(4).joined(separator: ", "))")
    }
    return path + "/" + name
  }

  private static func template(_ gguf: GGUFFile) -> String? {
    if case .string(let text)? = gguf.fields["tokenizer.chat_template"] { text } else { nil }
  }

  /// The type that holds most of the numbers; K-quant mixtures by the name they were made under.
  private static func quantization(_ gguf: GGUFFile) -> String? {
    var counts: [String: Int] = [:]
    for entry in gguf.tensors { counts[entry.type.name, default: 0] += entry.elementCount }
    let most = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    guard let most, case .integer(let code)? = gguf.fields["general.file_type"],
      let mixture = mixtures[code], mixture.hasPrefix(most)
    else { return most }
    return mixture
  }

  /// `general.file_type` of mixtures (`enum llama_ftype`).
  private static let mixtures: [Int: String] = [
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M",
  ]

  static func tokenizer(_ gguf: GGUFFile) throws(CheckpointError) -> TokenizerSource {
    let prefix = "tokenizer.ggml."
    let fields = ConfigurationFields(
      file: gguf.mapping.path,
      look: { (key: String) throws(CheckpointError) in try gguf.value(prefix + key) },
      isLenient: false)
    guard let model = try fields.string("model") else { return .none }
    func array(_ key: String) throws(CheckpointError) -> GGUFArray? {
      switch gguf.fields[prefix + key] {
      case nil: return nil
      case .array(let array): return array
      case .some(let other): throw fields.wrong(prefix + key, "an array", found: other.kind)
      }
    }
    func strings(_ key: String) throws(CheckpointError) -> [String] {
      guard let array = try array(key) else { return [] }
      return try gguf.strings(array, prefix + key)
    }
    let tokens = try strings("tokens")
    func perToken<Value>(_ key: String, _ values: [Value]) throws(CheckpointError) -> [Value] {
      guard values.isEmpty || values.count == tokens.count else {
        throw fields.wrong(prefix + key, "\(tokens.count), one a token", found: "\(values.count)")
      }
      return values
    }
    let scores = try array("scores")
    let types = try array("token_type")
    let ids = 0...max(tokens.count - 1, 0)
    return .gguf(
      GGUFTokenizer(
        model: model, pre: try fields.string("pre"), tokens: tokens,
        scores: try perToken(
          "scores",
          try scores.map { (array: GGUFArray) throws(CheckpointError) in
            try gguf.floats(array, prefix + "scores")
          } ?? []),
        tokenTypes: try perToken(
          "token_type",
          try types.map { (array: GGUFArray) throws(CheckpointError) in
            try gguf.integers(array, prefix + "token_type")
          } ?? []),
        merges: try strings("merges"),
        beginToken: try fields.integer("bos_token_id", in: ids),
        endToken: try fields.integer("eos_token_id", in: ids),
        endOfTurnToken: try fields.integer("eot_token_id", in: ids),
        endOfMessageToken: try fields.integer("eom_token_id", in: ids),
        unknownToken: try fields.integer("unknown_token_id", in: ids),
        paddingToken: try fields.integer("padding_token_id", in: ids),
        separatorToken: try fields.integer("seperator_token_id", "separator_token_id", in: ids),
        addsBegin: try fields.bool("add_bos_token"), addsEnd: try fields.bool("add_eos_token"),
        addsSpacePrefix: try fields.bool("add_space_prefix"),
        removesExtraBlanks: try fields.bool("remove_extra_whitespaces"),
        charsmap: try array("precompiled_charsmap").map {
          (array: GGUFArray) throws(CheckpointError) in
          try gguf.integers(array, prefix + "precompiled_charsmap").map {
            UInt8(truncatingIfNeeded: $0)
          }
        } ?? [],
        lowercases: try fields.bool("normalizer.lowercase"),
        stripsAccents: try fields.bool("normalizer.strip_accents"), modelName: gguf.modelName))
  }
}

extension GGUFFile {
  fileprivate var modelName: String? {
    if case .string(let name)? = fields["general.name"] { name } else { nil }
  }
}
