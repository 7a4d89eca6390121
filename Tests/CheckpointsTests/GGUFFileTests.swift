import TestKit
import Testing

@testable import Checkpoints

struct GGUFFileTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func open(_ builder: GGUFBuilder) throws(CheckpointError) -> GGUFFile {
    guard let path = try? folder.write("model.gguf", builder.bytes()) else {
      throw CheckpointError(.unreadable, file: "", .file, expected: "", found: "")
    }
    return try GGUFFile(try Mapping(path: path))
  }

  private func refused(_ change: (inout GGUFBuilder) -> Void) -> CheckpointError? {
    var builder = GGUFBuilder.tinyLlama()
    change(&builder)
    return refusal { () throws(CheckpointError) in try open(builder) }
  }

  @Test(arguments: [2, 3] as [UInt32])
  func `reads both versions`(_ version: UInt32) throws {
    var builder = GGUFBuilder.tinyLlama()
    builder.version = version
    let file = try open(builder)
    #expect(file.version == Int(version))
    #expect(file.tensors.map(\.name) == ["token_embd.weight", "output_norm.weight"])
    #expect(file.tensors[0].shape == [4, 32], "outermost first")
    #expect(file.tensors[0].type.name == "Q4_0")
    #expect(file.tensors[0].withBytes { $0.allSatisfy { $0 == 0x3C } })
    #expect(file.fields["llama.context_length"] == .integer(64))
  }

  @Test func `honours the file's own alignment`() throws {
    var builder = GGUFBuilder.tinyLlama()
    builder.alignment = 64
    builder.fields.append(("general.alignment", .uint32(64)))
    let file = try open(builder)
    #expect(file.tensors[0].range.lowerBound % 64 == 0)
    #expect(file.tensors[0].withBytes { $0.allSatisfy { $0 == 0x3C } })
  }

  @Test func `names a big-endian file as such`() {
    let error = refused { $0.version = UInt32(3).byteSwapped }
    #expect(error?.subject == .field("version"))
    #expect(error?.found == "a big-endian file")
    #expect(error?.offset == 4)
  }

  @Test(arguments: [0, 1, 4, .max] as [UInt32])
  func `refuses other versions`(_ version: UInt32) {
    #expect(refused { $0.version = version }?.subject == .field("version"))
  }

  @Test func `refuses another magic`() {
    #expect(refused { $0.magic = Array("GGML".utf8) }?.subject == .field("magic"))
  }

  @Test(arguments: [1 << 16 + 1, 1 << 40, .max] as [UInt64])
  func `refuses counts that no file has`(_ count: UInt64) {
    #expect(refused { $0.tensorCount = count }?.subject == .field("tensor_count"))
    #expect(refused { $0.fieldCount = count }?.subject == .field("metadata_kv_count"))
  }

  @Test func `refuses a key given twice`() {
    let error = refused { $0.fields.append(("llama.block_count", .uint32(2))) }
    #expect(error?.subject == .field("llama.block_count"))
    #expect(error?.found == "it twice")
  }

  @Test func `refuses a tensor given twice`() {
    let error = refused { $0.tensors.append($0.tensors[1]) }
    #expect(error?.subject == .tensor("output_norm.weight"))
  }

  @Test func `refuses a boolean that is neither`() {
    #expect(refused { $0.fields.append(("x", .bool(2))) }?.subject == .field("x"))
  }

  @Test func `refuses arrays in arrays that are too deep, and unknown value types`() {
    func nested(_ depth: Int) -> [UInt8] {
      (0..<depth).flatMap { _ in GGUFBuilder.little(UInt32(9)) + GGUFBuilder.little(UInt64(1)) }
        + GGUFBuilder.little(UInt32(0)) + GGUFBuilder.little(UInt64(0))
    }
    #expect(refused { $0.fields.append(("x", .raw(type: 9, bytes: nested(8)))) } == nil)
    for depth in [9, 10_000] {
      #expect(refused { $0.fields.append(("x", .raw(type: 9, bytes: nested(depth)))) } != nil)
    }
    #expect(
      refused { $0.fields.append(("x", .raw(type: 9, bytes: Array(nested(3).dropLast())))) } != nil)
    #expect(refused { $0.fields.append(("x", .raw(type: 13, bytes: []))) } != nil)
  }

  @Test(arguments: [1 << 20, 1 << 62, .max] as [UInt64])
  func `refuses array lengths beyond the file`(_ count: UInt64) {
    for element: UInt32 in [0, 8, 12] {
      let array = GGUFBuilder.little(element) + GGUFBuilder.little(count)
      let error = refused { $0.fields.append(("x", .raw(type: 9, bytes: array))) }
      #expect(error?.subject == .field("x (count)"))
    }
  }

  @Test func `refuses dimensions that overflow`() {
    let error = refused { $0.tensors[1].extents = [1 << 62, 1 << 62] }
    #expect(error?.subject == .tensor("output_norm.weight"))
    #expect(refused { $0.tensors[1].extents = [.max] } != nil)
    #expect(refused { $0.tensors[1].extents = [0] } != nil)
    #expect(refused { $0.tensors[1].extents = [] } != nil)
    #expect(refused { $0.tensors[1].extents = [1, 1, 1, 1, 32] } != nil)
  }

  @Test func `refuses rows of broken blocks`() {
    let error = refused { $0.tensors[0].extents = [33, 4] }
    #expect(error?.expected == "rows of whole Q4_0 blocks of 32")
  }

  @Test func `refuses unknown tensor types by number`() {
    let error = refused { $0.tensors[1].type = 31 }
    #expect(error?.kind == .unsupported)
    #expect(error?.found == "type 31")
  }

  @Test(arguments: [16, 1 << 20, 1 << 63, .max - 31] as [UInt64])
  func `refuses offsets that are crooked or outside`(_ offset: UInt64) {
    #expect(refused { $0.tensors[1].offset = offset }?.subject == .tensor("output_norm.weight"))
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func `takes tensors in any order, and refuses them where any two share a byte`(seed: UInt64)
    throws
  {
    var generator = SeededGenerator(seed: seed)
    var builder = GGUFBuilder.tinyLlama()
    builder.tensors = (0..<5).map { number in
      let rows = UInt64.random(in: 1...4, using: &generator)
      return .init(
        name: "t\(number)", extents: [8, rows], type: 0,
        bytes: [UInt8](repeating: 0, count: Int(rows) * 32),
        offset: UInt64.random(in: 0..<12, using: &generator) * 32)
    }
    // Behind the last of them: the data section has room for all of these places.
    builder.tensors.append(
      .init(name: "room", extents: [512], type: 0, bytes: [UInt8](repeating: 0, count: 2048)))
    builder.tensors[5].offset = 1024
    let ranges = builder.tensors.map { tensor in
      (tensor.offset ?? 0)..<((tensor.offset ?? 0) + UInt64(tensor.bytes.count))
    }
    let isShared = ranges.indices.contains { first in
      ranges.indices.contains { $0 > first && ranges[$0].overlaps(ranges[first]) }
    }
    builder.tail = 2048
    let error = refusal { () throws(CheckpointError) in try open(builder) }
    #expect((error?.found.hasPrefix("bytes shared with") ?? false) == isShared, "\(ranges)")
    #expect((error == nil) == !isShared)
  }

  @Test func `refuses tensors that share bytes`() {
    let error = refused { $0.tensors[1].offset = 32 }
    #expect(error?.found == "bytes shared with 'token_embd.weight'")
  }

  @Test(arguments: [0, 1, 12, 48, 1 << 21] as [UInt32])
  func `refuses alignments that are no sane power of two`(_ alignment: UInt32) {
    let error = refused { $0.fields.append(("general.alignment", .uint32(alignment))) }
    #expect(error?.subject == .field("general.alignment"))
  }

  @Test func `hands over the tokenizer`() throws {
    guard case .gguf(let tokenizer) = try GGUFFormat.tokenizer(try open(.tinyLlama())) else {
      Issue.record("no tokenizer")
      return
    }
    #expect(tokenizer.model == "gpt2")
    #expect(tokenizer.pre == "smollm")
    #expect(tokenizer.tokens == ["a", "b", "ab", "<|end|>"])
    #expect(tokenizer.tokenTypes == [1, 1, 1, 3])
    #expect(tokenizer.merges == ["a b"])
    #expect(tokenizer.endToken == 3)
    #expect(tokenizer.addsBegin == false)
    #expect(tokenizer.addsSpacePrefix == nil)
  }

  @Test func `refuses token lists that disagree in length`() throws {
    var builder = GGUFBuilder.tinyLlama()
    builder.fields.removeAll { $0.0 == "tokenizer.ggml.token_type" }
    builder.fields.append(("tokenizer.ggml.token_type", .int32s([1])))
    let file = try open(builder)
    let error = refusal { () throws(CheckpointError) in try GGUFFormat.tokenizer(file) }
    #expect(error?.subject == .field("tokenizer.ggml.token_type"))
  }
}
