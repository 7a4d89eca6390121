package import Tensors

/// The three matrices of an expert.
package enum ExpertProjection: String, Sendable, CaseIterable { case gate, up, down }

extension Checkpoint {
  /// The matrices of all experts of a layer, one a expert, `[rows (outputs), columns (inputs)]`.
  ///
  /// Known layouts, tried in this order:
  /// - GGUF `<module>.ffn_gate_exps` `[E, out, in]`;
  /// - MLX `<module>.gate_proj` `[E, out, in]`, affine, MXFP4 or plain;
  /// - OpenAI's MXFP4 `<module>.gate_up_proj_blocks`, whose even rows are gates and odd rows ups: read by stride;
  /// - Hugging Face's `<module>.gate_up_proj` `[E, in, 2·out]`, input-first and interleaved: the one that no
  ///   product can walk, so it is repacked into memory of our own in the file's element type.
  ///
  /// - Parameter module: `model.layers.N.mlp.experts`, or `blk.N`.
  package func expertMatrices(
    _ module: String, _ projection: ExpertProjection, count: Int, rows: Int, columns: Int
  ) throws(CheckpointError) -> [WeightMatrix] {
    for name in [
      "\(module).ffn_\(projection.rawValue)_exps", "\(module).\(projection.rawValue)_proj",
    ] {
      // Hugging Face's down_proj carries no ".weight": it is input-first.
      guard let entry = tensors[name + ".weight"] else { continue }
      return try stack(name, entry, count: count, rows: rows, columns: columns)
    }
    let fused = FusedExperts(module, projection)
    if let blocks = tensors[fused.name + "_blocks"] {
      return try splitBlocks(fused, blocks, count: count, rows: rows, columns: columns)
    }
    guard let entry = tensors[fused.name] else { throw missing(fused.name) }
    return try repacked(fused, entry, count: count, rows: rows, columns: columns)
  }

  /// The layer's own biases of all experts, `[E, rows]` as float32 one expert after the other, or nil where
  /// the family has none.
  package func expertBiases(
    _ module: String, _ projection: ExpertProjection, count: Int, rows: Int
  ) throws(CheckpointError) -> [Float]? {
    for name in [
      "\(module).ffn_\(projection.rawValue)_exps.bias",
      "\(module).\(projection.rawValue)_proj.bias",
    ] {
      guard let entry = tensors[name] else { continue }
      try entry.require([count, rows])
      return try entry.floats(count: count * rows)
    }
    let fused = FusedExperts(module, projection)
    guard let entry = tensors[fused.name + "_bias"] else { return nil }
    try entry.require([count, rows * fused.step])
    let all = try entry.floats(count: count * rows * fused.step)
    return stride(from: fused.first, to: all.count, by: fused.step).map { all[$0] }
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
