internal import Compression

/// Turns captured numbers into frames.
///
/// Its scratch memory and the state of its compressors are allocated once and used again; a steady
/// stream of frames allocates nothing but the frames.
/// - Isolation: belongs to one thread at a time; keep one per publishing loop.
public final class FrameEncoder {
  private var numbers: [UInt8] = []
  private var split: [UInt8] = []
  private var packed: [UInt8] = []
  /// For planes: codes by frequency only.
  private var huffman = HuffmanDeflater()
  /// For the `deflate` codec: level 1 finds what there is to find in such numbers.
  private let search: Deflater

  /// Allocates the compressors.
  ///
  /// - Throws: `outOfMemory`.
  public init() throws(FrameError) {
    do {
      search = try Deflater(DeflateSettings(.zlib))
    } catch { throw .outOfMemory }
  }

  /// Encodes numbers, row-major, as the description asks.
  ///
  /// The frame may say `raw` where the description said otherwise: packing is kept only if it saves bytes.
  public func encode(
    _ values: UnsafeBufferPointer<Float>, as description: TensorFrame
  ) throws(FrameError) -> FrameBytes {
    let length = try rawLength(description, given: values.count)
    guard description.elementType != .uint32 else { throw .elementType(.uint32) }
    if description.elementType == .float32 {
      return try pack(UnsafeRawBufferPointer(values), description)
    }
    Self.resize(&numbers, to: length)
    var scratch: [UInt8] = []
    swap(&scratch, &numbers)
    defer { swap(&scratch, &numbers) }
    scratch.withUnsafeMutableBytes { target in
      switch description.elementType {
      case .float16: Conversions.narrowHalf(values, to: target)
      case .bfloat16: Conversions.narrowBrain(values, to: target)
      case .int8Blocks: Conversions.packBlocks(values, shape: description.shape, to: target)
      case .float32, .uint32: break
      }
    }
    return try lend(scratch, length) { bytes throws(FrameError) in try pack(bytes, description) }
  }

  /// Encodes numbers, row-major, as the description asks.
  public func encode(
    _ values: Span<Float>, as description: TensorFrame
  ) throws(FrameError) -> FrameBytes {
    let result = values.withUnsafeBufferPointer { buffer -> Result<FrameBytes, FrameError> in
      Result { () throws(FrameError) in try encode(buffer, as: description) }
    }
    return try result.get()
  }

  /// Encodes numbers, row-major, as the description asks.
  public func encode(
    _ values: [Float], as description: TensorFrame
  ) throws(FrameError) -> FrameBytes {
    try encode(values.span, as: description)
  }

  /// Encodes integers; the element type becomes `uint32` whatever the description says.
  public func encode(
    indices: [UInt32], as description: TensorFrame
  ) throws(FrameError) -> FrameBytes {
    var described = description
    described.elementType = .uint32
    _ = try rawLength(described, given: indices.count)
    let result = indices.withUnsafeBytes { bytes -> Result<FrameBytes, FrameError> in
      Result { () throws(FrameError) in try pack(bytes, described) }
    }
    return try result.get()
  }

  /// The length before packing, once the description is known to be possible.
  private func rawLength(_ frame: TensorFrame, given count: Int) throws(FrameError) -> Int {
    guard frame.shape.count <= FrameHeader.maximumRank,
      frame.shape.allSatisfy({ $0 >= 0 && $0 <= Int(UInt32.max) }),
      let expected = frame.elementCount,
      let length = frame.elementType.byteCount(shape: frame.shape), length <= Int(Int32.max)
    else { throw .shape(frame.shape) }
    guard expected == count else { throw .elementCount(expected: expected, found: count) }
    if let layer = frame.layer, layer < 0 { throw .field(.layer, found: Int(layer)) }
    return length
  }
}

extension FrameEncoder {
  /// Packs stored numbers by the codec, or leaves them when that saves nothing, and frames them.
  private func pack(
    _ raw: UnsafeRawBufferPointer, _ description: TensorFrame
  ) throws(FrameError) -> FrameBytes {
    var frame = description
    var length = raw.count
    do {
      switch description.codec {
      case .raw: break
      case .deflate: length = try packWhole(raw)
      case .planes: length = packPlanes(raw, description)
      }
    } catch { throw .outOfMemory }
    guard length < raw.count else {
      frame.codec = .raw
      return assemble(raw, raw.count, frame)
    }
    return try lend(packed, length) { bytes throws(FrameError) in
      assemble(bytes, raw.count, frame)
    }
  }

  private func packWhole(_ raw: UnsafeRawBufferPointer) throws(CompressionError) -> Int {
    Self.resize(&packed, to: raw.count)
    let result = packed.withUnsafeMutableBytes { target -> Result<Int?, CompressionError> in
      let room = UnsafeMutableRawBufferPointer(rebasing: target[..<raw.count])
      return Result { () throws(CompressionError) in try search.compress(raw, into: room) }
    }
    return try result.get() ?? raw.count
  }

  /// Writes the table and the planes into `packed` and answers how many bytes that took.
  private func packPlanes(_ raw: UnsafeRawBufferPointer, _ frame: TensorFrame) -> Int {
    let type = frame.elementType
    let table = FramePlanes.tableLength(type)
    Self.resize(&split, to: raw.count)
    Self.resize(&packed, to: raw.count + table)
    split.withUnsafeMutableBytes {
      BytePlanes.split(raw, width: FramePlanes.splitWidth(type), into: $0)
    }
    var offset = table
    for index in 0..<FramePlanes.count(type) {
      let range = FramePlanes.range(index, type, shape: frame.shape, rawLength: raw.count)
      let size = packPlane(range, at: offset)
      let entry = UInt32(size ?? range.count) | (size == nil ? 0 : FramePlanes.packedBit)
      packed.withUnsafeMutableBytes {
        $0.storeBytes(of: entry.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
      }
      offset += size ?? range.count
    }
    return offset
  }

  /// Packs one plane, or copies it and answers nil when it does not shrink.
  private func packPlane(_ range: Range<Int>, at offset: Int) -> Int? {
    split.withUnsafeBytes { source in
      packed.withUnsafeMutableBytes { target in
        let plane = UnsafeRawBufferPointer(rebasing: source[range])
        let room = UnsafeMutableRawBufferPointer(
          rebasing: target[offset..<offset + range.count])
        // One byte less than the plane: packing has to save something.
        let tight = UnsafeMutableRawBufferPointer(rebasing: room.dropLast())
        if PlaneEstimate.isWorthPacking(plane), let size = huffman.compress(plane, into: tight) {
          return size
        }
        Conversions.copy(plane, to: room)
        return nil
      }
    }
  }

  /// Puts header, payload and padding together.
  private func assemble(
    _ payload: UnsafeRawBufferPointer, _ rawLength: Int, _ frame: TensorFrame
  ) -> FrameBytes {
    var header = FrameHeader(
      frame: frame, headerLength: FrameHeader.length(rank: frame.shape.count),
      rawLength: rawLength, payloadLength: payload.count, checksum: 0)
    let bytes = [UInt8](unsafeUninitializedCapacity: header.frameLength) { buffer, written in
      let target = UnsafeMutableRawBufferPointer(buffer)
      let end = header.headerLength + payload.count
      for offset in 0..<header.headerLength { target[offset] = 0 }
      for offset in end..<header.frameLength { target[offset] = 0 }
      header.write(to: target)
      Conversions.copy(
        payload, to: UnsafeMutableRawBufferPointer(rebasing: target[header.headerLength..<end]))
      header.checksum = FrameDecoder.checksum(
        UnsafeRawBufferPointer(rebasing: target[..<header.frameLength]))
      header.write(to: target)
      written = header.frameLength
    }
    return FrameBytes(header: header, bytes: bytes)
  }

  /// Grows scratch memory; it never shrinks.
  private static func resize(_ scratch: inout [UInt8], to count: Int) {
    guard scratch.count < count else { return }
    scratch = [UInt8](repeating: 0, count: count)
  }

  private func lend(
    _ bytes: [UInt8], _ count: Int,
    _ body: (UnsafeRawBufferPointer) throws(FrameError) -> FrameBytes
  ) throws(FrameError) -> FrameBytes {
    let result = bytes.withUnsafeBytes { all -> Result<FrameBytes, FrameError> in
      let part = UnsafeRawBufferPointer(rebasing: all[..<count])
      return Result { () throws(FrameError) in try body(part) }
    }
    return try result.get()
  }
}
