internal import Checkpoints
internal import Tensors

/// A place in a checkpoint's tree of names: the only way a family reads weights.
///
/// Every weight is asked for by both its names, Hugging Face's and GGUF's, where it is used; the scope knows which
/// of them this file has.
struct WeightScope {
  let checkpoint: Checkpoint
  private let prefix: String
  /// Where Hugging Face's names begin, and the way from there to here: adapters go by them whatever the file's format.
  private let roots: [String]
  private let path: String

  private var isGGUF: Bool { checkpoint.format == .gguf }

  /// The top of the tree; `roots` are prefixes that Hugging Face files of a family may have.
  init(
    _ checkpoint: Checkpoint, roots: [String] = ["model."], probe: String = "embed_tokens.weight"
  ) {
    self.checkpoint = checkpoint
    let known = roots.first { checkpoint.tensor($0 + probe) != nil }
    prefix = checkpoint.format == .gguf ? "" : known ?? roots.first ?? ""
    self.roots = roots
    path = ""
  }

  private init(_ scope: WeightScope, prefix: String, path: String) {
    checkpoint = scope.checkpoint
    self.prefix = prefix
    roots = scope.roots
    self.path = path
  }

  /// The scope of one block.
  func block(_ layer: Int, _ name: String = "layers") -> WeightScope {
    WeightScope(
      self, prefix: isGGUF ? "blk.\(layer)." : "\(prefix)\(name).\(layer).",
      path: "\(path)\(name).\(layer).")
  }

  /// The name in this file.
  func name(_ huggingFace: String, _ gguf: String) -> String {
    prefix + (isGGUF ? gguf : huggingFace)
  }

  /// The names that an adapter may have for a module.
  func adapted(_ huggingFace: String, _ gguf: String, headDimension: Int? = nil) -> AdaptedModule {
    let names = roots.map { $0 + path + huggingFace }
    // Published Mixtral files and transformers name the module of experts apart.
    let others = names.map {
      $0.contains(".block_sparse_moe.")
        ? $0.replacing(".block_sparse_moe.", with: ".mlp.")
        : $0.replacing(".mlp.", with: ".block_sparse_moe.")
    }
    return AdaptedModule(
      huggingFace: names + others.filter { !names.contains($0) }, gguf: ggufPrefix + gguf,
      headDimension: headDimension)
  }

  /// GGUF's name of this block, whatever the file's format.
  private var ggufPrefix: String {
    path.split(separator: ".").last.map { "blk.\($0)." } ?? ""
  }

  func has(_ huggingFace: String, _ gguf: String) -> Bool {
    checkpoint.tensor(name(huggingFace, gguf)) != nil
  }

  /// The refusal of a checkpoint that has no tensor of that name.
  func missing(_ huggingFace: String, _ gguf: String) -> CheckpointError {
    CheckpointError(
      .missing, file: checkpoint.path, .tensor(name(huggingFace, gguf)),
      expected: "a tensor of this name", found: "none")
  }

  /// A weight matrix `[rows, columns]`.
  func matrix(
    _ huggingFace: String, _ gguf: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    try checkpoint.matrix(name(huggingFace, gguf), rows: rows, columns: columns)
  }

  /// A matrix with its bias.
  ///
  /// - Parameters:
  ///   - hasBias: what the configuration says; nil takes a bias where the file has one. A bias that is there
  ///     though it should not be stays unread, and the checkpoint is refused for it.
  ///   - headDimension: of projections to heads that rotate, whose rows files order in two ways.
  func linear(
    _ huggingFace: String, _ gguf: String, rows: Int, columns: Int, bias hasBias: Bool? = nil,
    headDimension: Int? = nil
  ) throws(CheckpointError) -> Linear {
    Linear(
      weight: try matrix(huggingFace, gguf, rows: rows, columns: columns),
      bias: try bias(huggingFace, gguf, count: rows, hasBias),
      update: try checkpoint.update(
        adapted(huggingFace, gguf, headDimension: headDimension), rows: rows, columns: columns))
  }

  func bias(_ huggingFace: String, _ gguf: String, count: Int, _ hasBias: Bool? = nil)
    throws(CheckpointError) -> Vector?
  {
    guard hasBias ?? has(huggingFace + ".bias", gguf + ".bias") else { return nil }
    return try vector(huggingFace + ".bias", gguf + ".bias", count: count)
  }

  /// A vector by its full name, decoded to float32.
  func vector(
    _ huggingFace: String, _ gguf: String, count: Int
  ) throws(CheckpointError) -> Vector {
    Vector(try checkpoint.vector(name(huggingFace, gguf), count: count))
  }

  /// A norm's weight `<name>.weight` with the family's offset added (Gemma's files hold weight - 1).
  func normWeight(
    _ huggingFace: String, _ gguf: String, count: Int
  ) throws(CheckpointError) -> Vector {
    let offset = checkpoint.configuration.normWeightOffset
    let values = try checkpoint.vector(
      name(huggingFace + ".weight", gguf + ".weight"), count: count)
    return Vector(offset == 0 ? values : values.map { $0 + offset })
  }

  /// A root-mean-square norm of the stream's width.
  func rootMeanSquare(_ huggingFace: String, _ gguf: String) throws(CheckpointError) -> Norm {
    let c = checkpoint.configuration
    return Norm(
      kind: .rootMeanSquare, weight: try normWeight(huggingFace, gguf, count: c.hiddenSize),
      epsilon: Float(c.normEpsilon))
  }

  /// A LayerNorm of the stream's width, with or without a bias.
  func layerNorm(_ huggingFace: String, _ gguf: String, bias hasBias: Bool = true)
    throws(CheckpointError) -> Norm
  {
    let c = checkpoint.configuration
    return Norm(
      kind: .layer(bias: try bias(huggingFace, gguf, count: c.hiddenSize, hasBias)),
      weight: try normWeight(huggingFace, gguf, count: c.hiddenSize),
      epsilon: Float(c.normEpsilon))
  }
}

// MARK: Layouts of their own

extension WeightScope {
  /// A matrix that GPT-2's own files hold input-first ("Conv1D"), with its bias.
  func conv1D(
    _ huggingFace: String, _ gguf: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> Linear {
    Linear(
      weight: try checkpoint.transposedMatrix(
        name(huggingFace, gguf), rows: rows, columns: columns),
      bias: try bias(huggingFace, gguf, count: rows, true),
      update: try checkpoint.update(adapted(huggingFace, gguf), rows: rows, columns: columns))
  }

  /// Takes a fused projection apart by its output rows, without a copy.
  func split(
    _ joint: Linear, _ counts: [Int], named module: String
  ) throws(CheckpointError) -> [Linear] {
    var parts: [Linear] = []
    var first = 0
    for count in counts {
      let range = first..<first + count
      do {
        parts.append(
          Linear(
            weight: try joint.weight.rows(range), bias: joint.bias?.part(range),
            update: try joint.update?.rows(range)))
      } catch {
        throw CheckpointError(
          .mismatch, file: checkpoint.path, .tensor(module), expected: "\(counts) rows",
          found: "\(joint.weight.rows)")
      }
      first += count
    }
    return parts
  }

  /// The matrices `[rows, columns]` of all experts of a layer, with their biases.
  ///
  /// - Parameters:
  ///   - parent: the module that Hugging Face keeps `experts` in.
  ///   - fusion: how gate and up share a tensor there, where they do.
  func experts(
    _ projection: ExpertProjection, of parent: String = "mlp", fusion: ExpertFusion = .interleaved,
    count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [Linear] {
    let module = isGGUF ? String(prefix.dropLast()) : "\(prefix)\(parent)"
    let matrices = try checkpoint.expertMatrices(
      module, projection, fusion, count: count, rows: rows, columns: columns)
    let biases = try checkpoint.expertBiases(module, projection, count: count, rows: rows)
    // Published Mixtral files and transformers name the module apart.
    let parents = parent == "mlp" ? ["mlp", "block_sparse_moe"] : [parent, "mlp"]
    let updates = try checkpoint.expertUpdates(
      roots.flatMap { root in parents.map { root + path + $0 } },
      gguf: String(ggufPrefix.dropLast()),
      projection, fusion, count: count, rows: rows, columns: columns)
    return zip(matrices, updates).enumerated().map { expert, pair in
      let bias = biases.map { Vector(Array($0[expert * rows..<(expert + 1) * rows])) }
      return Linear(weight: pair.0, bias: bias, update: pair.1)
    }
  }
}
