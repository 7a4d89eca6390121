import TestKit
import Testing

@testable import JSON

@Suite struct JSONScannerTests {
  private static func scanner(
    _ text: String, origin: Int = 0, _ rules: JSONRules = JSONRules()
  ) throws -> JSONScanner<JSONFault> {
    try JSONScanner(Array(text.utf8), origin: origin, rules) { $0 }
  }

  private static func fault(_ text: String, _ rules: JSONRules) -> JSONFault? {
    do {
      _ = try JSONValue(parsing: Array(text.utf8), rules) { $0 }
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    "null", "-12", "1.5e2", #""a\u00e9""#, "[1, [2]]", #"{"a": {"b": [1]}, "a": 2}"#,
  ])
  func `a value is taken or skipped, and what comes after it stays`(_ text: String) throws {
    var taken = try Self.scanner(text + " , true")
    _ = try taken.value()
    #expect(taken.position == text.utf8.count)
    var skipped = try Self.scanner(text + " , true")
    try skipped.skip()
    #expect(skipped.position == text.utf8.count)
    try skipped.take(",")
    #expect(try skipped.scalar() == .bool(true))
  }

  @Test func `a walk takes what it wants and passes over the rest`() throws {
    var scanner = try Self.scanner(#" {"a": [1, 2], "b": {"c": "d"}, "e": 3} "#)
    var names: [String] = []
    var numbers: [Int] = []
    try scanner.members { scanner, name throws(JSONFault) in
      names.append(name)
      guard name == "a" else { return try scanner.skip() }
      try scanner.elements { scanner, _ throws(JSONFault) in numbers.append(try scanner.integer()) }
    }
    try scanner.end()
    #expect(names == ["a", "b", "e"] && numbers == [1, 2])
  }

  @Test(arguments: [128, 3]) func `nesting ends where the rules say, taken or skipped`(depth: Int) {
    for extra in [0, 1, 100_000] {
      let text = String(repeating: "[", count: depth + extra)
      let fault = Self.fault(text, JSONRules(depth: depth))
      #expect(fault?.expected == (extra == 0 ? "a value" : "at most \(depth) levels"))
      #expect(throws: JSONFault.self) {
        var scanner = try Self.scanner(text, JSONRules(depth: depth))
        try scanner.skip()
      }
    }
    let whole = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    #expect(Self.fault(whole, JSONRules(depth: depth)) == nil)
  }

  @Test(arguments: ["NaN", "Infinity", "-Infinity"])
  func `Python's numbers are numbers where the rules say so`(_ text: String) throws {
    #expect(Self.fault(text, JSONRules())?.expected == "a value")
    let rules = JSONRules(allowsInfinities: true)
    let value = try JSONValue(parsing: Array("[\(text)]".utf8), rules) { $0 }
    #expect(value.json() == "[\(text)]")
    for damaged in [String(text.dropLast()), "+" + text] {
      #expect(Self.fault(damaged, rules)?.offset == 0)
    }
  }

  @Test func `a name stands once where the rules say so`() {
    let text = #"{"a": 1, "b": {"a": 2}, "a": 3}"#
    #expect(Self.fault(text, JSONRules()) == nil)
    #expect(
      Self.fault(text, JSONRules(allowsRepeats: false))
        == JSONFault(offset: 24, expected: "every name once", found: "'a' twice"))
  }

  @Test func `a tree holds as many values as the rules say`() {
    #expect(Self.fault("[1, {}, [2]]", JSONRules(values: 5)) == nil)
    #expect(Self.fault("[1, {}, [2]]", JSONRules(values: 4))?.found == "too many values")
  }

  @Test func `faults count from the start of the file and quote what is there`() throws {
    var scanner = try Self.scanner(#"{"a": oops}"#, origin: 100)
    #expect(throws: JSONFault(offset: 106, expected: "a value", found: "'oops}'")) {
      try scanner.value()
    }
    #expect(scanner.offset == 106)
    #expect(Self.fault("[1", JSONRules())?.found == "the end of the text")
  }

  @Test(arguments: ["1.0", "1e2", "9223372036854775808", "\"1\"", "true"])
  func `an integer is written as one`(_ text: String) throws {
    var scanner = try Self.scanner(" " + text)
    #expect(throws: JSONFault.self) { try scanner.integer() }
  }

  @Test func `a byte order mark is passed over`() throws {
    #expect(try JSONValue(parsing: [0xEF, 0xBB, 0xBF] + Array("1".utf8)) == .integer(1))
  }
}
