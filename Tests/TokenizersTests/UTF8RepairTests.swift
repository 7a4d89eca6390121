import TestKit
import Testing

@testable import Tokenizers

@Suite struct UTF8RepairTests {
  @Test(arguments: [
    ("41", "A"), ("c3a9", "é"), ("e282ac", "€"), ("f09f9880", "😀"),
    ("80", "\u{FFFD}"), ("c0af", "\u{FFFD}\u{FFFD}"), ("c3", "\u{FFFD}"), ("c341", "\u{FFFD}A"),
    ("e28241", "\u{FFFD}A"), ("e0809f", "\u{FFFD}\u{FFFD}\u{FFFD}"),
    ("eda080", "\u{FFFD}\u{FFFD}\u{FFFD}"), ("f48fbfbf", "\u{10FFFF}"),
    ("f4908080", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"), ("f09f98f09f9880", "\u{FFFD}😀"),
    ("f09fc3a9", "\u{FFFD}é"), ("ff41", "\u{FFFD}A"),
  ])
  func `one replacement stands for each maximal subpart`(_ spelt: String, _ text: String) throws {
    let spelling = bytes(hex: spelt)
    let letters = try #require(spelling)
    #expect(Self.whole(letters) == text)
    #expect(Self.oneByOne(letters).joined() == text)
  }

  @Test func `an unfinished character is held back and shown once it is whole`() throws {
    let bytes = Array("a😀b".utf8)
    #expect(Self.oneByOne(bytes) == ["a", "", "", "", "😀", "b", ""])
  }

  @Test func `random bytes give the same text however they are cut`() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2000 {
      let letters = generator.bytes(Int.random(in: 0..<24, using: &generator)).map {
        // Mostly bytes that begin or continue characters.
        $0 < 0x40 ? $0 : $0 | 0x80
      }
      let whole = Self.whole(letters)
      #expect(whole == Self.oneByOne(letters).joined())
      #expect(whole == String(decoding: letters, as: UTF8.self))
    }
  }

  private static func whole(_ bytes: [UInt8]) -> String {
    var repair = UTF8Repair()
    return repair.append(bytes) + repair.finish()
  }

  private static func oneByOne(_ bytes: [UInt8]) -> [String] {
    var repair = UTF8Repair()
    return bytes.map { repair.append([$0]) } + [repair.finish()]
  }
}
