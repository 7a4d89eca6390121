internal import Tensors

/// A matrix of a model by all names that an adapter may have for it.
package struct AdaptedModule: Sendable {
  /// Full names of Hugging Face's module; the first is the usual one.
  package let huggingFace: [String]
  /// Without `.weight`.
  package let gguf: String
  /// Of q and k, whose rows GGUF files of some families hold in another order; else nil.
  package var headDimension: Int?

  package init(huggingFace: [String], gguf: String, headDimension: Int? = nil) {
    self.huggingFace = huggingFace
    self.gguf = gguf
    self.headDimension = headDimension
  }
}

extension Adapter {
  /// What is added to a matrix `[rows, columns]`; nil where the adapter leaves it alone.
  ///
  /// - Parameter isInterleaved: whether the model's rows of q and k lie in GGUF's order of the llama family.
  /// - Throws: ``CheckpointError`` naming the tensor that is missing or of another shape.
  func update(_ module: AdaptedModule, rows: Int, columns: Int, isInterleaved: Bool)
    throws(CheckpointError) -> LowRankUpdate?
  {
    guard let (down, up, name) = try pair(module) else { return nil }
    let rank = try rank(of: up, name)
    try down.requireMatrix(rows: rank, columns: columns)
    try up.requireMatrix(rows: rows, columns: rank)
    let own = isInterleavedItself
    guard let size = module.headDimension, own != isInterleaved, rows % size == 0, size % 2 == 0
    else {
      return LowRankUpdate(
        down: try down.matrix(rows: rank, columns: columns),
        up: try up.matrix(rows: rows, columns: rank), scale: scale(of: name, rank: rank))
    }
    return LowRankUpdate(
      down: try down.matrix(rows: rank, columns: columns),
      up: try up.reordered(rows: rows, columns: rank, head: size, interleaving: isInterleaved),
      scale: scale(of: name, rank: rank))
  }

  /// What is added to an embedding `[vocabulary, width]`: `down` has a row a token.
  func embeddingUpdate(_ module: AdaptedModule, rows: Int, columns: Int) throws(CheckpointError)
    -> LowRankUpdate?
  {
    if format == .gguf {
      guard let (down, up, name) = try pair(module) else { return nil }
      let rank = try rank(of: up, name)
      try down.requireMatrix(rows: rows, columns: rank)
      try up.requireMatrix(rows: columns, columns: rank)
      return LowRankUpdate(
        down: try down.matrix(rows: rows, columns: rank),
        up: try up.matrix(rows: columns, columns: rank), scale: scale(of: name, rank: rank))
    }
    guard let (down, up, name) = try pair(module, ".lora_embedding_A", ".lora_embedding_B")
    else { return nil }
    let rank = try rank(of: up, name)
    try down.require([rank, rows])
    try up.require([columns, rank])
    return LowRankUpdate(
      down: try down.transposed(part: 0, of: 1, rows: rows, columns: rank, first: 0, step: 1),
      up: try up.matrix(rows: columns, columns: rank), scale: scale(of: name, rank: rank))
  }

  private func pair(_ module: AdaptedModule) throws(CheckpointError)
    -> (TensorEntry, TensorEntry, String)?
  {
    guard format == .gguf else { return try pair(module, ".lora_A.weight", ".lora_B.weight") }
    let name = module.gguf + ".weight"
    return try pair(name, name + ".lora_a", name + ".lora_b")
  }

  private func pair(_ module: AdaptedModule, _ down: String, _ up: String)
    throws(CheckpointError) -> (TensorEntry, TensorEntry, String)?
  {
    for name in module.huggingFace {
      if let found = try pair(name, name + down, name + up) { return found }
    }
    if case .peft(let configuration) = rules, let name = module.huggingFace.first,
      configuration.targets(name)
    {
      throw missing(name + down)
    }
    return nil
  }

  /// Both tensors, or neither.
  func pair(_ name: String, _ downName: String, _ upName: String) throws(CheckpointError)
    -> (TensorEntry, TensorEntry, String)?
  {
    switch (tensors[downName], tensors[upName]) {
    case (nil, nil): return nil
    case (nil, _): throw missing(downName)
    case (_, nil): throw missing(upName)
    case (let down?, let up?): return (down, up, name)
    }
  }

  /// The columns of B, which the configuration of PEFT says too.
  private func rank(of up: TensorEntry, _ name: String) throws(CheckpointError) -> Int {
    let rank = up.shape.last ?? 0
    if case .peft(let configuration) = rules, configuration.rank(of: name) != rank {
      throw up.wrong(
        .mismatch, "rank \(configuration.rank(of: name)), as adapter_config.json says",
        "shape \(up.shape)")
    }
    return rank
  }

  func scale(of name: String, rank: Int) -> Float {
    switch rules {
    case .peft(let configuration): configuration.scale(of: name)
    case .gguf(let alpha): alpha == 0 ? 1 : Float(alpha / Double(max(rank, 1)))
    }
  }

  /// Whether rows of q and k lie in GGUF's order of the llama family.
  private var isInterleavedItself: Bool {
    architecture.map(ModelConfiguration.interleaved.contains) ?? false
  }
}

extension TensorEntry {
  /// Refuses another shape than `[rows, columns]`; GGUF keeps a matrix of one row as a vector.
  func requireMatrix(rows: Int, columns: Int) throws(CheckpointError) {
    guard shape == [columns], rows == 1 else { return try require([rows, columns]) }
  }

  /// The whole tensor, whose shape was checked.
  func matrix(rows: Int, columns: Int) throws(CheckpointError) -> WeightMatrix {
    guard let element = type.element else {
      throw wrong(
        .unsupported, "one of \(ElementType.all.map(\.name).joined(separator: ", "))", type.name)
    }
    do throws(WeightMatrix.Problem) {
      return try WeightMatrix(element, rows: rows, columns: columns, bytes: bytes, owner: mapping)
    } catch {
      throw wrong(.mismatch, "a matrix the kernels can read", error.text)
    }
  }

  /// A copy whose rows lie head by head in the other order: both halves one after the other, or in turn.
  func reordered(rows: Int, columns: Int, head size: Int, interleaving: Bool)
    throws(CheckpointError) -> WeightMatrix
  {
    let half = size / 2
    return try gathered(rows: rows, columns: columns) { row in
      let (first, place) = (row / size * size, row % size)
      return interleaving
        ? first + place / 2 + place % 2 * half
        : first + (place < half ? 2 * place : 2 * (place - half) + 1)
    }
  }

  /// A copy of some rows; the caller has checked that all of them are there.
  func gathered(rows: Int, columns: Int, from source: (Int) -> Int) throws(CheckpointError)
    -> WeightMatrix
  {
    guard let element = type.element, let width = element.byteCount(columns: columns) else {
      throw wrong(.unsupported, "rows of whole blocks", type.name)
    }
    let all = bytes
    let owned = OwnedBytes(count: rows * width) { target in
      for row in 0..<rows {
        let from = source(row) * width
        UnsafeMutableRawBufferPointer(rebasing: target[(row * width)..<((row + 1) * width)])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: all[from..<(from + width)]))
      }
    }
    do throws(WeightMatrix.Problem) {
      return try WeightMatrix(
        element, rows: rows, columns: columns, bytes: owned.bytes, owner: owned)
    } catch {
      throw wrong(.mismatch, "a matrix the kernels can read", error.text)
    }
  }
}
