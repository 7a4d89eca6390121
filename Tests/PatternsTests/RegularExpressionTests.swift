import TestKit
import Testing

@testable import Patterns

@Suite struct RegularExpressionTests {
  static func matches(_ pattern: String, _ text: String) throws -> [String] {
    let classified = ScalarText(Array(text.utf8)[...])
    let scalars = Array(text.unicodeScalars)
    var budget = PatternBudget(bytes: text.utf8.count)
    return try RegularExpression(pattern).matches(in: classified, &budget).map {
      String(String.UnicodeScalarView(scalars[$0]))
    }
  }

  @Test(arguments: [
    ("a|ab", "ab", ["a"]), ("ab|a", "aab", ["a", "ab"]), ("a+?b", "aab", ["aab"]),
    ("(?:ab)+c", "ababc", ["ababc"]), ("a{2,3}", "aaaaa", ["aaa", "aa"]), ("a{2}", "aaa", ["aa"]),
    ("a{2,}", "aaaa", ["aaaa"]), ("[^a-c\\s]+", "abxy z", ["xy", "z"]),
    ("[a\\-z]+", "a-zb", ["a-z"]),
    ("x(?=y)", "xyxz", ["x"]), ("x(?!y)", "xyxz", ["x"]), ("(?<=a)b", "abcb", ["b"]),
    ("(?<!a)b", "abcb", ["b"]), ("(?>a+)ab|a", "aab", ["a", "a"]), ("a++a|b", "aab", ["b"]),
    ("^a|b$", "aabb", ["a", "b"]), ("(?i:it's)", "IT\u{2019}S IT'ſ", ["IT'ſ"]),
    ("(?i)k", "k K \u{212A}", ["k", "K", "\u{212A}"]),
    ("\\p{Lu}\\P{Lu}+", "aBcdEf", ["Bcd", "Ef"]),
    ("\\d+\\w*", "a12b c", ["12b"]), (".+", "a\nb", ["a", "b"]), ("\\x41\\u00e9", "Aé", ["Aé"]),
    (#"\bab|b\B."#, "ab xab bc", ["ab", "bc"]), ("(?:a|b)*?c", "abac", ["abac"]),
    ("(?:a?b?){3}", "abab", ["abab"]), ("a|", "ba", ["a"]),
  ])
  func `patterns match as in Oniguruma`(
    _ pattern: String, _ text: String, _ expected: [String]
  ) throws {
    #expect(try Self.matches(pattern, text) == expected)
  }

  @Test(arguments: [
    (#"a\1"#, #"\1"#), (#"\p{Han}+"#, #"\p{Han}+"#), ("(?<n>a)", "(?<n>a)"),
    ("a**b", nil), ("(a?)*", "(a?)*"), ("(a", "(a"), ("a)", ")"), ("[a", "[a"), ("[z-a]", "[z-a]"),
    ("[a&&b]", "[a&&b]"), ("[[:alpha:]]", "[[:alpha:]]"), ("a{3,2}", "{3,2}"),
    ("a{2000}", "{2000}"), ("*a", "*a"), ("(?<=a+)b", "(?<=a+)b"), ("\\", "\\"), ("(?m)a", "(?m)a"),
  ])
  func `what is not known is refused by its text`(_ pattern: String, _ part: String?) {
    #expect {
      try RegularExpression(pattern)
    } throws: { error in
      let refusal = error as? RegularExpression.Refusal
      return part == nil ? refusal != nil : refusal?.part == part
    }
  }

  @Test func `no pattern takes for ever and no text overflows the stack`() throws {
    let text = String(repeating: "a", count: 300)
    #expect(try Self.matches("(?:a+)+b", text).isEmpty)
    #expect(try Self.matches("(?:a|aa)+b", String(repeating: "a", count: 300)).isEmpty)
    let long = String(repeating: "ab", count: 20_000)
    #expect(try Self.matches("(?:ab)+", long).count == 1)
    let deep = String(repeating: "(", count: 10_000)
    #expect(throws: RegularExpression.Refusal.self) { try RegularExpression(deep) }
  }

  @Test func `random patterns are read or refused`() {
    var generator = SeededGenerator(seed: 5)
    let parts = Array("ab()[]{}|*+?\\pLdsw^$.-,13<=!:i>")
    for _ in 0..<4000 {
      let length = Int.random(in: 0..<12, using: &generator)
      let pattern = String((0..<length).map { _ in parts.randomElement(using: &generator) ?? "a" })
      if let expression = try? RegularExpression(pattern) {
        var budget = PatternBudget(bytes: 8)
        _ = try? expression.matches(in: ScalarText(Array("aab1 [é".utf8)[...]), &budget)
      }
    }
  }
}

/// The hand-written scanners against the expressions they stand for.
@Suite struct KnownSplitTests {
  static let alphabet: [Unicode.Scalar] = [
    " ", " ", "\n", "\r", "\t", "'", "'", "s", "S", "t", "r", "e", "l", "L", "v", "d", "m", "ſ",
    "a", "B", "ǅ", "ʰ", "中", "\u{301}", "\u{903}", "é", "É", "1", "2", "²", "Ⅷ", ".", "/", "!", "_",
    "\u{A0}", "\u{3000}", "\u{200B}", "😀", "\u{0}", "ß", "Σ",
  ]

  @Test(arguments: KnownSplit.allCases)
  func `a scanner cuts as its expression does`(_ split: KnownSplit) throws {
    let expression = try RegularExpression(split.pattern)
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<4000 {
      let length = Int.random(in: 0..<12, using: &generator)
      var text = String.UnicodeScalarView()
      for _ in 0..<length { text.append(Self.alphabet.randomElement(using: &generator) ?? " ") }
      let classified = ScalarText(Array(String(text).utf8)[...])
      let found = split.matches(in: classified)
      var budget = PatternBudget(bytes: classified.count)
      #expect(
        try found == expression.matches(in: classified, &budget), "\(String(text).debugDescription)"
      )
    }
  }

  @Test(arguments: KnownSplit.allCases)
  func `an expression of a file is recognised`(_ split: KnownSplit) {
    #expect(KnownSplit(pattern: split.pattern) == split)
    #expect(KnownSplit(pattern: split.pattern + "x") == nil)
  }
}

/// Patterns and texts made for each other.
@Suite struct PatternBudgetTests {
  /// Parts of which hostile patterns are made.
  static let parts = [
    "a", "a+", "a*b", "(?:a|aa)", "(?:a+)+", "[ab]{1,40}", "(?=a*b)", "(?!a*c)", "(?>a+)", "a+?",
  ]

  @Test func `no pattern takes more steps than the text has for it`() throws {
    var generator = SeededGenerator(seed: 11)
    let text = ScalarText(Array(String(repeating: "a", count: 300).utf8)[...])
    var refused = 0
    var done = 0
    for _ in 0..<120 {
      var pattern = ""
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let part = Self.parts.randomElement(using: &generator) ?? ""
        pattern = Bool.random(using: &generator) ? "(?:\(pattern)\(part))+" : pattern + part
      }
      guard let expression = try? RegularExpression(pattern + "c") else { continue }
      var budget = PatternBudget(bytes: text.count, least: 20_000)
      do {
        _ = try expression.matches(in: text, &budget)
        done += 1
      } catch {
        #expect(error.pattern == pattern + "c")
        refused += 1
      }
    }
    #expect(refused > 5 && done > 5, "\(refused) refused, \(done) done")
  }

  @Test(arguments: [
    "(a+)+b", "(?=(?=(?=a*b)a*b)a*b)a*c", "(?:(?!(?!a*b)a*b)a)+c", "(a|a)+b", "((a*)a)*b",
  ])
  func `known traps end`(_ pattern: String) throws {
    guard let expression = try? RegularExpression(pattern) else { return }
    for length in [10, 300, 3000] {
      let text = ScalarText(Array(String(repeating: "a", count: length).utf8)[...])
      var budget = PatternBudget(bytes: length, least: 20_000)
      let found = try? expression.matches(in: text, &budget)
      #expect(found?.isEmpty ?? true)
    }
  }

  @Test func `text without traps takes few of the steps`() throws {
    let text = String(repeating: "It's 1234 words,\n\n  or so… 中文 ", count: 400)
    let classified = ScalarText(Array(text.utf8)[...])
    for split in KnownSplit.allCases {
      var budget = PatternBudget(bytes: 0)
      _ = try RegularExpression(split.pattern).matches(in: classified, &budget)
    }
  }

  @Test func `depth is refused in every form`() {
    let depth = 100_000
    func times(_ text: String) -> String { String(repeating: text, count: depth) }
    let deep = [
      times("(") + "a" + times(")"), times("(?:") + "a" + times(")"), times("(?="), times("(?>a"),
      "a" + times("?"), "a" + times("+"), "a" + times("{1,2}"), "a" + times("*?"), times("a|"),
      times("[a"),
      "(?:" + times("(?:"), times("(?<=a"), times("(?i:a"), times("\\p{L"), times("(a?)"),
    ]
    for pattern in deep {
      #expect(throws: RegularExpression.Refusal.self) { try RegularExpression(pattern) }
    }
    var empty = "(?:)"
    for _ in 0..<20 { empty = "(?:\(empty){200})" }
    #expect(throws: RegularExpression.Refusal.self) { try RegularExpression(empty) }
  }
}
