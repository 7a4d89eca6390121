import Foundation
import JSON
import Testing

@testable import Recordings

/// Harvests in files: begun, cut off anywhere, gone on with.
@Suite struct HarvestWriterTests {
  /// A folder of its own that is gone with the test.
  private final class Place {
    let path = NSTemporaryDirectory() + "neuroscope-" + UUID().uuidString
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var folder: HarvestFolder { HarvestFolder(path: path) }

    func names() -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: path + "/h")) ?? []).sorted()
    }

    func contents(_ name: String) -> Data? {
      FileManager.default.contents(atPath: path + "/h/" + name)
    }

    func all() -> [String: Data] {
      Dictionary(
        uniqueKeysWithValues: names().compactMap { name in
          contents(name).map { (name, $0) }
        })
    }
  }

  private static let facts: JSONValue = ["model": "m", "hooks": [1, 2]]
  private static let tokens: [UInt8] = [1, 2, 3]

  /// Prompts of many sizes; of some nothing is kept.
  private static func plan(shardBytes: Int = 300, prompts: Int = 13) -> HarvestPlan {
    HarvestPlan(promptCount: prompts, shardBytes: shardBytes) { prompt in
      (0..<3).compactMap { hook in
        let count = (prompt * 7 + hook * 5) % 11
        guard count > 1 else { return nil }
        return HarvestPlan.Tensor(
          name: "h\(hook)", suffix: hook == 2 ? "/input" : "", dtype: "F32", shape: [count, 2],
          byteCount: count * 8)
      }
    }
  }

  private static func numbers(_ plan: HarvestPlan, _ prompt: Int) -> [[UInt8]] {
    plan.tensors(prompt).enumerated().map { (place: Int, tensor: HarvestPlan.Tensor) -> [UInt8] in
      let first = prompt * 17 + place
      return (0..<tensor.byteCount).map { (index: Int) -> UInt8 in
        UInt8(truncatingIfNeeded: first + index * 3)
      }
    }
  }

  private func writer(_ place: Place, _ plan: HarvestPlan) throws -> HarvestWriter {
    try HarvestWriter(
      "h", in: place.folder, plan: plan, facts: Self.facts, tokens: Self.tokens,
      same: ["model", "hooks"])
  }

  private func write(_ place: Place, _ plan: HarvestPlan) throws {
    let writer = try writer(place, plan)
    for prompt in writer.next..<plan.promptCount {
      try writer.append(prompt, Self.numbers(plan, prompt))
    }
    try writer.finish()
  }

  @Test func `every tensor is where its file's header says, and the index tells its file`() throws {
    let (place, plan) = (Place(), Self.plan())
    try write(place, plan)
    #expect(plan.shards.count > 3)
    let index = try JSONValue(parsing: Array(try #require(place.contents(HarvestFolder.index))))
    var found = 0
    for prompt in 0..<plan.promptCount {
      for (tensor, numbers) in zip(plan.tensors(prompt), Self.numbers(plan, prompt)) {
        let name = HarvestPlan.fullName(tensor, of: prompt)
        let file = try #require(index["weight_map"]?[name]?.string)
        let bytes = try #require(place.contents(file))
        let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(length % 8 == 0)
        let header = try JSONValue(parsing: Array(bytes[8..<8 + length]))
        let offsets = (header[name]?["data_offsets"]?.array ?? []).compactMap {
          $0.integer.map(Int.init)
        }
        #expect(Array(bytes[(8 + length + offsets[0])..<(8 + length + offsets[1])]) == numbers)
        found += 1
      }
    }
    #expect(index["weight_map"]?.members?.count == found)
    #expect(index["metadata"]?["total_size"]?.integer == Int64(plan.byteCount))
  }

  @Test func `what is cut off at any byte is gone on with, and has the same bytes`() throws {
    let plan = Self.plan()
    let whole = Place()
    try write(whole, plan)
    let expected = whole.all()
    let shards = plan.shards.indices.map(plan.fileName)
    for (number, cut) in shards.enumerated() {
      let bytes = try #require(expected[cut])
      for size in stride(from: 0, through: bytes.count, by: 41) {
        let place = Place()
        try write(place, plan)
        // A fall while this shard was written: later ones are not there, nor is the index.
        for name in shards[number...] + [HarvestFolder.index] {
          try FileManager.default.removeItem(atPath: place.path + "/h/" + name)
        }
        let part = place.path + "/h/" + cut + ".part"
        #expect(FileManager.default.createFile(atPath: part, contents: bytes.prefix(size)))
        let next = try writer(place, plan).next
        #expect(plan.shards[number].prompts.lowerBound <= next)
        try write(place, plan)
        #expect(place.all() == expected, "\(cut) cut at \(size)")
      }
    }
  }

  @Test func `a file that somebody took away, or wrote other things into, is made again`() throws {
    let (place, plan) = (Place(), Self.plan())
    try write(place, plan)
    let expected = place.all()
    for shard in plan.shards.indices {
      let file = place.path + "/h/" + plan.fileName(shard)
      try FileManager.default.removeItem(atPath: file)
      #expect(
        FileManager.default.createFile(
          atPath: file + ".part", contents: Data(repeating: 7, count: 900)))
      #expect(try writer(place, plan).next == plan.shards[shard].prompts.lowerBound)
      try write(place, plan)
      #expect(place.all() == expected)
    }
  }

  @Test func `a harvest of other facts or tokens is another one`() throws {
    let (place, plan) = (Place(), Self.plan())
    try write(place, plan)
    for (facts, tokens, member) in [
      (["model": "n", "hooks": [1, 2]], Self.tokens, "model"),
      (["model": "m", "hooks": [1, 3]], Self.tokens, "hooks"),
      (Self.facts, [1, 2, 4], "tokens"),
    ] as [(JSONValue, [UInt8], String)] {
      #expect(throws: HarvestFileError.differs(name: "h", member: member)) {
        try HarvestWriter(
          "h", in: place.folder, plan: plan, facts: facts, tokens: tokens,
          same: ["model", "hooks"])
      }
    }
  }

  @Test func `a tensor of another size than planned is refused, and writes nothing`() throws {
    let (place, plan) = (Place(), Self.plan())
    let writer = try writer(place, plan)
    var numbers = Self.numbers(plan, 0)
    numbers[0].removeLast()
    #expect(throws: HarvestFileError.self) { try writer.append(0, numbers) }
    #expect(throws: HarvestFileError.self) { try writer.append(0, Self.numbers(plan, 0) + [[1]]) }
    #expect(writer.next == 0)
  }

  @Test(arguments: [
    "", ".", "..", "../x", "a/b", ".hidden", "a\0b", "ä", String(repeating: "a", count: 129),
  ])
  func `a name that could be something else is refused`(name: String) {
    #expect(throws: HarvestFileError.name(String(name.prefix(128)))) {
      try Place().folder.folder(of: name)
    }
    #expect(throws: HarvestFileError.self) { try Place().folder.facts(of: name) }
  }

  @Test func `no link is followed, in place of a folder or of a file`() throws {
    let (place, outside, plan) = (Place(), Place(), Self.plan())
    let files = FileManager.default
    try files.createDirectory(atPath: outside.path, withIntermediateDirectories: true)
    try files.createDirectory(atPath: place.path, withIntermediateDirectories: true)
    try files.createSymbolicLink(atPath: place.path + "/h", withDestinationPath: outside.path)
    #expect(throws: HarvestFileError.self) { try write(place, plan) }
    #expect(try files.contentsOfDirectory(atPath: outside.path).isEmpty)
    try files.removeItem(atPath: place.path + "/h")
    _ = try writer(place, plan)
    let target = outside.path + "/target"
    #expect(files.createFile(atPath: target, contents: Data([1])))
    let part = place.path + "/h/" + plan.fileName(0) + ".part"
    try files.removeItem(atPath: part)
    try files.createSymbolicLink(atPath: part, withDestinationPath: target)
    #expect(throws: HarvestFileError.self) { try write(place, plan) }
    #expect(files.contents(atPath: target) == Data([1]))
    try files.createSymbolicLink(
      atPath: place.path + "/h/" + plan.fileName(1), withDestinationPath: target)
    #expect(throws: HarvestFileError.self) { try place.folder.copy(of: "h", plan.fileName(1)) }
    #expect(throws: HarvestFileError.self) { try place.folder.copy(of: "h", "../h/harvest.json") }
  }

  @Test func `removing takes a harvest's own files, and leaves others' alone`() throws {
    let (place, plan) = (Place(), Self.plan())
    try write(place, plan)
    let other = place.path + "/h/notes.txt"
    #expect(FileManager.default.createFile(atPath: other, contents: Data([1])))
    #expect(try place.folder.names() == ["h"])
    try place.folder.remove("h")
    #expect(place.names() == ["notes.txt"])
    #expect(try place.folder.names() == [])
    #expect(throws: HarvestFileError.notFound("h")) { try place.folder.remove("h") }
  }
}
