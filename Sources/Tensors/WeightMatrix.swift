package import CKernels

/// Whoever owns the memory that weights are borrowed from: a mapped file, or memory of our own.
///
/// A ``WeightMatrix`` holds its owner, so the bytes outlive every matrix made from them.
package protocol WeightOwner: AnyObject, Sendable {}

/// A weight matrix `[rows (outputs), columns (inputs)]`, borrowed from where it lies.
///
/// Nothing is converted: the kernels work on the file's own layout.
/// - Ownership: the bytes belong to `owner`, which this value keeps alive.
package struct WeightMatrix: @unchecked Sendable {
  // Proof for @unchecked: the bytes are never written after the owner was made, and the owner is Sendable.

  /// How a row's numbers are coded.
  package enum Encoding: Sendable, Hashable {
    /// Plain numbers or ggml blocks.
    case blocks(ElementType)
    /// MLX affine: `value = scale * code + bias` with `group` columns to a scale.
    case affine(bits: Int, group: Int, scales: ElementType)
    /// FP4 (E2M1) with a power-of-two scale byte for 32 columns, blocks and scales apart.
    case mxfp4Split

    /// As a checkpoint's listing has it.
    package var name: String {
      switch self {
      case .blocks(let type): type.name
      case .affine(let bits, let group, _): "\(bits)-bit g\(group)"
      case .mxfp4Split: "MXFP4"
      }
    }
  }

  package let encoding: Encoding
  package let rows: Int
  package let columns: Int
  /// What the C kernels read.
  ///
  /// Valid while this value (and so its owner) lives.
  package let descriptor: ns_matrix
  private let owner: any WeightOwner

  /// Bytes of numbers, scales and biases that one pass over the matrix reads.
  package var byteCount: Int { rows * bytesPerRow }
  /// Bytes of one row with its scales and biases.
  package let bytesPerRow: Int

  /// Why bytes can't be a matrix of the asked shape.
  package enum Problem: Error, Sendable, Hashable {
    case emptyShape(rows: Int, columns: Int)
    case columnsNotWholeBlocks(columns: Int, block: Int)
    case unsupportedBits(Int)
    case tooFewBytes(part: String, expected: Int, found: Int)
    case overflow
  }

  /// Plain numbers or ggml blocks, row after row; `rowStride` lets rows be interleaved with others'.
  package init(
    _ type: ElementType, rows: Int, columns: Int, bytes: UnsafeRawBufferPointer,
    rowStride: Int? = nil, owner: any WeightOwner
  ) throws(Problem) {
    guard rows > 0, columns > 0 else { throw .emptyShape(rows: rows, columns: columns) }
    guard let rowBytes = type.byteCount(columns: columns) else {
      throw .columnsNotWholeBlocks(columns: columns, block: type.itemsPerBlock)
    }
    let stride = rowStride ?? rowBytes
    let data = try Self.checked("data", bytes, rows: rows, rowBytes: rowBytes, stride: stride)
    self.init(
      encoding: .blocks(type), rows: rows, columns: columns, bytesPerRow: rowBytes, owner: owner,
      descriptor: ns_matrix(
        type: type.code, bits: 0, group: Int32(type.itemsPerBlock), scale_type: 0,
        rows: Int64(rows), columns: Int64(columns), row_stride: Int64(stride), scale_stride: 0,
        data: data, scales: nil, biases: nil))
  }

  /// MLX affine codes with their scales and biases.
  package init(
    affineBits bits: Int, group: Int, rows: Int, columns: Int, codes: UnsafeRawBufferPointer,
    scales: UnsafeRawBufferPointer, biases: UnsafeRawBufferPointer, scaleType: ElementType,
    owner: any WeightOwner
  ) throws(Problem) {
    guard rows > 0, columns > 0 else { throw .emptyShape(rows: rows, columns: columns) }
    guard [2, 3, 4, 5, 6, 8].contains(bits) else { throw .unsupportedBits(bits) }
    guard group > 0, group % 32 == 0, columns % group == 0 else {
      throw .columnsNotWholeBlocks(columns: columns, block: group)
    }
    let (bitCount, overflow) = columns.multipliedReportingOverflow(by: bits)
    guard !overflow, scaleType.itemsPerBlock == 1 else { throw .overflow }
    let rowBytes = bitCount / 8
    let scaleBytes = columns / group * scaleType.bytesPerBlock
    let data = try Self.checked("codes", codes, rows: rows, rowBytes: rowBytes, stride: rowBytes)
    let scale = try Self.checked(
      "scales", scales, rows: rows, rowBytes: scaleBytes, stride: scaleBytes)
    let bias = try Self.checked(
      "biases", biases, rows: rows, rowBytes: scaleBytes, stride: scaleBytes)
    self.init(
      encoding: .affine(bits: bits, group: group, scales: scaleType), rows: rows, columns: columns,
      bytesPerRow: rowBytes + 2 * scaleBytes, owner: owner,
      descriptor: ns_matrix(
        type: Int32(NS_AFFINE.rawValue), bits: Int32(bits), group: Int32(group),
        scale_type: scaleType.code, rows: Int64(rows), columns: Int64(columns),
        row_stride: Int64(rowBytes), scale_stride: Int64(scaleBytes),
        data: data, scales: scale, biases: bias))
  }

  /// FP4 blocks of 32 columns (16 bytes) with one scale byte each, kept apart.
  ///
  /// `rowStride` and `scaleStride` (bytes) let gate and up rows of OpenAI's layout be read apart.
  package init(
    mxfp4Rows rows: Int, columns: Int, blocks: UnsafeRawBufferPointer,
    scales: UnsafeRawBufferPointer, rowStride: Int? = nil, scaleStride: Int? = nil,
    owner: any WeightOwner
  ) throws(Problem) {
    guard rows > 0, columns > 0 else { throw .emptyShape(rows: rows, columns: columns) }
    guard columns % 32 == 0 else { throw .columnsNotWholeBlocks(columns: columns, block: 32) }
    let rowBytes = columns / 2
    let scaleBytes = columns / 32
    let stride = rowStride ?? rowBytes
    let scalesStride = scaleStride ?? scaleBytes
    let data = try Self.checked("blocks", blocks, rows: rows, rowBytes: rowBytes, stride: stride)
    let scale = try Self.checked(
      "scales", scales, rows: rows, rowBytes: scaleBytes, stride: scalesStride)
    self.init(
      encoding: .mxfp4Split, rows: rows, columns: columns, bytesPerRow: rowBytes + scaleBytes,
      owner: owner,
      descriptor: ns_matrix(
        type: Int32(NS_MXFP4_SPLIT.rawValue), bits: 4, group: 32, scale_type: 0,
        rows: Int64(rows), columns: Int64(columns),
        row_stride: Int64(stride), scale_stride: Int64(scalesStride),
        data: data, scales: scale, biases: nil))
  }

  private init(
    encoding: Encoding, rows: Int, columns: Int, bytesPerRow: Int, owner: any WeightOwner,
    descriptor: ns_matrix
  ) {
    self.encoding = encoding
    self.rows = rows
    self.columns = columns
    self.bytesPerRow = bytesPerRow
    self.owner = owner
    self.descriptor = descriptor
  }

  /// The first byte, once all rows are known to lie inside the buffer.
  private static func checked(
    _ part: String, _ bytes: UnsafeRawBufferPointer, rows: Int, rowBytes: Int, stride: Int
  ) throws(Problem) -> UnsafePointer<UInt8> {
    guard stride >= rowBytes else { throw .overflow }
    let (before, overflow) = (rows - 1).multipliedReportingOverflow(by: stride)
    let (needed, overflow2) = before.addingReportingOverflow(rowBytes)
    guard !overflow, !overflow2 else { throw .overflow }
    guard bytes.count >= needed, let base = bytes.baseAddress else {
      throw .tooFewBytes(part: part, expected: needed, found: bytes.count)
    }
    return base.assumingMemoryBound(to: UInt8.self)
  }
}

extension WeightMatrix {
  /// Some of the rows, borrowed from the same owner: how fused projections are taken apart.
  package func rows(_ range: Range<Int>) throws(Problem) -> WeightMatrix {
    guard range.lowerBound >= 0, range.upperBound <= rows, !range.isEmpty else {
      throw .emptyShape(rows: range.count, columns: columns)
    }
    var part = descriptor
    part.rows = Int64(range.count)
    part.data = descriptor.data + range.lowerBound * Int(descriptor.row_stride)
    let scales = range.lowerBound * Int(descriptor.scale_stride)
    part.scales = descriptor.scales.map { $0 + scales }
    part.biases = descriptor.biases.map { $0 + scales }
    return WeightMatrix(
      encoding: encoding, rows: range.count, columns: columns, bytesPerRow: bytesPerRow,
      owner: owner, descriptor: part)
  }

  /// Some of the columns of every row, borrowed from the same owner.
  ///
  /// - Returns: nil where the range does not begin and end between two blocks of the coding.
  package func columns(_ range: Range<Int>) -> WeightMatrix? {
    guard range.lowerBound >= 0, range.upperBound <= columns, !range.isEmpty else { return nil }
    let block = Int(descriptor.group)
    guard range.lowerBound % block == 0, range.count % block == 0 else { return nil }
    let before = range.lowerBound / block
    var part = descriptor
    part.columns = Int64(range.count)
    let bytesPerBlock: Int
    switch encoding {
    case .blocks(let type): bytesPerBlock = type.bytesPerBlock
    case .affine(let bits, let group, let scales):
      bytesPerBlock = group * bits / 8
      part.scales = descriptor.scales.map { $0 + before * scales.bytesPerBlock }
      part.biases = descriptor.biases.map { $0 + before * scales.bytesPerBlock }
    case .mxfp4Split:
      bytesPerBlock = 16
      part.scales = descriptor.scales.map { $0 + before }
    }
    part.data = descriptor.data + before * bytesPerBlock
    let share = bytesPerRow / (columns / block) * (range.count / block)
    return WeightMatrix(
      encoding: encoding, rows: rows, columns: range.count, bytesPerRow: share, owner: owner,
      descriptor: part)
  }
}
