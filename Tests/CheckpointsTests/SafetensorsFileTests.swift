import Testing

@testable import Checkpoints

struct SafetensorsFileTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
    try SafetensorsFile(try Mapping(path: try folder.write("model.safetensors", bytes)))
  }

  private func refused(_ header: String, data: Int = 0) throws -> CheckpointError {
    let bytes = SafetensorsBuilder.bytes(
      header: header, data: [UInt8](repeating: 0, count: data))
    return try #require(throws: CheckpointError.self) { try open(bytes) }
  }

  @Test func `reads names, types, shapes and places`() throws {
    let file = try open(SafetensorsBuilder.tinyLlama().bytes())
    #expect(file.writer == "pt")
    #expect(file.tensors.map(\.name) == ["model.embed_tokens.weight", "model.norm.weight"])
    #expect(file.tensors.map(\.shape) == [[4, 32], [32]])
    #expect(file.tensors.map(\.type.name) == ["BF16", "F32"])
    #expect(file.tensors[0].withBytes { $0.allSatisfy { $0 == 0x3F } })
  }

  @Test func `reads scalars, empty tensors and blanks behind the header`() throws {
    let header =
      #"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"#
      + #""b":{"dtype":"I64","shape":[0,3],"data_offsets":[4,4]}}   "#
    let file = try open(SafetensorsBuilder.bytes(header: header, data: [1, 2, 3, 4]))
    #expect(file.tensors.map(\.elementCount) == [1, 0])
  }

  @Test(arguments: [
    "", "[]", "{", "1", #"{"a":1}"#, #"{"a":{}}"#,
    #"{"a":{"dtype":"F32","shape":[1]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,5]}}"#,
    #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":0}}"#,
    #"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#,
    #"{"__metadata__":{"format":1},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
  ])
  func `refuses headers that break the rules`(_ header: String) throws {
    let error = try refused(header, data: 4)
    #expect(error.offset != nil)
  }

  @Test func `refuses a name given twice`() throws {
    let one = #""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#
    #expect(try refused("{\(one),\(one)}", data: 4).found == "'a' twice")
  }

  @Test func `refuses holes, overlap and bytes nobody owns`() throws {
    func pair(_ from: Int, _ to: Int) -> String {
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"#
        + #""b":{"dtype":"U8","shape":[\#(to - from)],"data_offsets":[\#(from),\#(to)]}}"#
    }
    #expect(try refused(pair(5, 8), data: 8).subject == .tensor("b"))
    #expect(try refused(pair(2, 8), data: 8).subject == .tensor("b"))
    #expect(try refused(pair(4, 8), data: 9).subject == .file)
    #expect(try refused(pair(4, 8), data: 7).subject == .tensor("b"))
  }

  @Test(arguments: [0, 1, 7, 1 << 40, .max] as [UInt64])
  func `refuses header lengths beyond the file`(_ length: UInt64) throws {
    var bytes = SafetensorsBuilder.tinyLlama().bytes()
    bytes.replaceSubrange(0..<8, with: GGUFBuilder.little(length))
    #expect(throws: CheckpointError.self) { try open(bytes) }
  }

  @Test func `refuses files too short for a length`() throws {
    for count in 0..<9 {
      #expect(throws: CheckpointError.self) { try open([UInt8](repeating: 0, count: count)) }
    }
  }

  @Test func `quotes long and unprintable names safely`() throws {
    let name = String(repeating: "x", count: 5_000) + #"\u0007"#
    let error = try refused(#"{"\#(name)":{"dtype":"\u001b[31m","shape":[],"data_offsets":[0,0]}}"#)
    #expect(error.description.utf8.count < 1_000)
    #expect(
      !error.description.unicodeScalars.contains { $0.properties.generalCategory == .control })
  }
}
