/// Numbers taken apart into planes of equal significance: first all lowest bytes, then all next ones.
///
/// The exponents of neighbouring activations resemble each other while their mantissas are noise; apart,
/// one plane can be compressed well and the other left alone.
package enum BytePlanes {
  /// Splits little-endian numbers of 2 or 4 bytes; other widths are copied unchanged.
  ///
  /// `output` holds at least as many bytes as `input`; a last incomplete number is not written.
  package static func split(
    _ input: UnsafeRawBufferPointer, width: Int, into output: UnsafeMutableRawBufferPointer
  ) {
    let count = min(input.count, output.count) / max(width, 1)
    guard let source = input.baseAddress, let target = output.baseAddress, count > 0 else { return }
    let planes = target.assumingMemoryBound(to: UInt8.self)
    switch width {
    case 2:
      let high = planes + count
      for index in 0..<count {
        let number = source.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self)
        planes[index] = UInt8(truncatingIfNeeded: number)
        high[index] = UInt8(truncatingIfNeeded: number &>> 8)
      }
    case 4:
      let second = planes + count
      let third = second + count
      let fourth = third + count
      for index in 0..<count {
        let number = source.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self)
        planes[index] = UInt8(truncatingIfNeeded: number)
        second[index] = UInt8(truncatingIfNeeded: number &>> 8)
        third[index] = UInt8(truncatingIfNeeded: number &>> 16)
        fourth[index] = UInt8(truncatingIfNeeded: number &>> 24)
      }
    default:
      target.copyMemory(from: source, byteCount: min(input.count, output.count))
    }
  }

  /// Undoes `split`.
  package static func merge(
    _ input: UnsafeRawBufferPointer, width: Int, into output: UnsafeMutableRawBufferPointer
  ) {
    let count = min(input.count, output.count) / max(width, 1)
    guard let source = input.baseAddress, let target = output.baseAddress, count > 0 else { return }
    let planes = source.assumingMemoryBound(to: UInt8.self)
    switch width {
    case 2:
      let high = planes + count
      for index in 0..<count {
        let number = UInt16(planes[index]) | UInt16(high[index]) &<< 8
        target.storeBytes(of: number, toByteOffset: 2 &* index, as: UInt16.self)
      }
    case 4:
      let second = planes + count
      let third = second + count
      let fourth = third + count
      for index in 0..<count {
        let low = UInt32(planes[index]) | UInt32(second[index]) &<< 8
        let number = low | UInt32(third[index]) &<< 16 | UInt32(fourth[index]) &<< 24
        target.storeBytes(of: number, toByteOffset: 4 &* index, as: UInt32.self)
      }
    default:
      target.copyMemory(from: source, byteCount: min(input.count, output.count))
    }
  }
}
