import TestKit
import Testing

@testable import Tensors

extension SeededGenerator {
  /// Roughly normal numbers of deviation 1.
  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      // Four 16-bit numbers of one draw, summed: mean 0, variance 4 / 12 before scaling.
      let bits = next()
      let sum = Float(bits & 0xffff) + Float(bits >> 16 & 0xffff) + Float(bits >> 32 & 0xffff)
      return (sum + Float(bits >> 48) - 131_070) * (1.732 / 65_536)
    }
  }
}

/// Bytes that stay where they are for as long as a matrix made of them lives.
final class Bytes: WeightOwner, Sendable {
  nonisolated(unsafe) let buffer: UnsafeRawBufferPointer

  init(_ bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    copy.copyBytes(from: bytes)
    buffer = UnsafeRawBufferPointer(copy)
  }

  convenience init(hex text: String) throws { self.init(try #require(bytes(hex: text))) }

  deinit { buffer.deallocate() }
}

/// One way to store a matrix, with random contents on demand.
struct Storage: CustomTestStringConvertible, Sendable {
  let testDescription: String
  /// Columns must be a multiple of it.
  let block: Int
  let make: @Sendable (_ rows: Int, _ columns: Int, _ seed: UInt64) throws -> WeightMatrix

  static let all: [Storage] =
    ElementType.all.map(blocks)
    + [2, 3, 4, 5, 6, 8].flatMap { bits in
      [(32, ElementType.f16), (64, .bf16), (128, .f32)].map { affine(bits, $0.0, $0.1) }
    } + [mxfp4Split]

  static func blocks(_ type: ElementType) -> Storage {
    Storage(testDescription: type.name, block: type.itemsPerBlock) { rows, columns, seed in
      var random = SeededGenerator(seed: seed)
      let count = (type.byteCount(columns: columns) ?? 0) * rows
      var bytes = random.bytes(count)
      for block in stride(from: 0, to: count, by: type.bytesPerBlock) {
        // Random bytes in a scale would be infinities and numbers of any size.
        switch type {
        case .f32: bytes.put(random.floats(1)[0].bitPattern, at: block)
        case .bf16: bytes.put(UInt16(random.floats(1)[0].bitPattern >> 16), at: block)
        case .f16: bytes.put(random.half(1), at: block)
        case .q4_1, .q5_1, .q4_K, .q5_K:
          bytes.put(random.half(0.05), at: block)
          bytes.put(random.half(0.5), at: block + 2)
        case .q2_K:
          bytes.put(random.half(0.05), at: block + 80)
          bytes.put(random.half(0.05), at: block + 82)
        case .q3_K: bytes.put(random.half(0.01), at: block + 108)
        case .q6_K: bytes.put(random.half(0.001), at: block + 208)
        case .mxfp4: bytes[block] = UInt8.random(in: 120...130, using: &random)
        default: bytes.put(random.half(0.05), at: block)
        }
      }
      let owner = Bytes(bytes)
      return try WeightMatrix(
        type, rows: rows, columns: columns, bytes: owner.buffer, owner: owner)
    }
  }

  static func affine(_ bits: Int, _ group: Int, _ type: ElementType) -> Storage {
    Storage(testDescription: "affine \(bits) bits, group \(group), \(type.name)", block: group) {
      rows, columns, seed in
      var random = SeededGenerator(seed: seed)
      let codes = rows * columns * bits / 8
      let scales = rows * columns / group * type.bytesPerBlock
      var bytes = random.bytes(codes)
      bytes += [UInt8](repeating: 0, count: 2 * scales)
      for at in stride(from: codes, to: codes + 2 * scales, by: type.bytesPerBlock) {
        let value = random.floats(1)[0] * 0.1
        switch type {
        case .f32: bytes.put(value.bitPattern, at: at)
        case .bf16: bytes.put(UInt16(value.bitPattern >> 16), at: at)
        default: bytes.put(random.half(0.1), at: at)
        }
      }
      let owner = Bytes(bytes)
      return try WeightMatrix(
        affineBits: bits, group: group, rows: rows, columns: columns,
        codes: UnsafeRawBufferPointer(rebasing: owner.buffer[..<codes]),
        scales: UnsafeRawBufferPointer(rebasing: owner.buffer[codes..<codes + scales]),
        biases: UnsafeRawBufferPointer(rebasing: owner.buffer[(codes + scales)...]),
        scaleType: type, owner: owner)
    }
  }

  static let mxfp4Split = Storage(testDescription: "MXFP4, scales apart", block: 32) {
    rows, columns, seed in
    var random = SeededGenerator(seed: seed)
    let blocks = rows * columns / 2
    var bytes = random.bytes(blocks)
    bytes += (0..<rows * columns / 32).map { _ in UInt8.random(in: 120...130, using: &random) }
    let owner = Bytes(bytes)
    return try WeightMatrix(
      mxfp4Rows: rows, columns: columns,
      blocks: UnsafeRawBufferPointer(rebasing: owner.buffer[..<blocks]),
      scales: UnsafeRawBufferPointer(rebasing: owner.buffer[blocks...]), owner: owner)
  }
}

extension SeededGenerator {
  /// The bits of a half of about `deviation`, made from a float whose mantissa fits.
  mutating func half(_ deviation: Float) -> UInt16 {
    let bits = max(abs(floats(1)[0] * deviation), 1e-3 * deviation).bitPattern
    let sign: UInt16 = Bool.random(using: &self) ? 0x8000 : 0
    let exponent = Int(bits >> 23) - 112
    guard exponent > 0 else { return sign | UInt16(bits >> 13 & 0x3ff) }
    return sign | UInt16(exponent) << 10 | UInt16(bits >> 13 & 0x3ff)
  }
}

extension [UInt8] {
  mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
    for at in 0..<value.bitWidth / 8 {
      self[offset + at] = UInt8(truncatingIfNeeded: value >> (8 * at))
    }
  }
}

extension FloatSlab {
  /// A slab filled with these numbers.
  convenience init(_ values: [Float]) {
    self.init(count: values.count)
    base.update(from: values, count: values.count)
  }

  var values: [Float] { [Float](UnsafeBufferPointer(start: base, count: count)) }
}
