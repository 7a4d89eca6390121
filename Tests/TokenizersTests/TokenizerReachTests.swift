import Foundation
import TestKit
import Testing

@testable import Tokenizers

/// How few tokens a text can become.
@Suite struct TokenizerReachTests {
  private static let bits = [
    "a", "the ", "THE ", "é", "漢", "\u{301}", "😀", "  ", "\n", "7", "'s", "ﬁ", "\u{FDFA}",
    "<|im_start|>", "\t",
  ]

  @Test func `no text of the bundled model has fewer tokens than its length says`() throws {
    let tokenizer = try Tokenizer.open(directory: URL(filePath: TestModels.bundled))
    #expect(tokenizer.reach != nil)
    for seed in 0..<300 as Range<UInt64> {
      var chance = SeededGenerator(seed: seed)
      var text = ""
      for _ in 0..<Int.random(in: 0...30, using: &chance) {
        let bit = Self.bits[Int.random(in: 0..<Self.bits.count, using: &chance)]
        text += String(repeating: bit, count: Int.random(in: 1...20, using: &chance))
      }
      let count = tokenizer.encode(text, parseSpecial: true, addSpecial: false).count
      #expect(count >= tokenizer.leastTokens(of: text), "seed \(seed)")
    }
    let long = String(repeating: "a", count: 4_000_000)
    #expect(tokenizer.leastTokens(of: long) > 4096)
  }

  @Test func `where text may vanish its length says nothing`() throws {
    let drops = try TokenizerBoundsTests.open(
      TokenizerBoundsTests.file(pre: #"{"type": "WhitespaceSplit"}"#))
    #expect(drops.leastTokens(of: String(repeating: "a", count: 1 << 20)) == 0)
    // Its vocabulary has two letters, and what it does not know it leaves out.
    let forgets = try TokenizerBoundsTests.open(TokenizerBoundsTests.file())
    #expect(forgets.leastTokens(of: String(repeating: "z", count: 1 << 20)) == 0)
  }

  @Test func `a long text has the tokens of its parts, however it is cut in between`() throws {
    let tokenizer = try Tokenizer.open(directory: URL(filePath: TestModels.bundled))
    for line in ["Some words, 12 of them.\n", "it's 5 o'clock  and 7 ", "a b c\n\n d "] {
      let one = tokenizer.encode(line, parseSpecial: false, addSpecial: false)
      let two = tokenizer.encode(line + line, parseSpecial: false, addSpecial: false)
      let count = 4000
      let all = tokenizer.encode(
        String(repeating: line, count: count), parseSpecial: false, addSpecial: false)
      // The first line, and then what each further one adds.
      let more = two.dropFirst(two.count - one.count)
      if two == one + one { #expect(all == (0..<count).flatMap { _ in one }) }
      #expect(all.suffix(more.count) == more)
      #expect(all.count == one.count + (count - 1) * (two.count - one.count))
    }
  }

  @Test func `a text that nobody waits for is given up`() async throws {
    let tokenizer = try Tokenizer.open(directory: URL(filePath: TestModels.bundled))
    for text in [
      String(repeating: "a", count: 60_000), String(repeating: "word and ", count: 10_000),
    ] {
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try tokenizer.encode(bounded: text, parseSpecial: true, addSpecial: false)
      }
      await #expect(throws: TokenizerError.givenUp) { try await task.value }
      // What is asked for without a bound is always done.
      let whole = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return tokenizer.encode(text, parseSpecial: true, addSpecial: false)
      }
      #expect(await whole.value == tokenizer.encode(text, parseSpecial: true, addSpecial: false))
    }
  }
}
