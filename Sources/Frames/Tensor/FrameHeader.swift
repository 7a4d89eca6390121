/// The fixed part of a frame as bytes; the diagram is in `Protocol/frames.md`.
struct FrameHeader {
  /// `NSTF` read as a little-endian number.
  static let magic: UInt32 = 0x4654_534e
  static let version: UInt8 = 1
  /// Bytes before the dimensions.
  static let fixedLength = 64
  /// Where the checksum lies, the only four bytes it does not cover.
  static let checksumRange = 56..<60
  static let maximumRank = 16
  /// No header of any version is longer.
  static let maximumLength = 4096

  var frame: TensorFrame
  var headerLength: Int
  var rawLength: Int
  var payloadLength: Int
  var checksum: UInt32

  /// All bytes of the frame: header, payload, and zeros to a multiple of 8.
  var frameLength: Int { headerLength + paddedPayloadLength }

  var paddedPayloadLength: Int { (payloadLength + 7) & ~7 }

  /// The header's length for a number of dimensions.
  static func length(rank: Int) -> Int { (fixedLength + 4 * rank + 7) & ~7 }
}
