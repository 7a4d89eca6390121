import Testing

@testable import Checkpoints

struct JSONReaderTests {
  private static func read(_ text: String) throws -> JSON {
    let folder = try TemporaryFolder()
    return try JSON.file(try Mapping(path: try folder.write("a.json", text)))
  }

  @Test(arguments: [
    ("{}", JSON.object([:])), (" [ ] ", .array([])), ("-12", .integer(-12)),
    ("1.5e2", .number(150)), ("9223372036854775807", .integer(.max)),
    ("9223372036854775808", .number(0x1p63)), ("\"a\\u00e9\\n\\\"\"", .string("aé\n\"")),
    ("\"\\ud83d\\ude00\"", .string("😀")), ("\"\\ud83d\"", .string("\u{FFFD}")),
    (
      "[true,false,null,-Infinity]",
      .array([.bool(true), .bool(false), .null, .number(-.infinity)])
    ),
    ("{\"a\":{\"b\":[1]}}", .object(["a": .object(["b": .array([.integer(1)])])])),
  ])
  func `reads what RFC 8259 allows, and Python's infinities`(_ text: String, _ value: JSON) throws {
    #expect(try Self.read(text) == value)
  }

  @Test(arguments: [
    "{", "}", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "01", "1.", "1e", "-",
    "+1", "tru", "nul", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "1 2", "{} x", "'a'", "[1 2]",
    "{\"a\":1,\"a\":2}", "I", "-I", "--1", ".5",
  ])
  func `refuses everything else with the place`(_ text: String) throws {
    let error = try #require(throws: CheckpointError.self) { try Self.read(text) }
    #expect(error.kind == .damaged)
    #expect(error.offset != nil)
  }

  @Test func `refuses text that is no UTF-8`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.json", [0x22, 0xC3, 0x28, 0x22])
    #expect(refusal { () throws(CheckpointError) in try JSON.file(try Mapping(path: path)) } != nil)
  }

  @Test(arguments: [
    (String(repeating: "[", count: 64) + String(repeating: "]", count: 64), true),
    (String(repeating: "[", count: 65) + String(repeating: "]", count: 65), false),
    (String(repeating: "{\"a\":", count: 100_000), false),
  ])
  func `follows 64 levels and no more`(_ text: String, _ isAllowed: Bool) throws {
    let folder = try TemporaryFolder()
    let mapping = try Mapping(path: try folder.write("a.json", text))
    for skips in [true, false] {
      let error = refusal { () throws(CheckpointError) in
        if skips {
          var reader = JSONReader(mapping)
          try reader.skip()
        } else {
          _ = try JSON.file(mapping)
        }
      }
      #expect((error == nil) == isAllowed)
    }
  }

  @Test func `refuses a document of too many values`() throws {
    let text = "[" + String(repeating: "1,", count: JSON.valueLimit) + "1]"
    let error = try #require(throws: CheckpointError.self) { try Self.read(text) }
    #expect(error.found == "too many values")
  }

  @Test func `refuses every prefix of a document`() throws {
    let text = #"{"a":[1,-2.5e3,"x\u00e9\\"],"b":{"c":null,"d":true}}"#
    for count in 1..<text.utf8.count {
      #expect(throws: CheckpointError.self) { try Self.read(String(text.prefix(count))) }
    }
    _ = try Self.read(text)
  }
}
