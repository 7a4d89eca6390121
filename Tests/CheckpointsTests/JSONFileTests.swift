import JSON
import Testing

@testable import Checkpoints

struct JSONFileTests {
  private static func read(_ bytes: some Sequence<UInt8>) throws -> JSONValue {
    let folder = try TemporaryFolder()
    return try JSONFile.read(try Mapping(path: try folder.write("a.json", Array(bytes))))
  }

  @Test func `a file reads as a tree, with Python's infinities`() throws {
    let value = try Self.read(#"{"a": [1, -Infinity], "b": null}"#.utf8)
    #expect(value["a"]?.array == [.integer(1), .number(-.infinity)])
    #expect(value["b"] == .null && value[present: "b"] == nil)
  }

  @Test(arguments: [
    (#"{"a":1,"a":2}"#, 7), ("[1,]", 3), ("1 2", 2), ("  ", 2), ("\"\u{1}\"", 1), (#""\ud83d""#, 7),
    (String(repeating: "{\"a\":", count: 100_000), 640),
  ])
  func `damage is refused with file and byte`(_ text: String, _ offset: Int) throws {
    let error = try #require(throws: CheckpointError.self) { try Self.read(text.utf8) }
    #expect(error.kind == .damaged && error.subject == .field("JSON"))
    #expect(error.file.hasSuffix("a.json") && error.offset == offset)
  }

  @Test func `a range counts its offsets from the start of the file`() throws {
    let folder = try TemporaryFolder()
    let mapping = try Mapping(path: try folder.write("a.json", Array("01234567[1 2]tail".utf8)))
    let error = refusal { () throws(CheckpointError) in
      var json = try JSONFile.scanner(mapping, 8..<13)
      try json.skip()
    }
    #expect(error?.offset == 11)
  }

  @Test func `a document of too many values is refused`() throws {
    let text = "[" + String(repeating: "1,", count: JSONFile.valueLimit) + "1]"
    let error = try #require(throws: CheckpointError.self) { try Self.read(text.utf8) }
    #expect(error.found == "too many values")
  }

  @Test func `a file of too many bytes is refused unread`() throws {
    let blanks = repeatElement(UInt8(ascii: " "), count: JSONFile.byteLimit + 1)
    let error = try #require(throws: CheckpointError.self) { try Self.read(blanks) }
    #expect(error.kind == .unsupported && error.subject == .file)
  }
}
