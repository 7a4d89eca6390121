extension Conversions {
  /// The byte that stands for a number that is not finite.
  private static let notFinite: Int8 = -128

  /// Writes one scale for every 32 numbers of a row, then all bytes.
  ///
  /// A scale is the block's largest finite magnitude over 127; quotients are rounded to nearest even.
  static func packBlocks(
    _ source: UnsafeBufferPointer<Float>, shape: [Int], to target: UnsafeMutableRawBufferPointer
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    let scaleBytes = 4 * (FrameShape.blockCount(shape) ?? 0)
    eachBlock(shape, count: source.count) { block, start, length in
      var largest: Float = 0
      for index in start..<start &+ length where from[index].isFinite {
        largest = max(largest, from[index].magnitude)
      }
      let quotient = largest / 127
      // Rounding up could make the largest numbers decode to infinity.
      let scale = (quotient * 127).isFinite ? quotient : quotient.nextDown
      // The smallest subnormals over 127 vanish; so do their numbers.
      let inverse = scale > 0 ? 1 / scale : 0
      to.storeBytes(of: scale.bitPattern, toByteOffset: 4 &* block, as: UInt32.self)
      for index in start..<start &+ length {
        let rounded = (from[index] * inverse).rounded(.toNearestOrEven)
        let bounded = Int8(max(-127, min(127, rounded.isFinite ? rounded : 0)))
        to.storeBytes(
          of: from[index].isFinite ? bounded : notFinite, toByteOffset: scaleBytes &+ index,
          as: Int8.self)
      }
    }
  }

  /// Undoes `packBlocks`: scale times byte, NaN for the mark.
  static func expandBlocks(
    _ source: UnsafeRawBufferPointer, shape: [Int], to target: UnsafeMutableBufferPointer<Float>
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    let scaleBytes = 4 * (FrameShape.blockCount(shape) ?? 0)
    guard source.count >= scaleBytes else { return }
    eachBlock(shape, count: min(source.count - scaleBytes, target.count)) { block, start, length in
      let scale = Float(
        bitPattern: from.loadUnaligned(fromByteOffset: 4 &* block, as: UInt32.self))
      for index in start..<start &+ length {
        let byte = from.load(fromByteOffset: scaleBytes &+ index, as: Int8.self)
        (to + index).initialize(to: byte == notFinite ? .nan : scale * Float(byte))
      }
    }
  }

  /// Visits the blocks of all rows in order; a row's last block may be short.
  @inline(__always)
  private static func eachBlock(
    _ shape: [Int], count: Int, _ body: (_ block: Int, _ start: Int, _ length: Int) -> Void
  ) {
    let row = FrameShape.rowLength(shape)
    guard row > 0 else { return }
    var block = 0
    for rowStart in stride(from: 0, to: count, by: row) {
      for start in stride(from: rowStart, to: rowStart + row, by: FrameElementType.blockSize) {
        body(block, start, min(FrameElementType.blockSize, rowStart + row - start))
        block += 1
      }
    }
  }
}
