package import Tensors

/// The three matrices of an expert.
package enum ExpertProjection: String, Sendable, CaseIterable {
  case gate, up, down

  /// Mixtral's name.
  var mixtral: String {
    switch self {
    case .gate: "w1"
    case .up: "w3"
    case .down: "w2"
    }
  }
}

/// How Hugging Face's files keep the gates and ups of all experts in one tensor.
package enum ExpertFusion: Sendable {
  /// `[E, in, 2·out]`, input-first, every second output a gate (gpt-oss).
  case interleaved
  /// `[E, 2·out, in]`, output-first, all gates before all ups (Mixtral and Qwen, as transformers holds them).
  case halves
}

extension Checkpoint {
  /// The matrices of all experts of a layer, one a expert, `[rows (outputs), columns (inputs)]`.
  ///
  /// Known layouts, tried in this order:
  /// - GGUF `<module>.ffn_gate_exps` `[E, out, in]`;
  /// - MLX `<module>.experts.gate_proj` or `<module>.switch_mlp.gate_proj` `[E, out, in]`, affine, MXFP4 or plain;
  /// - a matrix for each expert, `<module>.experts.N.gate_proj` (Qwen) or `.w1`, `.w3`, `.w2` (Mixtral);
  /// - OpenAI's MXFP4 `<module>.experts.gate_up_proj_blocks`, whose even rows are gates and odd rows ups: read by stride;
  /// - Hugging Face's `<module>.experts.gate_up_proj`, by its ``ExpertFusion``. No product can walk an input-first one,
  ///   so it is repacked into memory of our own in the file's element type.
  ///
  /// - Parameter module: `model.layers.N.mlp`, or `blk.N`.
  package func expertMatrices(
    _ module: String, _ projection: ExpertProjection, _ fusion: ExpertFusion = .interleaved,
    count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [WeightMatrix] {
    for name in stackedNames(module, projection) {
      // Hugging Face's down_proj carries no ".weight".
      guard let entry = tensors[name + ".weight"] else { continue }
      return try stack(name, entry, count: count, rows: rows, columns: columns)
    }
    for name in [projection.rawValue + "_proj", projection.mixtral]
    where hasWeight("\(module).experts.0.\(name)") {
      var matrices: [WeightMatrix] = []
      for expert in 0..<count {
        matrices.append(
          try matrix("\(module).experts.\(expert).\(name)", rows: rows, columns: columns))
      }
      return matrices
    }
    let fused = FusedExperts(module + ".experts", projection)
    if let blocks = tensors[fused.name + "_blocks"] {
      return try splitBlocks(fused, blocks, count: count, rows: rows, columns: columns)
    }
    guard let entry = tensors[fused.name] else { throw missing(fused.name) }
    switch fusion {
    case .interleaved:
      return try repacked(fused, entry, count: count, rows: rows, columns: columns)
    case .halves: return try halved(fused, entry, count: count, rows: rows, columns: columns)
    }
  }

  private func stackedNames(_ module: String, _ projection: ExpertProjection) -> [String] {
    [
      "\(module).ffn_\(projection.rawValue)_exps", "\(module).experts.\(projection.rawValue)_proj",
      "\(module).switch_mlp.\(projection.rawValue)_proj",
    ]
  }

  /// The layer's own biases of all experts, `[E, rows]` as float32 one expert after the other, or nil where
  /// the family has none.
  package func expertBiases(
    _ module: String, _ projection: ExpertProjection, count: Int, rows: Int
  ) throws(CheckpointError) -> [Float]? {
    for name in stackedNames(module, projection) {
      guard let entry = tensors[name + ".bias"] else { continue }
      try entry.require([count, rows])
      return try entry.floats(count: count * rows)
    }
    let fused = FusedExperts(module + ".experts", projection)
    guard let entry = tensors[fused.name + "_bias"] else { return nil }
    try entry.require([count, rows * fused.step])
    let all = try entry.floats(count: count * rows * fused.step)
    return stride(from: fused.first, to: all.count, by: fused.step).map { all[$0] }
  }

  /// `[E, rows·step, columns]`, of which the upper or the lower rows are this projection.
  private func halved(
    _ fused: FusedExperts, _ entry: TensorEntry, count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [WeightMatrix] {
    let all = try stack(fused.name, entry, count: count, rows: rows * fused.step, columns: columns)
    let first = fused.first * rows
    var matrices: [WeightMatrix] = []
    do {
      for joint in all { matrices.append(try joint.rows(first..<first + rows)) }
    } catch {
      throw entry.wrong(.mismatch, "\(rows * fused.step) rows", "\(entry.shape)")
    }
    return matrices
  }

  /// FP4 blocks `[E, rows·step, columns/32, 16]` and scales `[E, rows·step, columns/32]`.
  private func splitBlocks(
    _ fused: FusedExperts, _ blocks: TensorEntry, count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [WeightMatrix] {
    guard let scales = tensors[fused.name + "_scales"] else {
      throw missing(fused.name + "_scales")
    }
    guard blocks.type == .u8, scales.type == .u8 else {
      throw blocks.wrong(
        .mismatch, "U8 blocks and scales", "\(blocks.type.name) and \(scales.type.name)")
    }
    try blocks.require([count, rows * fused.step, columns / 32, 16])
    try scales.require([count, rows * fused.step, columns / 32])
    return try blocks.sliced(count, with: [scales]) {
      (bytes: UnsafeRawBufferPointer, parts: [UnsafeRawBufferPointer])
        throws(WeightMatrix.Problem) in
      let (row, scaleRow) = (columns / 2, columns / 32)
      return try WeightMatrix(
        mxfp4Rows: rows, columns: columns,
        blocks: UnsafeRawBufferPointer(rebasing: bytes.dropFirst(fused.first * row)),
        scales: UnsafeRawBufferPointer(rebasing: parts[0].dropFirst(fused.first * scaleRow)),
        rowStride: fused.step * row, scaleStride: fused.step * scaleRow,
        owner: SharedOwner(blocks.mapping, scales.mapping))
    }
  }

  /// `[E, columns, rows·step]` turned into `[rows, columns]` for each expert.
  private func repacked(
    _ fused: FusedExperts, _ entry: TensorEntry, count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [WeightMatrix] {
    try entry.require([count, columns, rows * fused.step])
    var matrices: [WeightMatrix] = []
    for index in 0..<count {
      matrices.append(
        try entry.transposed(
          part: index, of: count, rows: rows, columns: columns, first: fused.first,
          step: fused.step))
    }
    return matrices
  }
}

/// Gate and up in one tensor, every second output apart; down in a tensor of its own.
private struct FusedExperts {
  let name: String
  /// The first output, and from one to the next.
  let first: Int
  let step: Int

  init(_ module: String, _ projection: ExpertProjection) {
    name = module + (projection == .down ? ".down_proj" : ".gate_up_proj")
    first = projection == .up ? 1 : 0
    step = projection == .down ? 1 : 2
  }
}

extension TensorEntry {
  func require(_ wanted: [Int]) throws(CheckpointError) {
    guard shape == wanted else { throw wrong(.mismatch, "shape \(wanted)", "\(shape)") }
  }
}
