import TestKit
import Testing

@testable import Tokenizers

@Suite struct VocabularyTests {
  @Test func `spellings that look alike stay apart`() {
    var vocabulary = Vocabulary()
    var inserted = vocabulary.insert(Array("\u{E9}".utf8), 0)
    #expect(inserted)
    inserted = vocabulary.insert(Array("e\u{301}".utf8), 1)
    #expect(inserted)
    #expect(vocabulary.token(Array("\u{E9}".utf8)) == 0)
    #expect(vocabulary.token(Array("e\u{301}".utf8)) == 1)
  }

  @Test func `thousands of spellings are found by text and by number`() {
    var vocabulary = Vocabulary()
    for number in 0..<5000 {
      let inserted = vocabulary.insert(Array("t\(number)".utf8), Token(number))
      #expect(inserted)
    }
    for number in stride(from: 0, to: 5000, by: 7) {
      #expect(vocabulary.token(Array("t\(number)".utf8)) == Token(number))
      #expect(vocabulary.spelling(of: Token(number)).map(Array.init) == Array("t\(number)".utf8))
    }
    #expect(vocabulary.token(Array("t5000".utf8)) == nil)
    #expect(vocabulary.size == 5000)
  }

  @Test func `a number out of range is refused before any table grows`() {
    var vocabulary = Vocabulary()
    var inserted = vocabulary.insert([65], -1)
    #expect(!inserted)
    inserted = vocabulary.insert([65], Vocabulary.largestToken)
    #expect(!inserted)
    #expect(vocabulary.size == 0)
    #expect(vocabulary.spelling(of: .min) == nil && vocabulary.spelling(of: .max) == nil)
  }

  @Test func `of two tokens with one spelling the first encodes and both decode`() {
    var vocabulary = Vocabulary()
    var inserted = vocabulary.insertUnlisted([65], 3)
    #expect(inserted)
    inserted = vocabulary.insertUnlisted([65], 5)
    #expect(inserted)
    #expect(vocabulary.token([65]) == 3)
    #expect(vocabulary.spelling(of: 5).map(Array.init) == [65])
  }
}

@Suite struct MergeChainTests {
  /// The definition: join the cheapest pair, leftmost first, until none is left.
  static func slowly(_ tokens: [Token], _ table: MergeTable) -> [Token] {
    var tokens = tokens
    while true {
      var best: (place: Int, merge: MergeTable.Merge)?
      for place in tokens.indices.dropLast() {
        guard let merge = table.merge(tokens[place], tokens[place + 1]) else { continue }
        if best.map({ merge.rank < $0.merge.rank }) ?? true { best = (place, merge) }
      }
      guard let best else { return tokens }
      tokens[best.place] = best.merge.joined
      tokens.remove(at: best.place + 1)
    }
  }

  @Test func `the queue joins as the definition does`() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<300 {
      var table = MergeTable()
      for rank in 0..<Int32.random(in: 0...30, using: &generator) {
        table.insert(
          .random(in: 0..<8, using: &generator), .random(in: 0..<8, using: &generator),
          .init(rank: rank, joined: .random(in: 0..<8, using: &generator)))
      }
      let tokens = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
        Token.random(in: 0..<8, using: &generator)
      }
      var chain = MergeChain(tokens)
      chain.merge { left, right in
        table.merge(left, right).map { MergeChain.Step(cost: $0.rank, joined: $0.joined) }
      }
      var found: [Token] = []
      chain.append(to: &found)
      #expect(found == Self.slowly(tokens, table))
    }
  }

  @Test func `a later merge of the same pair counts`() {
    var table = MergeTable()
    table.insert(1, 2, .init(rank: 5, joined: 3))
    table.insert(1, 2, .init(rank: 0, joined: 4))
    #expect(table.count == 1 && table.merge(1, 2) == .init(rank: 0, joined: 4))
    #expect(table.merge(2, 1) == nil)
  }

  @Test func `the byte alphabet is a bijection`() {
    let all = (0...255).map { UInt8($0) }
    #expect(ByteAlphabet.bytes(of: ByteAlphabet.spell(all)[...]) == all)
    #expect(ByteAlphabet.bytes(of: Array("\u{144}".utf8)[...]) == nil)
    #expect(String(decoding: ByteAlphabet.spell([0x20, 0x0A, 0x41]), as: UTF8.self) == "ĠĊA")
    for byte in all {
      #expect(ByteAlphabet.byte(ofHex: ByteAlphabet.hexSpelling(of: byte)[...]) == byte)
    }
    #expect(ByteAlphabet.byte(ofHex: Array("<0xGG>".utf8)[...]) == nil)
    #expect(ByteAlphabet.byte(ofHex: Array("<0x+1>".utf8)[...]) == nil)
  }
}
