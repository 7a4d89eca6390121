import TestKit
import Testing

@testable import Compression

@Suite struct InflaterTests {
  @Test(arguments: DeflaterTests.formats)
  func `a bomb costs its limit and no more`(format: DeflateFormat) throws {
    let bomb = try Deflater(DeflateSettings(format, level: 9))
      .compress([UInt8](repeating: 0, count: 4 << 20))
    #expect(bomb.count < 8192)
    let inflater = try Inflater(format)
    #expect(throws: CompressionError.outputLimit(65_536)) {
      try inflater.expand(bomb, limit: 65_536)
    }
  }

  @Test(arguments: DeflaterTests.formats)
  func `every cut of a stream is truncated, none is taken for whole`(format: DeflateFormat) throws {
    let packed = try Deflater(DeflateSettings(format)).compress(Array("abcabcabcabd".utf8))
    let inflater = try Inflater(format)
    for count in 0..<packed.count {
      #expect(throws: CompressionError.truncated(inputBytes: count)) {
        try inflater.expand(Array(packed.prefix(count)), limit: 100)
      }
    }
    #expect(throws: CompressionError.trailingBytes(count: 3)) {
      try inflater.expand(packed + [1, 2, 3], limit: 100)
    }
  }

  @Test func `a stream that must fill a buffer is refused when it is short or long`() throws {
    let packed = try Deflater(DeflateSettings(.zlib)).compress([1, 2, 3, 4])
    let inflater = try Inflater(.zlib)
    func expand(into count: Int) throws -> [UInt8] {
      var room = [UInt8](repeating: 9, count: count)
      try packed.withUnsafeBytes { input in
        try room.withUnsafeMutableBytes { try inflater.expand(input, into: $0) }
      }
      return room
    }
    #expect(try expand(into: 4) == [1, 2, 3, 4])
    #expect(throws: CompressionError.outputLimit(3)) { try expand(into: 3) }
    #expect(throws: CompressionError.outputLimit(0)) { try expand(into: 0) }
    #expect(throws: CompressionError.outputSize(expected: 5, found: 4)) { try expand(into: 5) }
  }

  @Test func `random bytes are refused or expanded, never trusted`() throws {
    var generator = SeededGenerator(seed: 2)
    let inflater = try Inflater(.zlib)
    let raw = try Inflater(.raw)
    for _ in 0..<2000 {
      let junk = generator.bytes(Int.random(in: 0...64, using: &generator))
      #expect(throws: CompressionError.self) { try inflater.expand(junk, limit: 1000) }
      _ = try? raw.expand(junk, limit: 1000)
    }
  }
}
