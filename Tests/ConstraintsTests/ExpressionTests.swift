import Foundation
import JSON
import TestKit
import Testing

@testable import Constraints

/// Regular expressions as automata.
@Suite struct ExpressionTests {
  /// A pattern over two letters, made by chance.
  private static func pattern(_ generator: inout SeededGenerator, _ depth: Int = 0) -> String {
    switch generator.next() % (depth > 3 ? 3 : 9) {
    case 0: "a"
    case 1: "b"
    case 2: "[ab]"
    case 3: "(\(pattern(&generator, depth + 1))|\(pattern(&generator, depth + 1)))"
    case 4: "(\(pattern(&generator, depth + 1)))*"
    case 5:
      "(?:\(pattern(&generator, depth + 1))){\(generator.next() % 2),\(2 + generator.next() % 2)}"
    case 6: "(\(pattern(&generator, depth + 1)))?"
    default: pattern(&generator, depth + 1) + pattern(&generator, depth + 1)
    }
  }

  /// All texts of two letters up to a length.
  private static let texts = (0...6).flatMap { length in
    (0..<(1 << length)).map { bits in
      String((0..<length).map { bits >> $0 & 1 == 0 ? "a" : "b" })
    }
  }

  @Test(arguments: 0..<60) func `as another engine finds it`(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var pattern = Self.pattern(&generator)
    if seed % 3 == 1 { pattern = "^" + pattern }
    if seed % 4 == 2 { pattern += "$" }
    let other = try NSRegularExpression(pattern: pattern)
    let tree = try ExpressionParser.parse(pattern)
    let search = try TextAutomaton(tree, isSearch: true)
    let whole = try NSRegularExpression(pattern: "^(?:\(pattern))$")
    let constraint = try? Constraint(
      kind: "regex", try Grammar.answer(.regex(pattern)), Vocabularies.bytes)
    for text in Self.texts {
      let range = NSRange(text.startIndex..., in: text)
      #expect(
        search.admits(text) == (other.firstMatch(in: text, range: range) != nil),
        "\(text) of \(pattern)")
      #expect(
        constraint?.admits(text.utf8) == (whole.firstMatch(in: text, range: range) != nil),
        "the whole of \(text) of \(pattern)")
    }
  }

  @Test(arguments: [
    (
      "[^\\x00-\\x7F]", ["é", "\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"],
      ["a", "\u{7F}", ""]
    ),
    ("\\p{Lu}\\p{L}*", ["Ab", "Ägypten", "Ω"], ["ab", "1"]),
    ("[\\u0400-\\u04FF]+", ["привет"], ["privet"]),
    ("a.c", ["abc", "a\u{1F600}c"], ["a\nc", "ac"]),
    ("\\d{3}", ["123"], ["12", "\u{661}\u{662}\u{663}"]),
    ("x{2}{", ["xx{"], ["xx"]),
    ("[]a]", [], ["a"]),
  ]) func `characters beyond ASCII are whole`(pattern: String, good: [String], bad: [String]) throws
  {
    guard let grammar = try? Grammar.answer(.regex(pattern)) else {
      #expect(good.isEmpty)
      return
    }
    let constraint = try Constraint(kind: "regex", grammar, Vocabularies.bytes)
    for text in good { #expect(constraint.admits(text.utf8), "\(text)") }
    for text in bad { #expect(!constraint.admits(text.utf8), "\(text)") }
    for value: UInt8 in [0x80, 0xBF, 0xC0, 0xED, 0xF5, 0xFF] {
      #expect(!constraint.admits([value]))
    }
  }

  @Test func `sets are exact at every edge of the encoding`() throws {
    var generator = SeededGenerator(seed: 11)
    let edges: [UInt32] = [
      0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x10FFFF,
    ]
    for _ in 0..<30 {
      let low = edges[Int(generator.next() % 12)] &+ UInt32(generator.next() % 3)
      let high = min(low + UInt32(generator.next() % 0x12000), 0x10FFFF)
      guard low <= high else { continue }
      let set = ScalarRanges([low...high])
      let grammar = try Grammar.text { grammar, from, to throws(ConstraintError) in
        try grammar.write(set, .plain, from: from, to: to)
      }
      guard let constraint = try? Constraint(kind: "regex", grammar, Vocabularies.bytes) else {
        continue
      }
      for value in edges + [low, high, low &- 1, high + 1, (low + high) / 2] {
        guard let scalar = Unicode.Scalar(value) else { continue }
        #expect(
          constraint.admits(String(scalar).utf8) == set.contains(value),
          "\(value) in \(low)...\(high)")
      }
    }
  }
}
