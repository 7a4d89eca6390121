import OrderedCollections
import TestKit
import Testing

@testable import JSON

@Suite struct JSONWriterTests {
  @Test func `one buffer is written over and over`() {
    var writer = JSONWriter(capacity: 8)
    for _ in 0..<2 {
      writer.object { writer in
        writer.name("a")
        writer.array { writer in
          writer.integer(1)
          writer.bool(true)
          writer.null()
        }
        writer.member("b", .object([:]))
      }
      #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":[1,true,null],"b":{}}"#)
      writer.removeAll()
    }
  }

  @Test func `numbers that JSON cannot hold become null, and singles keep their own digits`() {
    let value: JSONValue = [.number(.nan), .float(0.1), .number(0.1), .float(.infinity)]
    #expect(value.json(.compact) == "[null,0.1,0.1,null]")
    #expect(JSONValue.number(.nan).json(.python) == "NaN")
  }

  @Test func `broken lines are those of Python`() {
    var style = JSONStyle.python
    style.indent = 2
    let value: JSONValue = ["a": [1, [:], []], "b": ["c": "d"]]
    #expect(
      value.json(style) == """
        {
          "a": [
            1,
            {},
            []
          ],
          "b": {
            "c": "d"
          }
        }
        """)
  }

  @Test func `what a text escapes depends on the style alone`() {
    let text = JSONValue.string("\u{1}\u{8}\u{C}<é😀\\\"")
    #expect(text.json(.compact) == #""\u0001\b\f<é😀\\\"""#)
    var style = JSONStyle.python
    style.asciiOnly = true
    style.htmlSafe = true
    #expect(text.json(style) == #""\u0001\b\f\u003c\u00e9\ud83d\ude00\\\"""#)
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "1e", "-", "+1", "nul", "\"\u{1}\"", "\"\\x\"",
    "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"a", "[1] 2", "1e999", "{1:2}", "{\"a\" 1}",
    String(repeating: "[", count: 100_000),
    String(repeating: "[", count: 129) + String(repeating: "]", count: 129),
  ])
  func `what is not JSON is refused`(text: String) {
    #expect(throws: JSONFault.self) { try JSONValue(parsing: Array(text.utf8)) }
  }

  @Test func `documents read as written`() throws {
    let text = #" { "a" : [ 1 , -2.5e3 , "\u00e9\ud83d\ude00\/\\" , null , true , {} , [] ] } "#
    let value = try JSONValue(parsing: Array(text.utf8))
    #expect(value == ["a": [1, -2500.0, "é😀/\\", .null, true, [:], []]])
    var writer = JSONWriter()
    writer.value(value)
    #expect(try JSONValue(parsing: writer.bytes) == value)
  }

  @Test func `random bytes never trap the reader`() {
    var generator = SeededGenerator(seed: 9)
    let alphabet = Array("{}[]\":,\\u0123eE+-.tfn \n\u{1f600}".utf8)
    for _ in 0..<5000 {
      let count = Int.random(in: 0..<30, using: &generator)
      _ = try? JSONValue(
        parsing: (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 })
    }
  }
}
