/// Puts codes of some bits each behind one another, the first in the lowest bits (RFC 1951, section 3.1.1).
///
/// - Ownership: writes into memory of the caller, who keeps it alive; never beyond its end.
struct BitWriter {
  private let target: UnsafeMutableRawBufferPointer
  private var offset = 0
  private var bits: UInt64 = 0
  private var count: UInt64 = 0

  init(_ target: UnsafeMutableRawBufferPointer) {
    self.target = target
  }

  /// Bits that still fit.
  var room: Int { (target.count - offset) * 8 - Int(count) }

  /// Adds the lowest `length` bits; `drain` has to follow before 64 have come together.
  @inline(__always)
  mutating func put(_ value: UInt64, _ length: UInt64) {
    bits |= value &<< count
    count &+= length
  }

  /// Writes whole bytes out, so that fewer than 8 bits wait.
  @inline(__always)
  mutating func drain() {
    guard target.count &- offset >= 8, let base = target.baseAddress else { return drainBytes() }
    base.storeBytes(of: bits.littleEndian, toByteOffset: offset, as: UInt64.self)
    offset &+= Int(count &>> 3)
    bits &>>= count & 56
    count &= 7
  }

  private mutating func drainBytes() {
    while count >= 8, offset < target.count {
      target[offset] = UInt8(truncatingIfNeeded: bits)
      offset += 1
      bits >>= 8
      count -= 8
    }
  }

  /// Fills the last byte and adds one number, highest byte first; the number of bytes written, nil where they do not fit.
  mutating func finish(_ checksum: UInt32) -> Int? {
    put(0, (8 - count) & 7)
    drain()
    guard count == 0, target.count - offset >= 4 else { return nil }
    for place in 0..<4 {
      target[offset + place] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32(place)))
    }
    return offset + 4
  }
}
