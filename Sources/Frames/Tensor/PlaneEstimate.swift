/// A quick look at a plane that spares compressing noise.
enum PlaneEstimate {
  private static let sampleSize = 256

  /// Whether some bytes are enough more frequent than others for codes by frequency to save a few percent.
  ///
  /// Counts collisions in an even sample: with `n` samples of uniform bytes the squares of the counts
  /// add up to about `n + n²/256`; mantissas come to that, exponents to many times it.
  static func isWorthPacking(_ plane: UnsafeRawBufferPointer) -> Bool {
    guard plane.count >= 64 else { return false }
    let stride = plane.count / sampleSize | 1
    var counts = InlineArray<256, Int32>(repeating: 0)
    var samples = 0
    var place = 0
    while place < plane.count && samples < sampleSize {
      counts[Int(plane[place])] += 1
      samples += 1
      place += stride
    }
    var squares = 0
    for value in 0..<256 { squares += Int(counts[value]) * Int(counts[value]) }
    return squares * 2 > 3 * (samples + samples * samples / 256)
  }
}
