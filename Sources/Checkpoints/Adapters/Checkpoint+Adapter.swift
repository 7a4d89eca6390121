internal import Digests

extension Checkpoint {
  /// Opens a model and, where one is named, the adapter that goes with it.
  package static func open(_ path: String, adapter: String?) throws(CheckpointError) -> Checkpoint {
    let base = try open(path)
    guard let adapter else { return base }
    return try base.adapted(by: try Adapter.open(adapter))
  }

  /// This model with an adapter: its own tensors replaced where the adapter has them whole, everything else as it lies.
  func adapted(by adapter: Adapter) throws(CheckpointError) -> Checkpoint {
    if let name = adapter.architecture, !isArchitecture(name) {
      throw CheckpointError(
        .mismatch, file: adapter.path, .field("general.architecture"),
        expected: "\(configuration.architecture), the model's", found: "'\(name)'")
    }
    var adapted = self
    adapted.adapter = adapter
    adapted.files += adapter.files
    var hash = SHA256()
    hash.update("\(contentHash) \(adapter.contentHash)")
    adapted.contentHash = hash.hex()
    adapted.configuration.unknownFields += adapter.unknownFields
    let replacements = try replacements(adapter)
    guard !replacements.isEmpty else { return adapted }
    adapted.tensors = tensors.replacing(replacements)
    adapted.tensorNames += replacements.keys.filter { tensors.peek($0) == nil }
    return adapted
  }

  /// GGUF calls some families by others' names.
  private func isArchitecture(_ name: String) -> Bool {
    let own = configuration.architecture
    return Architecture.traits(of: name)?.name == own || (name, own) == ("llama", "mixtral")
      || (name, own) == ("olmo2", "olmo3")
  }

  /// The adapter's whole tensors, by the model's names.
  private func replacements(_ adapter: Adapter) throws(CheckpointError) -> [String: TensorEntry] {
    guard case .peft(let rules) = adapter.rules else { return [:] }
    var found: [String: TensorEntry] = [:]
    for name in adapter.replacementNames {
      guard let entry = adapter.tensors.peek(name) else { continue }
      let isBase = name.contains(".base_layer.")
      let plain = name.replacing(".base_layer.", with: ".")
      guard isBase || Self.ancestors(plain).contains(where: rules.saves) else { continue }
      guard let own = ownName(of: plain) else { throw unknownTarget(entry) }
      let module = own.hasSuffix(".weight") ? String(own.dropLast(".weight".count)) : own
      guard tensors.peek(module + ".scales") == nil else {
        throw entry.wrong(
          .unsupported, "a base that holds this module unquantised", "one that MLX packed")
      }
      _ = adapter.tensors[name]
      found[own] = entry
    }
    try check(found, adapter, rules)
    return found
  }

  private func check(
    _ found: [String: TensorEntry], _ adapter: Adapter, _ rules: AdapterConfiguration
  ) throws(CheckpointError) {
    let head = format == .gguf ? "output.weight" : "lm_head.weight"
    let heads = rules.saves("lm_head") ? [head] : []
    for name in tensorNames + heads
    where found[name] == nil && Self.ancestors(name).contains(where: rules.saves) {
      throw adapter.missing(name)
    }
    // PEFT would leave a tied head as it was.
    guard configuration.tiedEmbeddings, found[head] == nil, tensors.peek(head) == nil else {
      return
    }
    let embeddings = ["embed_tokens.weight", "wte.weight", "token_embd.weight"]
    for (name, entry) in found where embeddings.contains(where: name.hasSuffix) {
      guard let base = tensors.peek(name), entry.type == base.type, entry.shape == base.shape,
        entry.bytes.elementsEqual(base.bytes)
      else {
        throw entry.wrong(
          .unsupported, "the model's own embedding, which is its head too, or a head beside it",
          "another embedding")
      }
    }
  }

  /// The names of all modules that a tensor lies in.
  private static func ancestors(_ name: String) -> [String] {
    let parts = name.split(separator: ".")
    return (1..<max(parts.count, 1)).map { parts[..<$0].joined(separator: ".") }
  }

  /// This file's name of a tensor that transformers calls so; a head of its own may be added.
  ///
  /// - Returns: nil where there is none, and for what other formats store in another way than transformers.
  private func ownName(of name: String) -> String? {
    switch format {
    case .gguf: return Self.ggufNames[name]
    case .mlx where configuration.isGPT2 && name.contains(".c_"): return nil
    case .mlx, .safetensors: break
    }
    for prefix in ["", "transformer.", "model."] where name.hasPrefix(prefix) {
      let own = String(name.dropFirst(prefix.count))
      if tensors.peek(own) != nil { return own }
    }
    return name == "lm_head.weight" ? name : nil
  }

  private static let ggufNames = [
    "model.embed_tokens.weight": "token_embd.weight",
    "transformer.wte.weight": "token_embd.weight", "lm_head.weight": "output.weight",
  ]

  private func unknownTarget(_ entry: TensorEntry) -> CheckpointError {
    entry.wrong(
      .unsupported, "only tensors for modules that a \(configuration.architecture) model has here",
      "one for another")
  }

  /// Refuses an adapter of which the layers left a tensor unread.
  func refuseUnreadAdapter() throws(CheckpointError) {
    guard let adapter else { return }
    let untaken = adapter.tensors.untaken
    guard let name = adapter.tensorNames.first(where: untaken.contains),
      let entry = adapter.tensors.peek(name)
    else { return }
    throw unknownTarget(entry)
  }
}

extension Checkpoint {
  /// What the adapter adds to a matrix `[rows, columns]`, nil where there is none.
  ///
  /// - Parameter module: asked only where there is an adapter.
  package func update(_ module: @autoclosure () -> AdaptedModule, rows: Int, columns: Int)
    throws(CheckpointError) -> LowRankUpdate?
  {
    try adapter?.update(
      module(), rows: rows, columns: columns, isInterleaved: configuration.interleavedRotation)
  }

  /// What the adapter adds to an embedding `[rows, columns]`; its A has a row a token.
  package func embeddingUpdate(
    _ module: @autoclosure () -> AdaptedModule, rows: Int, columns: Int
  ) throws(CheckpointError) -> LowRankUpdate? {
    try adapter?.embeddingUpdate(module(), rows: rows, columns: columns)
  }

  /// What the adapter adds to the matrices of all experts of a layer, one an expert.
  package func expertUpdates(
    _ modules: [String], gguf: String, _ projection: ExpertProjection, _ fusion: ExpertFusion,
    count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [LowRankUpdate?] {
    try adapter?.expertUpdates(
      modules, gguf: gguf, projection, fusion, count: count, rows: rows, columns: columns)
      ?? Array(repeating: nil, count: count)
  }
}
