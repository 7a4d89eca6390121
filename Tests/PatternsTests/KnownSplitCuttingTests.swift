import TestKit
import Testing

@testable import Patterns

/// Long texts that are cut have the pieces that they have uncut.
@Suite struct KnownSplitCuttingTests {
  /// Those that cut a text at its words.
  private static let splits = KnownSplit.allCases.filter { $0 != .digitGroups }

  private static let bits = [
    "a", "B", "é", "ß", "漢", "字", "ǅ", "ʰ", "\u{301}", "1", "22", "٣", " ", "  ", "\t", "\u{a0}",
    "\n", "\r\n",
    "'s", "'LL", "'", "!", "//", "😀", "Ab", "ABc", ".", " a", "b c",
  ]

  private static func text(_ chance: inout SeededGenerator) -> [UInt8] {
    var text = ""
    for _ in 0..<Int.random(in: 1...60, using: &chance) {
      let bit = bits[Int.random(in: 0..<bits.count, using: &chance)]
      text += String(repeating: bit, count: Int.random(in: 1...4, using: &chance))
    }
    return Array(text.utf8)
  }

  private static func pieces(_ split: KnownSplit, _ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
    let text = ScalarText(bytes)
    return split.matches(in: text).map {
      Array(bytes[text.offsets[$0.lowerBound]..<text.offsets[$0.upperBound]])
    }
  }

  @Test(arguments: Self.splits) func `any text, any window`(split: KnownSplit) {
    for seed in 0..<1500 as Range<UInt64> {
      var chance = SeededGenerator(seed: seed)
      let bytes = Self.text(&chance)
      let window = Int.random(in: 1...40, using: &chance)
      var rest = bytes[...]
      var cut: [[UInt8]] = []
      while !rest.isEmpty {
        let end = split.cut(rest, window: window)
        #expect(end > rest.startIndex)
        guard end > rest.startIndex else { return }
        cut += Self.pieces(split, rest[..<end])
        rest = rest[end...]
      }
      #expect(cut == Self.pieces(split, bytes[...]), "seed \(seed), window \(window)")
    }
  }

  @Test(arguments: Self.splits) func `between any two words`(split: KnownSplit) {
    for seed in 0..<1500 as Range<UInt64> {
      var chance = SeededGenerator(seed: seed)
      let bytes = Self.text(&chance)
      guard bytes.count > 2 else { continue }
      let window = Int.random(in: 1...bytes.count, using: &chance)
      guard let end = KnownSplit.cutBetweenWords(bytes[...], window: window) else { continue }
      let cut = Self.pieces(split, bytes[..<end]) + Self.pieces(split, bytes[end...])
      #expect(cut == Self.pieces(split, bytes[...]), "seed \(seed), window \(window)")
    }
  }

  @Test func `a long text is cut near the window`() {
    let bytes = Array(String(repeating: "Some words, 12 of them.\n", count: 20_000).utf8)
    for split in Self.splits {
      let end = split.cut(bytes[...])
      #expect(end > KnownSplit.window / 2 && end <= KnownSplit.window)
    }
  }
}
