/// Where the planes of each element type lie in the unpacked bytes, and the table that precedes them.
///
/// The table has one little-endian 32-bit entry a plane: the stored length, with the top bit set when the
/// plane is a zlib stream. It is padded to a multiple of 8 by its own size (2 or 4 entries).
enum FramePlanes {
  static let packedBit: UInt32 = 1 << 31

  /// The number of planes.
  static func count(_ type: FrameElementType) -> Int {
    switch type {
    case .float16, .bfloat16: 2
    case .float32, .uint32: 4
    // The scales, then the bytes.
    case .int8Blocks: 2
    }
  }

  static func tableLength(_ type: FrameElementType) -> Int { 4 * count(type) }

  /// The part of the split bytes that is one plane.
  static func range(_ index: Int, _ type: FrameElementType, shape: [Int], rawLength: Int)
    -> Range<Int>
  {
    guard type == .int8Blocks else {
      let length = rawLength / count(type)
      return index * length..<(index + 1) * length
    }
    let scales = min(rawLength, 4 * (FrameShape.blockCount(shape) ?? 0))
    return index == 0 ? 0..<scales : scales..<rawLength
  }

  /// The width by which bytes are split; 1 leaves them as they are.
  static func splitWidth(_ type: FrameElementType) -> Int {
    type == .int8Blocks ? 1 : type.width
  }
}
