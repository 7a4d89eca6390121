import JSON
import TestKit
import Testing

@testable import Constraints

/// Masks over a vocabulary.
@Suite struct ConstraintTests {
  @Test(arguments: 0..<6) func `a token is allowed exactly where its bytes can be taken`(
    seed: Int
  ) throws {
    var schemas = GeneratedSchemas(seed: UInt64(seed) + 900)
    let (trie, texts) = Vocabularies.bundled
    let properties = JSONValue(members: ["a", "b", "c"].map { .init($0, schemas.schema(2)) })
    guard
      let constraint = try? SchemaGrammarTests.constraint(
        ["type": "object", "properties": properties], trie)
    else { return }
    var generator = SeededGenerator(seed: UInt64(seed))
    var cursor = constraint.start()
    for _ in 0..<12 where !constraint.end(cursor).must {
      let mask = constraint.mask(&cursor)
      for (token, bytes) in texts.enumerated() {
        var copy = cursor
        let taken = constraint.advance(&copy, Int32(token), bytes: bytes ?? [])
        #expect(mask.contains(Int32(token)) == taken, "token \(token) at seed \(seed)")
      }
      let allowed = texts.indices.filter { mask.contains(Int32($0)) }
      let token = allowed[Int(generator.next() % UInt64(allowed.count))]
      #expect(constraint.advance(&cursor, Int32(token), bytes: texts[token] ?? []))
    }
  }

  @Test func `where one generation was, another finds the same mask`() throws {
    let constraint = try SchemaGrammarTests.constraint(true, Vocabularies.bundled.trie)
    var first = constraint.start()
    var second = constraint.start()
    #expect(constraint.mask(&first) == constraint.mask(&second))
  }

  @Test func `ends of the text are allowed where the text is whole, and there alone`() throws {
    let constraint = try Constraint(
      kind: "choice", try Grammar.answer(.choice(["yes", "yes, sir", "no"])), Vocabularies.bytes)
    var cursor = constraint.start()
    #expect(constraint.end(cursor) == (false, false))
    for byte in "yes".utf8 { #expect(constraint.advance(&cursor, Int32(byte), bytes: [byte])) }
    #expect(constraint.end(cursor) == (true, false))
    for byte in ", sir".utf8 { #expect(constraint.advance(&cursor, Int32(byte), bytes: [byte])) }
    #expect(constraint.end(cursor) == (true, true))
    #expect(!constraint.advance(&cursor, 0x41, bytes: [0x41]))
    #expect(constraint.end(cursor).must)
  }

  @Test func `control tokens are symbols of their own, which no text spells`() throws {
    let grammar = try Grammar.text { grammar, from, to throws(ConstraintError) in
      let behind = try grammar.control(Grammar.firstControl, from: from)
      try grammar.spell("a", from: behind, to: to)
    }
    let trie = TokenTrie(
      texts: [Array("a".utf8), nil, Array("<|x|>".utf8)], vocabularySize: 3)
    let constraint = try Constraint(kind: "tools", grammar, trie, controls: [1])
    var cursor = constraint.start()
    let mask = constraint.mask(&cursor)
    #expect(mask.contains(1) && mask.count == 1)
    #expect(constraint.advance(&cursor, 1, bytes: Array("<|x|>".utf8)))
    #expect(constraint.mask(&cursor).contains(0))
  }

  @Test func `a vocabulary without some bytes writes what it can, or is refused`() throws {
    let letters = TokenTrie(texts: Array("abc").map { Array(String($0).utf8) }, vocabularySize: 3)
    let constraint = try Constraint(
      kind: "regex", try Grammar.answer(.regex("[a-z]{2}")), letters)
    var cursor = constraint.start()
    #expect(constraint.mask(&cursor).count == 3)
    let choices = try Constraint(
      kind: "choice", try Grammar.answer(.choice(["cab", "xyz"])), letters)
    #expect(choices.admits("cab".utf8) && !choices.admits("xyz".utf8))
    #expect(throws: ConstraintError.self) {
      _ = try Constraint(kind: "choice", try Grammar.answer(.choice(["xyz"])), letters)
    }
  }

  @Test func `first tokens are told apart where a vocabulary does`() throws {
    let trie = TokenTrie(
      texts: [" a", "a", " "].map { Array($0.utf8) }, vocabularySize: 3,
      beginnings: ["a", "a", ""].map { Array($0.utf8) })
    let constraint = try Constraint(
      kind: "choice", try Grammar.answer(.choice(["aa", "a a"])), trie)
    var cursor = constraint.start()
    #expect(constraint.mask(&cursor).count == 2)
    #expect(constraint.advance(&cursor, 0, bytes: Array("a".utf8)))
    #expect(constraint.mask(&cursor).count == 3)
  }
}
