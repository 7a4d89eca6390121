internal import JSON

/// What is read of a configuration whose weights are not: names and sizes as far as they are there, 0 where not.
extension ModelConfiguration {
  init(vocabularyOf root: JSONValue?, generation: JSONValue?, file: String) throws(CheckpointError)
  {
    let outer = root ?? .null
    let json = outer[present: "text_config"] ?? outer
    self.init(architecture: try Self.family(json, outer, file: file))
    let fields = ConfigurationFields(json, file: file)
    try readKnownSizes(
      fields, layers: ["num_hidden_layers", "n_layer"], width: ["hidden_size", "n_embd"],
      heads: ["num_attention_heads", "n_head"], keyValueHeads: ["num_key_value_heads"],
      context: ["max_position_embeddings", "n_positions"])
    vocabularySize = try fields.integer("vocab_size", in: Bounds.vocabulary) ?? 0
    samplingDefaults = try Self.samplingDefaults(json, generation, file: file)
  }

  init(vocabularyOf gguf: GGUFFile) throws(CheckpointError) {
    var name = ""
    if case .string(let text)? = gguf.fields["general.architecture"] { name = text }
    self.init(architecture: Architecture.traits(of: name)?.name ?? name)
    var fields = ConfigurationFields(
      file: gguf.mapping.path,
      look: { (key: String) throws(CheckpointError) in try gguf.value("\(name).\(key)") },
      isLenient: false)
    fields.listCount = try fields.integer("block_count", in: Bounds.layers) ?? 0
    try readKnownSizes(
      fields, layers: ["block_count"], width: ["embedding_length"], heads: ["attention.head_count"],
      keyValueHeads: ["attention.head_count_kv"], context: ["context_length"])
    vocabularySize = 0
    if case .array(let tokens)? = gguf.fields["tokenizer.ggml.tokens"] {
      vocabularySize = tokens.count
    }
    samplingDefaults = try SamplingDefaults(gguf)
  }

  private static func family(_ json: JSONValue, _ root: JSONValue, file: String)
    throws(CheckpointError) -> String
  {
    guard case .object = root else { return "" }
    let name = try architectureName(json, root, file: file)
    return Architecture.traits(of: name)?.name ?? name
  }

  private mutating func readKnownSizes(
    _ fields: ConfigurationFields, layers: [String], width: [String], heads: [String],
    keyValueHeads: [String], context: [String]
  ) throws(CheckpointError) {
    self.layers = try fields.integer(layers, in: Bounds.layers) ?? 0
    hiddenSize = try fields.integer(width, in: Bounds.width) ?? 0
    self.heads = try fields.integer(heads, in: Bounds.heads) ?? 0
    self.keyValueHeads = try fields.integer(keyValueHeads, in: Bounds.heads) ?? self.heads
    headDimension = self.heads > 0 ? hiddenSize / self.heads : 0
    contextLength = try fields.integer(context, in: Bounds.context) ?? 0
  }
}
