internal import JSON

extension Adapter {
  /// A PEFT folder.
  static func openPEFT(_ folder: String, weights: String, path: String) throws(CheckpointError)
    -> Adapter
  {
    let configuration = try Mapping(path: folder + "/adapter_config.json")
    guard Fence.kind(of: weights) == .file else {
      throw CheckpointError(
        .missing, file: weights, .file,
        expected: "the adapter's weights as safetensors (not adapter_model.bin)", found: "no file")
    }
    let rules = try AdapterConfiguration(
      try JSONFile.read(configuration), file: configuration.path)
    let file = try SafetensorsFile(try Mapping(path: weights))
    let named = file.tensors.map { (canonical($0.name), $0) }
    return Adapter(
      format: .peft, path: path, files: [configuration.stamp, file.mapping.stamp],
      fileBytes: file.mapping.count, unknownFields: rules.unknownFields,
      contentHash: ContentHash.of(
        file.tensors, files: [file.mapping], configuration: configuration),
      tensors: TensorTable(try unique(named)), tensorNames: named.map(\.0), rules: .peft(rules),
      architecture: nil)
  }

  /// A GGUF file as llama.cpp's `convert_lora_to_gguf.py` writes it.
  static func openGGUF(_ mapping: Mapping, path: String) throws(CheckpointError) -> Adapter {
    let gguf = try GGUFFile(mapping)
    let fields = ConfigurationFields(
      file: mapping.path, look: { (key: String) throws(CheckpointError) in try gguf.value(key) },
      isLenient: false)
    for (key, wanted) in [("general.type", "adapter"), ("adapter.type", "lora")] {
      let found = try fields.string(key)
      guard found == wanted else {
        throw fields.unsupported(key, "'\(wanted)'", found: found.map { "'\($0)'" } ?? "none")
      }
    }
    guard let architecture = try fields.string("general.architecture") else {
      throw fields.wrong("general.architecture", "the family's name", found: "none")
    }
    let alpha = try fields.number("adapter.lora.alpha", in: -1e9...1e9)
    guard let alpha else { throw fields.wrong("adapter.lora.alpha", "a number", found: "none") }
    let keys = ConfigurationKeys.ggufAdapter
    var unknown: [String] = []
    for name in gguf.fields.keys.sorted() {
      if let values = keys.fixed[name] {
        try keys.check(name, try gguf.value(name), values, mapping.path)
      } else if !keys.knows(name),
        name.hasPrefix("adapter.") || !ConfigurationKeys.isCommon(name)
      {
        unknown.append(name)
      }
    }
    return Adapter(
      format: .gguf, path: path, files: [mapping.stamp], fileBytes: mapping.count,
      unknownFields: unknown,
      contentHash: ContentHash.of(gguf.tensors, files: [mapping], configuration: nil),
      tensors: TensorTable(try unique(gguf.tensors.map { ($0.name, $0) })),
      tensorNames: gguf.tensors.map(\.name), rules: .gguf(alpha: alpha),
      architecture: architecture)
  }

  /// Without what PEFT's wrappers put in front of the model's own name.
  private static func canonical(_ name: String) -> String {
    let wrapper = "base_model.model."
    let own = name.hasPrefix(wrapper) ? String(name.dropFirst(wrapper.count)) : name
    return TensorNames.canonical(own)
  }

  private static func unique(_ entries: [(String, TensorEntry)]) throws(CheckpointError)
    -> [String: TensorEntry]
  {
    var table: [String: TensorEntry] = [:]
    for (name, entry) in entries where table.updateValue(entry, forKey: name) != nil {
      throw entry.wrong(.damaged, "every tensor once", "it twice")
    }
    return table
  }
}

extension ConfigurationKeys {
  /// Names of a GGUF adapter besides `general.*`.
  static let ggufAdapter = ConfigurationKeys(
    used: ["adapter.type": nil, "adapter.lora.alpha": nil],
    // An update that only begins behind certain tokens.
    fixed: ["adapter.alora.invocation_tokens": []],
    // What to write before a prompt for it: the caller's.
    idle: ["adapter.lora.task_name", "adapter.lora.prompt_prefix"])
}
