internal import Tensors

extension Adapter {
  /// What is added to the matrices `[rows, columns]` of all experts of a layer, one an expert; nil for those left alone.
  ///
  /// Layouts, tried in this order:
  /// - GGUF `<blk.N>.ffn_gate_exps.weight.lora_a` `[E, rank, in]` and `.lora_b` `[E, out, rank]`;
  /// - a pair for each expert, `<module>.experts.N.gate_proj` or `.w1`, `.w3`, `.w2`;
  /// - PEFT's `target_parameters`, `<module>.experts.lora_A.weight` `[E · rank, in]` and `lora_B.weight` `[out, rank · E]`
  ///   of gates and ups together or of downs, one of them behind `.base_layer`: told apart by their shapes.
  ///
  /// - Parameters:
  ///   - modules: what Hugging Face calls the module that holds `experts`.
  ///   - gguf: GGUF's name of the layer.
  func expertUpdates(
    _ modules: [String], gguf: String, _ projection: ExpertProjection, _ fusion: ExpertFusion,
    count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [LowRankUpdate?] {
    if format == .gguf {
      let name = "\(gguf).ffn_\(projection.rawValue)_exps.weight"
      guard let (down, up, _) = try pair(name, name + ".lora_a", name + ".lora_b") else {
        return Array(repeating: nil, count: count)
      }
      return try stacked(down, up, name, count: count, rows: rows, columns: columns)
    }
    for module in modules {
      for prefix in ["\(module).experts", "\(module).experts.base_layer"] {
        let (a, b) = ("\(prefix).lora_A.weight", "\(prefix).lora_B.weight")
        // One whose shapes are another projection's is not taken here.
        let wanted = projection == .down ? rows : 2 * rows
        guard tensors.peek(a)?.shape.last ?? columns == columns,
          tensors.peek(b)?.shape.first ?? wanted == wanted,
          let (down, up, _) = try pair(prefix, a, b)
        else { continue }
        let parameter = projection == .down ? "down_proj" : "gate_up_proj"
        return try joint(
          down, up, "\(module).experts.\(parameter)", projection, fusion, count: count, rows: rows,
          columns: columns)
      }
    }
    var updates: [LowRankUpdate?] = []
    for expert in 0..<count {
      let names = modules.flatMap { module in
        [projection.rawValue + "_proj", projection.mixtral].map {
          "\(module).experts.\(expert).\($0)"
        }
      }
      var update: LowRankUpdate?
      for name in names
      where tensors.peek(name + ".lora_A.weight") != nil
        || tensors.peek(name + ".lora_B.weight") != nil
      {
        update = try self.update(
          AdaptedModule(huggingFace: [name], gguf: ""), rows: rows, columns: columns,
          isInterleaved: false)
      }
      updates.append(update)
    }
    return updates
  }

  private func stacked(
    _ down: TensorEntry, _ up: TensorEntry, _ name: String, count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [LowRankUpdate?] {
    let rank = up.shape.last ?? 0
    try down.require([count, rank, columns])
    try up.require([count, rows, rank])
    let downs = try slices(down, count: count, rows: rank, columns: columns)
    let ups = try slices(up, count: count, rows: rows, columns: rank)
    let scale = scale(of: name, rank: rank)
    return zip(downs, ups).map { LowRankUpdate(down: $0, up: $1, scale: scale) }
  }

  private func slices(_ entry: TensorEntry, count: Int, rows: Int, columns: Int)
    throws(CheckpointError) -> [WeightMatrix]
  {
    guard let element = entry.type.element else {
      throw entry.wrong(.unsupported, "numbers that the kernels read", entry.type.name)
    }
    return try entry.sliced(count) {
      (bytes: UnsafeRawBufferPointer) throws(WeightMatrix.Problem) in
      try WeightMatrix(element, rows: rows, columns: columns, bytes: bytes, owner: entry.mapping)
    }
  }

  /// Parameters of all experts in one pair, B's columns with the expert innermost.
  private func joint(
    _ down: TensorEntry, _ up: TensorEntry, _ name: String, _ projection: ExpertProjection,
    _ fusion: ExpertFusion, count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [LowRankUpdate?] {
    guard case .peft(let configuration) = rules else { return [] }
    let rank = configuration.rank(of: name)
    let halves = projection == .down ? 1 : 2
    try down.require([count * rank, columns])
    try up.require([halves * rows, rank * count])
    let downs = try slices(down, count: count, rows: rank, columns: columns)
    let scale = configuration.scale(of: name)
    var updates: [LowRankUpdate?] = []
    for (expert, own) in downs.enumerated() {
      let matrix = try up.picked(rows: rows, columns: rank) { row, column in
        let source: Int
        switch (projection, fusion) {
        case (.down, _), (.gate, .halves): source = row
        case (.up, .halves): source = rows + row
        case (_, .interleaved): source = 2 * row + (projection == .up ? 1 : 0)
        }
        return source * rank * count + column * count + expert
      }
      updates.append(LowRankUpdate(down: own, up: matrix, scale: scale))
    }
    return updates
  }
}

extension TensorEntry {
  /// A copy `[rows, columns]` of single numbers, by their places; the caller has checked that all are there.
  func picked(rows: Int, columns: Int, from place: (Int, Int) -> Int) throws(CheckpointError)
    -> WeightMatrix
  {
    guard let element = type.element, element.itemsPerBlock == 1 else {
      throw wrong(.unsupported, "F32, F16 or BF16", type.name)
    }
    let (all, size) = (bytes, element.bytesPerBlock)
    let owned = OwnedBytes(count: rows * columns * size) { target in
      for row in 0..<rows {
        for column in 0..<columns {
          let (from, to) = (place(row, column) * size, (row * columns + column) * size)
          for byte in 0..<size { target[to + byte] = all[from + byte] }
        }
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
