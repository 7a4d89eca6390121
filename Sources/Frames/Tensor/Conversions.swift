/// Numbers from single precision to each stored form and back; plain loops that the compiler vectorises.
///
/// Stored forms are little-endian, as is every machine this is built for; callers size the buffers.
enum Conversions {
  /// Copies as many bytes as both sides have.
  static func copy(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer) {
    let count = min(source.count, target.count)
    guard count > 0, let from = source.baseAddress, let to = target.baseAddress else { return }
    to.copyMemory(from: from, byteCount: count)
  }

  /// Rounds to bfloat16, ties to even; NaN stays NaN (quiet, sign kept), overflow becomes infinity.
  static func narrowBrain(
    _ source: UnsafeBufferPointer<Float>, to target: UnsafeMutableRawBufferPointer
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    for index in 0..<source.count {
      let bits = from[index].bitPattern
      // Adding just under half, plus one where the kept part is odd, carries exactly when rounding is up.
      let rounded = (bits &+ 0x7fff &+ (bits &>> 16 & 1)) &>> 16
      let quiet = bits &>> 16 | 0x40
      let isNaN = bits & 0x7fff_ffff > 0x7f80_0000
      to.storeBytes(
        of: UInt16(truncatingIfNeeded: isNaN ? quiet : rounded), toByteOffset: 2 &* index,
        as: UInt16.self)
    }
  }

  /// The exact single of each bfloat16.
  static func widenBrain(
    _ source: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    for index in 0..<min(source.count / 2, target.count) {
      let bits = UInt32(from.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self)) &<< 16
      (to + index).initialize(to: Float(bitPattern: bits))
    }
  }

  /// Rounds to half precision, ties to even; past 65 519 infinity, below 2⁻¹⁴ subnormal.
  static func narrowHalf(
    _ source: UnsafeBufferPointer<Float>, to target: UnsafeMutableRawBufferPointer
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    for index in 0..<source.count {
      to.storeBytes(of: half(from[index]), toByteOffset: 2 &* index, as: UInt16.self)
    }
  }

  /// One half: all three ranges are computed and one is chosen, so that the loop has no branches.
  @inline(__always)
  private static func half(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let magnitude = bits & 0x7fff_ffff
    // Normal: move the exponent's bias from 127 to 15, round the 13 lost bits to even.
    let normal = (magnitude &- 0x3800_0000 &+ 0x0fff &+ (magnitude &>> 13 & 1)) &>> 13
    // Subnormal: adding 0.5 puts the unit of 2⁻²⁴ into a single's last bit; the addition rounds.
    let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- (0.5 as Float).bitPattern
    let special: UInt32 = magnitude > 0x7f80_0000 ? 0x7e00 : 0x7c00
    let finite = magnitude < 0x3880_0000 ? subnormal : normal
    let result = magnitude >= 0x477f_f000 ? special : finite
    return UInt16(truncatingIfNeeded: result | bits &>> 16 & 0x8000)
  }

  /// The exact single of each half.
  static func widenHalf(
    _ source: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    // Multiplying by 2¹¹² moves the bias from 15 to 127, and makes subnormals normal on the way.
    let rebias = Float(bitPattern: 0x7780_0000)
    for index in 0..<min(source.count / 2, target.count) {
      let stored = UInt32(from.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self))
      let scaled = (Float(bitPattern: (stored & 0x7fff) &<< 13) * rebias).bitPattern
      let magnitude =
        stored & 0x7c00 == 0x7c00 ? 0x7f80_0000 | (stored & 0x3ff) &<< 13 : scaled
      let bits = magnitude | (stored & 0x8000) &<< 16
      (to + index).initialize(to: Float(bitPattern: bits))
    }
  }
}
