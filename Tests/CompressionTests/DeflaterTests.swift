import TestKit
import Testing

@testable import Compression

@Suite struct DeflaterTests {
  static let formats: [DeflateFormat] = [.raw, .zlib, .gzip]

  /// Inputs of awkward kinds: empty, short, runs, noise, larger than any internal buffer.
  static var inputs: [[UInt8]] {
    var generator = SeededGenerator(seed: 1)
    return [
      [], [0], [UInt8](repeating: 7, count: 100_000), generator.bytes(70_000),
      Array("so much depends upon a red wheel barrow ".utf8),
    ]
  }

  @Test(arguments: formats)
  func `what is compressed expands to itself`(format: DeflateFormat) throws {
    let inflater = try Inflater(format)
    for strategy in [DeflateSettings.Strategy.standard, .huffmanOnly, .runLength] {
      for level in [0, 1, 6, 9] {
        let deflater = try Deflater(DeflateSettings(format, level: level, strategy: strategy))
        for input in Self.inputs {
          let packed = try deflater.compress(input)
          #expect(try inflater.expand(packed, limit: input.count) == input)
        }
      }
    }
  }

  @Test func `a reused deflater gives the same bytes every time`() throws {
    let deflater = try Deflater(DeflateSettings(.zlib))
    let once = try deflater.compress(Self.inputs[4])
    _ = try deflater.compress(Self.inputs[3])
    #expect(try deflater.compress(Self.inputs[4]) == once)
  }

  @Test func `noise does not fit into its own size, and that is said rather than thrown`() throws {
    let deflater = try Deflater(DeflateSettings(.zlib, strategy: .huffmanOnly))
    let noise = Self.inputs[3]
    var room = [UInt8](repeating: 0, count: noise.count)
    let size = try noise.withUnsafeBytes { input in
      try room.withUnsafeMutableBytes { try deflater.compress(input, into: $0) }
    }
    #expect(size == nil)
  }

  @Test func `compressing into the caller's memory equals appending`() throws {
    let deflater = try Deflater(DeflateSettings(.zlib, strategy: .huffmanOnly))
    let input = Self.inputs[2]
    var room = [UInt8](repeating: 0, count: input.count)
    let size = try input.withUnsafeBytes { input in
      try room.withUnsafeMutableBytes { try deflater.compress(input, into: $0) }
    }
    #expect(try Array(room.prefix(#require(size))) == deflater.compress(input))
  }

  @Test func `settings outside the library's range are refused`() {
    #expect(throws: CompressionError.settings) { try Deflater(DeflateSettings(.raw, level: 10)) }
    #expect(throws: CompressionError.settings) {
      try Deflater(DeflateSettings(.raw, windowBits: 16))
    }
    #expect(throws: CompressionError.settings) { try Inflater(.raw, windowBits: 7) }
  }
}
