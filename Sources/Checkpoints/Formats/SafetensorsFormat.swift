internal import JSON

/// A Hugging Face or MLX folder: `config.json`, one or several `.safetensors`, tokenizer files.
enum SafetensorsFormat: WeightFormat {
  static let shardLimit = 4_096

  static func recognises(_ path: String) throws(CheckpointError) -> Bool {
    switch Fence.kind(of: path) {
    case .file: path.hasSuffix(".safetensors")
    case .directory: Fence.kind(of: path + "/config.json") == .file
    case .nothing, .other: false
    }
  }

  static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    let place = try ShardList(path)
    let configPath = place.directory + "/config.json"
    let configFile = try Mapping(path: configPath)
    let config = try JSONFile.read(configFile)
    try refuseForeignQuantization(config, file: configPath)
    let files = try shards(place)
    let entries = files.flatMap(\.tensors)
    let mlx = try MLXQuantization(config, file: configPath)
    let isMLX = mlx != nil || files.contains { $0.writer == "mlx" }
    let configuration = try ModelConfiguration(
      huggingFace: config, generation: try optionalJSON(place.directory, "generation_config.json"),
      file: configPath)
    return Checkpoint(
      format: isMLX ? .mlx : .safetensors, path: path,
      fileBytes: files.reduce(0) { $0 + $1.mapping.count },
      files: [configFile.stamp] + files.map(\.mapping.stamp),
      configuration: configuration,
      chatTemplate: try ChatTemplateFiles.template(in: place.directory),
      tokenizer: Fence.kind(of: place.directory + "/tokenizer.json") == .file
        ? .directory(place.directory) : .none,
      quantization: mlx?.label ?? label(entries),
      contentHash: ContentHash.of(entries, files: files.map(\.mapping), configuration: configFile),
      tensorNames: entries.map(\.name),
      tensors: TensorTable(try byName(entries)),
      mlx: mlx, isInputFirst: !isMLX)
  }

  static func holdsVocabulary(_ path: String) throws(CheckpointError) -> Bool {
    Fence.kind(of: directory(of: path) + "/tokenizer.json") == .file
  }

  static func openVocabulary(_ path: String) throws(CheckpointError) -> Checkpoint {
    let directory = directory(of: path)
    let config = try optionalJSON(directory, "config.json")
    return Checkpoint(
      format: .safetensors, path: path,
      fileBytes: try Mapping(path: directory + "/tokenizer.json").count, files: [],
      configuration: try ModelConfiguration(
        vocabularyOf: config,
        generation: try optionalJSON(directory, "generation_config.json"),
        file: directory + "/config.json"),
      chatTemplate: try ChatTemplateFiles.template(in: directory),
      tokenizer: .directory(directory), quantization: nil, contentHash: "", tensorNames: [],
      tensors: TensorTable([:]), mlx: nil, isInputFirst: false)
  }

  private static func directory(of path: String) -> String {
    guard Fence.kind(of: path) != .directory else { return path }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
  }

  private static func shards(_ place: ShardList) throws(CheckpointError) -> [SafetensorsFile] {
    var files: [SafetensorsFile] = []
    for name in place.files {
      files.append(try SafetensorsFile(try Mapping(path: place.directory + "/" + name)))
    }
    try place.check(files)
    return files
  }

  private static func byName(_ entries: [TensorEntry]) throws(CheckpointError)
    -> [String: TensorEntry]
  {
    var tensors: [String: TensorEntry] = [:]
    for entry in entries {
      guard let other = tensors.updateValue(entry, forKey: entry.name) else { continue }
      throw entry.wrong(
        .damaged, "every name in one file", "it also in \(other.mapping.path)")
    }
    return tensors
  }

  static func optionalJSON(_ directory: String, _ name: String) throws(CheckpointError)
    -> JSONValue?
  {
    let path = directory + "/" + name
    guard Fence.kind(of: path) == .file else { return nil }
    return try JSONFile.read(try Mapping(path: path))
  }

  /// Refuses GPTQ, AWQ, bitsandbytes, FP8, compressed-tensors and all other weights that would read as nonsense.
  private static func refuseForeignQuantization(_ root: JSONValue, file: String)
    throws(CheckpointError)
  {
    for (json, prefix) in [(root, ""), (root[present: "text_config"] ?? .null, "text_config.")] {
      if json[present: "compression_config"] != nil {
        throw foreign(file, prefix + "compression_config", "compressed-tensors")
      }
      let name = prefix + "quantization_config"
      guard let config = json[present: "quantization_config"] else { continue }
      guard let members = config.members else {
        throw CheckpointError(
          .damaged, file: file, .field(name), expected: "an object", found: config.kind)
      }
      switch config["quant_method"] {
      case .string("mxfp4")?: continue
      case .string(let method)?: throw foreign(file, name + ".quant_method", "'\(method)'")
      case let other? where !other.isNull:
        throw foreign(file, name + ".quant_method", other.kind)
      default:
        // MLX's has a group size and no method; an empty one says nothing.
        guard members.isEmpty || config[present: "group_size"] != nil else {
          throw foreign(file, name, members.prefix(4).map(\.name).joined(separator: ", "))
        }
      }
    }
  }

  private static func foreign(_ file: String, _ field: String, _ found: String) -> CheckpointError {
    CheckpointError(
      .unsupported, file: file, .field(field),
      expected: "mxfp4, or MLX's quantisation with group_size and bits", found: found)
  }

  /// The dtype that holds most of the bytes; packed experts by their format's name.
  private static func label(_ entries: [TensorEntry]) -> String? {
    if entries.contains(where: { $0.name.hasSuffix("_blocks") && $0.type == .u8 }) {
      return "MXFP4"
    }
    var bytes: [String: Int] = [:]
    for entry in entries { bytes[entry.type.name, default: 0] += entry.range.count }
    return bytes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

  /// The published gpt2 stores its causal masks: no parameters.
  static func isMask(_ entry: TensorEntry) -> Bool {
    entry.type == .bool || entry.name.hasSuffix(".masked_bias")
      || (entry.shape.count == 4 && entry.name.hasSuffix(".attn.bias"))
  }
}
