import Checkpoints
import TestKit
import Testing

/// Models cut into `-00001-of-0000N.gguf`, and every way such a set can be wrong.
struct GGUFPartsTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// One part's contents, before it is laid out.
  private typealias Part = GGUFBuilder

  /// A llama with as many tensors as parts, one in each.
  private func parts(_ count: Int, letter: String = "x") -> [Part] {
    (0..<count).map { index in
      var part = GGUFBuilder()
      if index == 0 { part.fields = GGUFBuilder.tinyLlama().fields }
      part.fields += Self.counts(index, of: count, tensors: count)
      var tensor = GGUFBuilder.tinyLlama().tensors[index == 0 ? 0 : 1]
      if index > 0 { tensor.name = "\(letter).\(index).weight" }
      part.tensors = [tensor]
      return part
    }
  }

  private static func counts(
    _ index: Int, of count: Int, tensors: Int
  ) -> [(String, GGUFBuilder.Value)] {
    [
      ("split.no", .raw(type: 2, bytes: GGUFBuilder.little(UInt16(index)))),
      ("split.count", .raw(type: 2, bytes: GGUFBuilder.little(UInt16(count)))),
      ("split.tensors.count", .raw(type: 5, bytes: GGUFBuilder.little(Int32(tensors)))),
    ]
  }

  private func name(_ index: Int, of count: Int) -> String {
    "m-0000\(index + 1)-of-0000\(count).gguf"
  }

  private func write(_ parts: [Part]) throws {
    for (index, part) in parts.enumerated() {
      try folder.write(name(index, of: parts.count), part.bytes())
    }
  }

  private func refused(_ file: String? = nil) throws -> CheckpointError {
    try #require(throws: CheckpointError.self) {
      try Checkpoint.open(file.map { folder.path + "/" + $0 } ?? folder.path)
    }
  }

  @Test(arguments: [1, 2, 3, 7])
  func `the folder and any of the parts open the whole`(_ count: Int) throws {
    let parts = parts(count)
    try write(parts)
    let bytes = parts.reduce(0) { $0 + $1.bytes().count }
    for path in [""] + (0..<count).map({ "/" + name($0, of: count) }) {
      let checkpoint = try Checkpoint.open(folder.path + path)
      #expect(checkpoint.configuration.architecture == "llama")
      #expect(checkpoint.fileBytes == bytes)
      #expect(
        checkpoint.tensorNames
          == ["token_embd.weight"] + (1..<count).map { "x.\($0).weight" })
      for name in checkpoint.tensorNames.dropFirst() {
        #expect(try checkpoint.vector(name, count: 32) == [Float](repeating: 0, count: 32))
      }
    }
  }

  @Test(arguments: 0..<3)
  func `a missing part is named`(_ missing: Int) throws {
    for (index, part) in parts(3).enumerated() where index != missing {
      try folder.write(name(index, of: 3), part.bytes())
    }
    let error = try refused()
    #expect(error.kind == .missing)
    #expect(error.file == folder.path + "/" + name(missing, of: 3))
    #expect(error.expected.contains("all 3 parts"))
  }

  @Test func `parts under one another's names are refused by their number`() throws {
    let parts = parts(3)
    for (index, place) in [(0, 0), (1, 2), (2, 1)] {
      try folder.write(name(place, of: 3), parts[index].bytes())
    }
    let error = try refused()
    #expect(error.subject == .field("split.no"))
    #expect(error.file.hasSuffix(name(1, of: 3)) && error.found == "2")
  }

  @Test(arguments: [1, 2, 4, 0, 65_535])
  func `a count that the names or the others contradict is refused`(_ lie: Int) throws {
    for liar in 0..<3 {
      var parts = parts(3)
      parts[liar].fields.removeLast(3)
      parts[liar].fields += Self.counts(liar, of: lie, tensors: 3)
      try write(parts)
      // A first part that says it is alone is a file like any other: it opens, without the others' tensors.
      if liar == 0, lie < 2 { continue }
      #expect(try refused().subject == .field("split.count"))
    }
  }

  @Test func `a part without numbers is refused`() throws {
    var parts = parts(2)
    parts[1].fields = []
    try write(parts)
    #expect(try refused().subject == .field("split.count"))
  }

  @Test func `a part of another model is refused`() throws {
    // Another cut of the same model.
    var parts = parts(3)
    parts[1].tensors.append(parts[2].tensors[0])
    try write(parts)
    #expect(try refused().subject == .tensor("x.2.weight"))
    // A model with more tensors.
    parts = self.parts(3)
    parts[2].fields.removeLast(3)
    parts[2].fields += Self.counts(2, of: 3, tensors: 9)
    try write(parts)
    #expect(try refused().subject == .field("split.tensors.count"))
    // Tensors missing in all.
    parts = self.parts(3)
    parts[1].tensors = []
    try write(parts)
    #expect(try refused().found == "2")
    // Another family.
    parts = self.parts(3)
    parts[1].fields.append(("general.architecture", .string("qwen2")))
    try write(parts)
    #expect(try refused().subject == .field("general.architecture"))
  }

  @Test func `a part that was renamed is refused with the names that parts have`() throws {
    let path = try folder.write("weights.gguf", parts(2)[0].bytes())
    let error = try #require(throws: CheckpointError.self) { try Checkpoint.open(path) }
    #expect(error.subject == .field("split.count") && error.expected.contains("-00001-of-2"))
  }

  @Test func `two split models in a folder are refused, naming files`() throws {
    try write(parts(2))
    for (index, part) in parts(3).enumerated() {
      try folder.write(name(index, of: 3), part.bytes())
    }
    #expect(try refused().found.contains("m-00001-of-00002.gguf"))
    let named = try Checkpoint.open(folder.path + "/" + name(2, of: 3))
    #expect(named.tensorNames.count == 3)
  }

  @Test func `any part cut short, or with bits flipped, is refused or read to its end`() throws {
    let parts = parts(3)
    try write(parts)
    var random = SeededGenerator(seed: 11)
    for index in parts.indices {
      let whole = parts[index].bytes()
      // What may be missing at the end is padding behind the last tensor.
      for count in stride(from: 0, to: whole.count - 24, by: 7) {
        try folder.write(name(index, of: 3), whole.prefix(count))
        _ = try refused()
      }
      for _ in 0..<200 {
        var damaged = whole
        let bit = Int.random(in: 0..<8 * whole.count, using: &random)
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        try folder.write(name(index, of: 3), damaged)
        let checkpoint = try? Checkpoint.open(folder.path)
        for name in checkpoint?.tensorNames ?? [] {
          _ = try? checkpoint?.matrix(name)
        }
      }
      try folder.write(name(index, of: 3), whole)
    }
  }

  @Test(arguments: [
    "m.gguf", "m-0001-of-0002.gguf", "m-00000-of-00002.gguf", "m-00003-of-00002.gguf",
    "m-00001-of-00002.safetensors", "m-0000x-of-00002.gguf", "m-000010-of-00002.gguf",
    "-00001-of-00002.gguf", "m-+0001-of-00002.gguf",
  ])
  func `other names are no parts`(_ name: String) {
    #expect(GGUFPartName(name) == nil)
  }

  @Test func `a part's name gives the others'`() throws {
    let name = try #require(GGUFPartName("a/b-00003-of-00120.gguf"))
    #expect(name.prefix == "a/b" && name.index == 2 && name.count == 120)
    #expect(name.part(99) == "a/b-00100-of-00120.gguf")
    #expect(GGUFPartName(name.part(119))?.index == 119)
  }
}
