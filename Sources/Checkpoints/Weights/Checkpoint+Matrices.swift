package import Tensors

extension Checkpoint {
  /// The weight matrix `[rows (outputs), columns (inputs)]` of a module, in the file's own coding.
  ///
  /// - Parameters:
  ///   - name: the module (`model.layers.0.self_attn.q_proj`, `blk.0.attn_q`), without `.weight`.
  ///   - rows: what the model needs, or nil to take what is there.
  ///   - columns: likewise.
  /// - Throws: ``CheckpointError`` if there is none, its shape is another, or no kernel reads its type.
  package func matrix(_ name: String, rows: Int? = nil, columns: Int? = nil)
    throws(CheckpointError) -> WeightMatrix
  {
    let entry = try weight(name)
    // GGUF keeps a matrix of one row as a vector.
    let isRow = entry.shape.count == 1 && rows == 1
    let outer = isRow ? 1 : entry.shape.first ?? 1
    guard isRow || entry.shape.count == 2 else {
      throw entry.wrong(.mismatch, "a matrix", "shape \(entry.shape)")
    }
    let slices = try stack(name, entry, count: 1, rows: rows ?? outer, columns: columns)
    guard let matrix = slices.first else { throw missing(name) }
    return matrix
  }

  /// True where the module has a weight.
  package func hasWeight(_ name: String) -> Bool {
    tensors.peek(name + ".weight") != nil || tensors.peek(name) != nil
  }

  /// A plain tensor's numbers as float32: norms, biases, sinks, positions.
  ///
  /// - Parameters:
  ///   - name: the tensor, or the module whose `.weight` it is.
  ///   - count: how many numbers the model needs, in all dimensions together.
  package func vector(_ name: String, count: Int) throws(CheckpointError) -> [Float] {
    guard let entry = tensors[name] ?? tensors[name + ".weight"] else { throw missing(name) }
    return try entry.floats(count: count)
  }

  func weight(_ name: String) throws(CheckpointError) -> TensorEntry {
    guard let entry = tensors[name + ".weight"] ?? tensors[name] else {
      throw missing(name + ".weight")
    }
    return entry
  }

  /// Cuts a tensor `[count, rows, columns]` (or `[rows, columns]`) into matrices, whatever codes it.
  ///
  /// - Parameter columns: numbers, not stored words; nil to take what is there.
  func stack(_ name: String, _ entry: TensorEntry, count: Int, rows: Int, columns: Int?)
    throws(CheckpointError) -> [WeightMatrix]
  {
    if let scales = tensors[name + ".scales"] {
      return try quantized(
        name, entry, scales, count: count, rows: rows, columns: columns)
    }
    guard let element = entry.type.element else {
      throw entry.wrong(
        .unsupported, "one of \(ElementType.all.map(\.name).joined(separator: ", "))",
        entry.type.name)
    }
    let columns = columns ?? entry.shape.last ?? 1
    try entry.require(count: count, rows: rows, columns: columns)
    return try entry.sliced(count) { (bytes: UnsafeRawBufferPointer) throws(WeightMatrix.Problem) in
      try WeightMatrix(element, rows: rows, columns: columns, bytes: bytes, owner: entry.mapping)
    }
  }

  /// MLX's words with their scales (and biases) beside them.
  private func quantized(
    _ name: String, _ entry: TensorEntry, _ scales: TensorEntry, count: Int, rows: Int,
    columns: Int?
  ) throws(CheckpointError) -> [WeightMatrix] {
    guard let setting = mlx?.setting(for: name) else {
      throw CheckpointError(
        .missing, file: path, .field("quantization"),
        expected: "group size and bits, for '\(name)' is quantised", found: "none")
    }
    guard entry.type == .u32, let words = entry.shape.last, let groups = scales.shape.last else {
      throw entry.wrong(.mismatch, "packed U32 words", entry.type.name)
    }
    // At most 32 · 2^60 / 2 numbers: the words lie in a file.
    let stored = words * 32 / setting.bits
    let columns = columns ?? stored
    guard columns == stored, words * 32 == columns * setting.bits else {
      throw entry.wrong(
        .mismatch, "\(columns) columns of \(setting.bits) bits", "\(words) words of 32 bits")
    }
    guard columns % setting.group == 0, groups == columns / setting.group else {
      throw scales.wrong(
        .mismatch, "a scale for each \(setting.group) of \(columns) columns", "\(groups) scales")
    }
    try entry.require(count: count, rows: rows, columns: words)
    try scales.require(count: count, rows: rows, columns: groups)
    switch setting.mode {
    case .mxfp4:
      guard scales.type == .u8 else { throw scales.wrong(.mismatch, "U8", scales.type.name) }
      return try entry.sliced(count, with: [scales]) {
        (bytes: UnsafeRawBufferPointer, parts: [UnsafeRawBufferPointer])
          throws(WeightMatrix.Problem) in
        try WeightMatrix(
          mxfp4Rows: rows, columns: columns, blocks: bytes, scales: parts[0],
          owner: SharedOwner(entry.mapping, scales.mapping))
      }
    case .affine:
      guard let biases = tensors[name + ".biases"] else { throw missing(name + ".biases") }
      guard let type = scales.type.element, type.itemsPerBlock == 1, biases.type == scales.type
      else {
        throw scales.wrong(
          .mismatch, "scales and biases in F32, F16 or BF16",
          "\(scales.type.name) and \(biases.type.name)")
      }
      try biases.require(count: count, rows: rows, columns: groups)
      return try entry.sliced(count, with: [scales, biases]) {
        (bytes: UnsafeRawBufferPointer, parts: [UnsafeRawBufferPointer])
          throws(WeightMatrix.Problem) in
        try WeightMatrix(
          affineBits: setting.bits, group: setting.group, rows: rows, columns: columns,
          codes: bytes, scales: parts[0], biases: parts[1], scaleType: type,
          owner: SharedOwner(entry.mapping, scales.mapping, biases.mapping))
      }
    }
  }
}

/// Several files that one matrix borrows from.
final class SharedOwner: WeightOwner {
  private let owners: [Mapping]
  init(_ owners: Mapping...) { self.owners = owners }
}

extension TensorEntry {
  /// Refuses another shape than `[count, rows, columns]`; `[rows, columns]` will do for a count of one.
  func require(count: Int, rows: Int, columns: Int) throws(CheckpointError) {
    let wanted = count == 1 && shape.count <= 2 ? [rows, columns] : [count, rows, columns]
    guard shape == wanted || (shape == [columns] && wanted == [1, columns]) else {
      throw wrong(.mismatch, "shape \(wanted)", "\(shape)")
    }
  }

  /// Cuts the bytes into equal parts and makes a matrix of each.
  func sliced(
    _ count: Int,
    _ make: (UnsafeRawBufferPointer) throws(WeightMatrix.Problem) -> WeightMatrix
  ) throws(CheckpointError) -> [WeightMatrix] {
    try sliced(count, with: []) {
      (bytes: UnsafeRawBufferPointer, _: [UnsafeRawBufferPointer]) throws(WeightMatrix.Problem) in
      try make(bytes)
    }
  }

  /// As above, with the same parts of other tensors.
  func sliced(
    _ count: Int, with others: [TensorEntry],
    _ make: (UnsafeRawBufferPointer, [UnsafeRawBufferPointer]) throws(WeightMatrix.Problem)
      -> WeightMatrix
  ) throws(CheckpointError) -> [WeightMatrix] {
    var matrices: [WeightMatrix] = []
    matrices.reserveCapacity(count)
    for index in 0..<count {
      do throws(WeightMatrix.Problem) {
        matrices.append(try make(part(index, of: count), others.map { $0.part(index, of: count) }))
      } catch {
        throw wrong(.mismatch, "a matrix the kernels can read", error.text)
      }
    }
    return matrices
  }

  /// The bytes of one of `count` equal parts.
  func part(_ index: Int, of count: Int) -> UnsafeRawBufferPointer {
    let size = range.count / max(count, 1)
    let all = bytes
    return UnsafeRawBufferPointer(rebasing: all[(index * size)..<((index + 1) * size)])
  }
}

extension WeightMatrix.Problem {
  /// The facts in words, for the found part of an error.
  var text: String {
    switch self {
    case .emptyShape(let rows, let columns): "\(rows) rows of \(columns) columns"
    case .columnsNotWholeBlocks(let columns, let block):
      "\(columns) columns, no whole number of blocks of \(block)"
    case .unsupportedBits(let bits): "\(bits) bits"
    case .tooFewBytes(let part, let expected, let found):
      "\(found) bytes of \(part) where \(expected) are needed"
    case .overflow: "sizes that overflow"
    }
  }
}
