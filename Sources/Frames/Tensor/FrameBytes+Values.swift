internal import Compression

extension FrameBytes {
  /// The numbers as floats, row-major; integers are refused.
  ///
  /// - Throws: `plane` when a packed part does not expand to what it stands for.
  public func values() throws(FrameError) -> [Float] {
    guard frame.elementType != .uint32 else { throw .elementType(.uint32) }
    guard let count = frame.elementCount else { throw .shape(frame.shape) }
    let raw = try unpacked()
    return [Float](unsafeUninitializedCapacity: count) { target, written in
      raw.withUnsafeBytes { source in
        switch frame.elementType {
        case .float32: Conversions.copy(source, to: UnsafeMutableRawBufferPointer(target))
        case .float16: Conversions.widenHalf(source, to: target)
        case .bfloat16: Conversions.widenBrain(source, to: target)
        case .int8Blocks: Conversions.expandBlocks(source, shape: frame.shape, to: target)
        case .uint32: break
        }
      }
      written = count
    }
  }

  /// The numbers of a frame of integers.
  public func indices() throws(FrameError) -> [UInt32] {
    guard frame.elementType == .uint32 else { throw .elementType(frame.elementType) }
    guard let count = frame.elementCount else { throw .shape(frame.shape) }
    let raw = try unpacked()
    return [UInt32](unsafeUninitializedCapacity: count) { target, written in
      raw.withUnsafeBytes { Conversions.copy($0, to: UnsafeMutableRawBufferPointer(target)) }
      written = count
    }
  }

  /// The stored numbers before packing: little-endian, row-major, `rawLength` bytes.
  public func unpacked() throws(FrameError) -> [UInt8] {
    let payload = bytes[payloadOffset..<payloadOffset + payloadLength]
    switch frame.codec {
    case .raw: return Array(payload)
    case .deflate: return try expanded(payload, to: rawLength, plane: 0)
    case .planes: return try merged(payload)
    }
  }

  private func merged(_ payload: ArraySlice<UInt8>) throws(FrameError) -> [UInt8] {
    let type = frame.elementType
    var split: [UInt8] = []
    split.reserveCapacity(rawLength)
    var offset = payload.startIndex + FramePlanes.tableLength(type)
    for index in 0..<FramePlanes.count(type) {
      let place = payload.startIndex + 4 * index
      let entry = payload[place..<place + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let stored = Int(entry & ~FramePlanes.packedBit)
      let length = FramePlanes.range(index, type, shape: frame.shape, rawLength: rawLength).count
      guard stored <= payload.endIndex - offset else { throw .plane(index: index) }
      let plane = payload[offset..<offset + stored]
      offset += stored
      if entry & FramePlanes.packedBit != 0 {
        split += try expanded(plane, to: length, plane: index)
      } else {
        guard stored == length else { throw .plane(index: index) }
        split += plane
      }
    }
    guard offset == payload.endIndex else { throw .payloadLength(found: UInt64(payloadLength)) }
    let width = FramePlanes.splitWidth(type)
    guard width > 1 else { return split }
    return [UInt8](unsafeUninitializedCapacity: rawLength) { target, written in
      split.withUnsafeBytes {
        BytePlanes.merge($0, width: width, into: UnsafeMutableRawBufferPointer(target))
      }
      written = rawLength
    }
  }

  private func expanded(
    _ packed: ArraySlice<UInt8>, to length: Int, plane: Int
  ) throws(FrameError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: length)
    do {
      let inflater = try Inflater(.zlib)
      try packed.withUnsafeBytes { source in
        try output.withUnsafeMutableBytes { try inflater.expand(source, into: $0) }
      }
    } catch {
      if case .outOfMemory = error as? CompressionError { throw .outOfMemory }
      throw .plane(index: plane)
    }
    return output
  }
}
