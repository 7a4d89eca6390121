internal import Compression

/// One encoded frame: made once, never changed, shared by every viewer and by the recording.
///
/// Its memory lives as long as anyone holds a reference; nobody copies it on the way out.
public final class FrameBytes: Sendable {
  /// What the frame says of its tensor.
  public let frame: TensorFrame

  /// All bytes: header, payload, padding.
  public let bytes: [UInt8]

  /// Where the payload begins, a multiple of 8.
  public let payloadOffset: Int

  /// The payload's length without padding.
  public let payloadLength: Int

  /// The length of the numbers before packing.
  public let rawLength: Int

  /// The number of bytes.
  public var count: Int { bytes.count }

  init(header: FrameHeader, bytes: [UInt8]) {
    frame = header.frame
    self.bytes = bytes
    payloadOffset = header.headerLength
    payloadLength = header.payloadLength
    rawLength = header.rawLength
  }

  /// Takes over the bytes of exactly one frame after checking all of them but the packed numbers.
  ///
  /// - Throws: what is wrong with them. Packed numbers are checked when `values` expands them.
  public convenience init(
    checking bytes: [UInt8], limits: FrameLimits = .standard
  ) throws(FrameError) {
    let header = try FrameDecoder.header(of: bytes, limits: limits)
    guard bytes.count <= header.frameLength else {
      throw .trailingBytes(bytes.count - header.frameLength)
    }
    self.init(header: header, bytes: bytes)
  }

  /// Lends the bytes.
  public func withUnsafeBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows
    -> Value
  {
    try bytes.withUnsafeBytes(body)
  }
}
