internal import Compression

/// Reads frames that follow each other without a gap, from bytes that arrive in any pieces.
///
/// Memory stays within one frame of the limits: a frame's length is judged from its header before the
/// rest is waited for. After an error the decoder throws it again; where the next frame would begin is
/// not knowable.
public struct FrameDecoder: Sendable {
  private let limits: FrameLimits
  private var pending: [UInt8] = []
  private var start = 0
  private var failure: FrameError?

  /// Begins reading.
  public init(limits: FrameLimits = .standard) { self.limits = limits }

  /// Stores bytes.
  public mutating func receive(_ bytes: UnsafeRawBufferPointer) {
    if start > 0 && start >= pending.count / 2 {
      pending.removeSubrange(..<start)
      start = 0
    }
    pending.append(contentsOf: bytes)
  }

  /// Stores bytes.
  public mutating func receive(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { receive($0) }
  }

  /// The next whole frame, or nil when more bytes are needed.
  public mutating func next() throws(FrameError) -> FrameBytes? {
    if let failure { throw failure }
    do {
      guard let header = try peek() else { return nil }
      let bytes = Array(pending[start..<start + header.frameLength])
      try Self.check(bytes, header)
      start += header.frameLength
      return FrameBytes(header: header, bytes: bytes)
    } catch {
      failure = error
      throw error
    }
  }

  /// Ends reading.
  ///
  /// - Throws: `truncated` when bytes of an unfinished frame are left.
  public func finish() throws(FrameError) {
    if let failure { throw failure }
    guard pending.count == start else {
      throw .truncated(expected: FrameHeader.fixedLength, found: pending.count - start)
    }
  }

  /// The header of a whole frame at the front, or nil while it is not whole.
  private func peek() throws(FrameError) -> FrameHeader? {
    let limits = limits
    let result = pending.withUnsafeBytes { all -> Result<FrameHeader?, FrameError> in
      let rest = UnsafeRawBufferPointer(rebasing: all[start...])
      return Result { () throws(FrameError) in try FrameHeader.read(rest, limits: limits) }
    }
    guard let header = try result.get(), pending.count - start >= header.frameLength else {
      return nil
    }
    return header
  }

  /// Reads and checks the header of the first frame in the bytes, whole.
  static func header(of bytes: [UInt8], limits: FrameLimits) throws(FrameError) -> FrameHeader {
    let result = bytes.withUnsafeBytes { all -> Result<FrameHeader?, FrameError> in
      Result { () throws(FrameError) in try FrameHeader.read(all, limits: limits) }
    }
    guard let header = try result.get() else {
      throw .truncated(expected: FrameHeader.fixedLength, found: bytes.count)
    }
    guard bytes.count >= header.frameLength else {
      throw .truncated(expected: header.frameLength, found: bytes.count)
    }
    try check(bytes, header)
    return header
  }

  /// Checks checksum and padding of a whole frame.
  private static func check(_ bytes: [UInt8], _ header: FrameHeader) throws(FrameError) {
    let computed = bytes.withUnsafeBytes {
      checksum(UnsafeRawBufferPointer(rebasing: $0[..<header.frameLength]))
    }
    guard computed == header.checksum else {
      throw .checksum(stored: header.checksum, computed: computed)
    }
    let end = header.headerLength + header.payloadLength
    for byte in bytes[end..<header.frameLength] where byte != 0 {
      throw .field(.padding, found: Int(byte))
    }
  }

  /// The checksum of a whole frame: all bytes but the checksum's own four.
  static func checksum(_ frame: UnsafeRawBufferPointer) -> UInt32 {
    var running = CRC32()
    running.update(UnsafeRawBufferPointer(rebasing: frame[..<FrameHeader.checksumRange.lowerBound]))
    running.update(UnsafeRawBufferPointer(rebasing: frame[FrameHeader.checksumRange.upperBound...]))
    return running.value
  }
}
