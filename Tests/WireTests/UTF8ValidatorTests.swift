import TestKit
import Testing

@testable import Wire

@Suite struct UTF8ValidatorTests {
  @Test func `agrees with the language on random bytes, in whole and in pieces`() {
    var generator = SeededGenerator(seed: 41)
    let spice: [UInt8] = [
      0x00, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe2, 0xed,
      0xef,
      0xf0, 0xf3, 0xf4, 0xf5, 0xff,
    ]
    for _ in 0..<20_000 {
      let count = Int.random(in: 0..<12, using: &generator)
      let bytes = (0..<count).map { _ in spice.randomElement(using: &generator) ?? 0 }
      let expected = String(validating: bytes, as: UTF8.self) != nil
      for piece in [12, 1] {
        var validator = UTF8Validator()
        var isText = true
        for start in stride(from: 0, to: count, by: piece) where isText {
          isText = bytes[start..<min(count, start + piece)].withUnsafeBytes { validator.accept($0) }
        }
        #expect((isText && validator.isComplete) == expected)
      }
    }
  }

  @Test func `long plain text with one wrong byte anywhere is refused`() {
    for place in 0..<40 {
      var bytes = [UInt8](repeating: 0x61, count: 40)
      bytes[place] = 0xff
      var validator = UTF8Validator()
      #expect(!bytes.withUnsafeBytes { validator.accept($0) })
    }
  }
}
