extension FrameHeader {
  /// Writes the header, dimensions and padding; the checksum is written as it stands.
  ///
  /// - Parameter target: zeroed memory of at least `headerLength` bytes.
  func write(to target: UnsafeMutableRawBufferPointer) {
    func store(_ value: some FixedWidthInteger, _ offset: Int) {
      target.storeBytes(of: value.littleEndian, toByteOffset: offset, as: type(of: value))
    }
    store(Self.magic, 0)
    store(Self.version, 4)
    store(frame.kind.rawValue, 5)
    store(UInt16(headerLength), 6)
    store(frame.elementType.rawValue, 8)
    store(frame.codec.rawValue, 9)
    store(frame.flags.rawValue, 10)
    store(frame.step, 12)
    store(frame.sequence, 16)
    store(frame.firstPosition, 24)
    store(frame.positionStride, 28)
    store(frame.hookIndex, 32)
    store(frame.layer ?? -1, 36)
    store(UInt64(rawLength), 40)
    store(UInt64(payloadLength), 48)
    store(checksum, 56)
    store(frame.component.rawValue, 60)
    store(UInt8(frame.shape.count), 62)
    for (index, dimension) in frame.shape.enumerated() {
      store(UInt32(truncatingIfNeeded: dimension), Self.fixedLength + 4 * index)
    }
  }

  /// Reads a header; nil while more bytes are needed to do so.
  ///
  /// Everything is checked that can be without the payload: after this, both lengths are within the
  /// limits and agree with the shape.
  static func read(
    _ bytes: UnsafeRawBufferPointer, limits: FrameLimits
  ) throws(FrameError) -> FrameHeader? {
    func load<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
      Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
    // A wrong beginning is refused as soon as it is seen, however little has arrived.
    for index in 0..<min(4, bytes.count)
    where bytes[index] != UInt8(truncatingIfNeeded: magic >> UInt32(8 * index)) {
      var found: UInt32 = 0
      for place in 0..<min(4, bytes.count) { found |= UInt32(bytes[place]) << UInt32(8 * place) }
      throw .magic(found: found)
    }
    guard bytes.count >= fixedLength else { return nil }
    let version = load(4, UInt8.self)
    guard version == Self.version else { throw .version(found: Int(version)) }
    let headerLength = Int(load(6, UInt16.self))
    let rank = Int(load(62, UInt8.self))
    guard rank <= maximumRank else { throw .field(.rank, found: rank) }
    guard headerLength >= length(rank: rank), headerLength % 8 == 0, headerLength <= maximumLength
    else { throw .headerLength(found: headerLength) }
    guard let elementType = FrameElementType(rawValue: load(8, UInt8.self)) else {
      throw .field(.elementType, found: Int(load(8, UInt8.self)))
    }
    guard let codec = FrameCodec(rawValue: load(9, UInt8.self)) else {
      throw .field(.codec, found: Int(load(9, UInt8.self)))
    }
    let layer = load(36, Int32.self)
    guard layer >= -1 else { throw .field(.layer, found: Int(layer)) }
    guard load(63, UInt8.self) == 0 else {
      throw .field(.reserved, found: Int(load(63, UInt8.self)))
    }
    guard bytes.count >= headerLength else { return nil }
    let shape = (0..<rank).map { Int(load(fixedLength + 4 * $0, UInt32.self)) }
    let frame = TensorFrame(
      kind: FrameKind(rawValue: load(5, UInt8.self)), elementType: elementType, codec: codec,
      flags: FrameFlags(rawValue: load(10, UInt16.self)), sequence: load(16, UInt64.self),
      step: load(12, UInt32.self), firstPosition: load(24, UInt32.self),
      positionStride: load(28, UInt32.self), hookIndex: load(32, UInt32.self),
      layer: layer < 0 ? nil : layer, component: FrameComponent(rawValue: load(60, UInt16.self)),
      shape: shape)
    let (raw, payload) = try lengths(
      frame, raw: load(40, UInt64.self), payload: load(48, UInt64.self), limits: limits)
    return FrameHeader(
      frame: frame, headerLength: headerLength, rawLength: raw, payloadLength: payload,
      checksum: load(56, UInt32.self))
  }

  /// Checks the two lengths against the shape, the codec and the limits.
  private static func lengths(
    _ frame: TensorFrame, raw: UInt64, payload: UInt64, limits: FrameLimits
  ) throws(FrameError) -> (raw: Int, payload: Int) {
    guard let expected = frame.elementType.byteCount(shape: frame.shape) else {
      throw .shape(frame.shape)
    }
    guard raw == UInt64(expected) else { throw .rawLength(expected: expected, found: raw) }
    guard expected <= limits.tensorBytes else {
      throw .limit(bytes: expected, allowed: limits.tensorBytes)
    }
    // Packing never makes a payload longer than its numbers and the table of the planes.
    let table = frame.codec == .planes ? FramePlanes.tableLength(frame.elementType) : 0
    let possible =
      frame.codec == .raw
      ? payload == raw : payload >= UInt64(table) && payload <= raw + UInt64(table)
    guard possible else { throw .payloadLength(found: payload) }
    return (expected, Int(payload))
  }
}
