import OrderedCollections
import TestKit
import Testing

@testable import JSON

@Suite struct JSONValueTests {
  @Test(arguments: [
    ("null", JSONValue.null), (" true ", .bool(true)), ("-12", .integer(-12)), ("0", .integer(0)),
    ("1.5", .number(1.5)), ("1e2", .number(100)), ("9223372036854775808", .number(0x1p63)),
    (#""a\n\"\\\/\u00e9\ud83d\ude00""#, .string("a\n\"\\/é😀")),
    ("[1, [], {}]", .array([.integer(1), .array([]), .object([:])])),
    (#"{"b": 1, "a": 2, "b": 3}"#, .object(["b": .integer(3), "a": .integer(2)])),
  ])
  func `documents of RFC 8259 parse`(_ text: String, _ value: JSONValue) throws {
    #expect(try JSONValue(parsing: Array(text.utf8)) == value)
  }

  @Test(arguments: [
    ("", 0), ("[", 1), ("[1,]", 3), ("{\"a\" 1}", 5), ("01", 0), ("1.", 2), ("-", 0), ("+1", 0),
    ("tru", 0), ("nulll", 4), ("\"a", 2), ("\"\t\"", 1), (#""\x""#, 2), (#""\ud83d""#, 7),
    (#""\udc00""#, 3), ("[1 2]", 3), ("{a:1}", 1), ("1 1", 2), ("1e999", 0),
  ])
  func `anything else is refused at its place`(_ text: String, _ offset: Int) {
    #expect { try JSONValue(parsing: Array(text.utf8)) } throws: {
      ($0 as? JSONFault)?.offset == offset
    }
  }

  @Test func `broken UTF-8 is refused at its first byte`() {
    #expect { try JSONValue(parsing: [0x22, 0x61, 0xC3, 0x22]) } throws: {
      ($0 as? JSONFault)?.offset == 2
    }
  }

  @Test func `every prefix of a document is refused, and no byte of it crashes the reader`() throws
  {
    let text = #"{"a": [1, -2.5e3, true, null, "x\u00e9\ud83d\ude00"], "b": {"c": ""}}"#
    let bytes = Array(text.utf8)
    for count in 0..<bytes.count {
      #expect(throws: JSONFault.self) { try JSONValue(parsing: Array(bytes[..<count])) }
    }
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<3000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        damaged[place] = UInt8.random(in: 0...255, using: &generator)
      }
      if let value = try? JSONValue(parsing: damaged) {
        #expect(try JSONValue(parsing: Array(value.json().utf8)) == value)
      }
    }
  }

  @Test func `values print as Python prints them`() throws {
    let value = try JSONValue(
      parsing: Array(#"{"b":[1,2.0,1e16,1e-7,9007199254740994.0],"a":"é\n<'>","c":{}}"#.utf8))
    #expect(
      value.json()
        == #"{"b": [1, 2.0, 1e+16, 1e-07, 9007199254740994.0], "a": "é\n<'>", "c": {}}"#)
    #expect(
      value["a"]?.json(.compact) == #""é\n<'>""#)
    var style = JSONStyle.python
    (style.comma, style.colon) = (",", ":")
    style.asciiOnly = true
    style.htmlSafe = true
    style.sortedKeys = true
    #expect(
      value.json(style)
        == #"{"a":"\u00e9\n\u003c\u0027\u003e","b":[1,2.0,1e+16,1e-07,9007199254740994.0],"c":{}}"#)
  }
}
