import TestKit
import Testing

@testable import Compression

@Suite struct HuffmanDeflaterTests {
  /// Bytes as they come from exponents: a few frequent, some rare.
  static func skewed(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return generator.bytes(2 * count).enumerated().filter { $0.offset % 2 == 0 }.map { item in
      120 + UInt8(truncatingIfNeeded: (Int(item.element) * Int(item.element)) >> 12)
    }
  }

  /// Inputs of awkward kinds: one symbol, all symbols, counts that want codes beyond every limit, block borders.
  static var inputs: [[UInt8]] {
    var fibonacci: [UInt8] = []
    var (one, two) = (1, 1)
    for symbol in 0..<20 {
      fibonacci += [UInt8](repeating: UInt8(symbol), count: one)
      (one, two) = (two, one + two)
    }
    return [
      [UInt8](repeating: 7, count: 100_000), [UInt8](repeating: 0, count: 64), fibonacci,
      (0..<4096).map { UInt8(truncatingIfNeeded: $0 * $0 / 17) }, skewed(576, seed: 1),
      skewed(16 << 10, seed: 2), skewed((16 << 10) + 1, seed: 3), skewed(100_000, seed: 4),
    ] + (1...40).map { skewed(60 + $0 * 7, seed: UInt64($0)) }
  }

  static func packed(
    _ input: [UInt8], room: Int, _ deflater: inout HuffmanDeflater
  ) -> [UInt8]? {
    var output = [UInt8](repeating: 0xAA, count: room + 16)
    let size = input.withUnsafeBytes { bytes in
      output.withUnsafeMutableBytes {
        deflater.compress(bytes, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<room]))
      }
    }
    // Never a byte beyond the room it was given.
    #expect(output[room...].allSatisfy { $0 == 0xAA })
    return size.map { Array(output[..<$0]) }
  }

  @Test func `zlib reads what it writes, whatever the frequencies`() throws {
    var deflater = HuffmanDeflater()
    let inflater = try Inflater(.zlib)
    for input in Self.inputs {
      let room = input.count + 1024
      let written = Self.packed(input, room: room, &deflater)
      let packed = try #require(written)
      #expect(try inflater.expand(packed, limit: input.count) == input)
    }
  }

  @Test func `it comes to no more than zlib's own codes by frequency, but for a percent`() throws {
    var deflater = HuffmanDeflater()
    let twin = try Deflater(DeflateSettings(.zlib, strategy: .huffmanOnly))
    for input in Self.inputs {
      let room = input.count + 1024
      let written = Self.packed(input, room: room, &deflater)
      let packed = try #require(written)
      let expected = try twin.compress(input).count
      #expect(packed.count <= expected + max(8, expected / 100), "\(input.count) bytes")
    }
  }

  @Test func `a stream that does not fit to the byte is refused, one that fits is written`() throws
  {
    var deflater = HuffmanDeflater()
    let input = Self.skewed(576, seed: 9)
    let written = Self.packed(input, room: 1024, &deflater)
    let whole = try #require(written)
    for room in 0...whole.count {
      let packed = Self.packed(input, room: room, &deflater)
      #expect(packed == (room < whole.count ? nil : whole))
    }
  }

  @Test func `noise does not fit into its own size`() {
    var generator = SeededGenerator(seed: 5)
    let noise = generator.bytes(4096)
    var deflater = HuffmanDeflater()
    let size = Self.packed(noise, room: noise.count - 1, &deflater)
    #expect(size == nil)
  }

  @Test func `a reused deflater gives the same bytes every time`() {
    var deflater = HuffmanDeflater()
    let once = Self.packed(Self.inputs[4], room: 1024, &deflater)
    _ = Self.packed(Self.inputs[7], room: 100_000, &deflater)
    let again = Self.packed(Self.inputs[4], room: 1024, &deflater)
    #expect(again == once)
  }

  @Test func `no code is longer than its limit, and all together leave no gap`() {
    var generator = SeededGenerator(seed: 6)
    var code = PrefixCode(symbols: 257, limit: 12)
    for round in 2..<200 {
      let counts = (0..<257).map { symbol -> UInt32 in
        symbol < round ? 1 << (UInt32(generator.bytes(1)[0]) % 14) : 0
      }
      counts.withUnsafeBufferPointer { code.build($0) }
      let used = code.lengths.reduce(0) { $0 + ($1 > 0 ? 1 << (12 - Int($1)) : 0) }
      #expect(used == 1 << 12)
      #expect(zip(counts, code.lengths).allSatisfy { ($0 > 0) == ($1 > 0) })
    }
  }
}
