import Foundation
import Glibc
import Testing

@testable import Checkpoints

/// Files that somebody changes while they are mapped.
@Suite struct MappingTests {
  private static let page = 4096
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ name: String, pages: Int) throws -> String {
    try folder.write(name, [UInt8](repeating: 7, count: pages * Self.page + 100))
  }

  @Test(arguments: [0, 1, 3, 5])
  func `lost pages read as zeros, and the file is named`(kept: Int) throws {
    let path = try file("cut", pages: 5)
    let neighbour = try Mapping(path: try file("whole", pages: 5))
    let mapping = try Mapping(path: path)
    #expect(mapping.changes() == nil)
    try #require(truncate(path, kept * Self.page) == 0)
    // The page that is half a file's still has zeros behind it; whole pages are lost.
    let bytes = mapping.withBytes { $0.enumerated().map { ($0.offset / Self.page, $0.element) } }
    for (page, byte) in bytes { #expect(byte == (page < kept ? 7 : 0)) }
    let change = try #require(mapping.changes())
    #expect(change.file == path)
    #expect(change.kind == .damaged)
    #expect(neighbour.changes() == nil)
    #expect(neighbour.withBytes { $0.allSatisfy { $0 == 7 } })
  }

  @Test func `a file that is written over at the same size is noticed too`() throws {
    let path = try file("same", pages: 2)
    let mapping = try Mapping(path: path)
    let handle = try #require(fopen(path, "r+"))
    // Times may be as coarse as a clock tick, so the time is set and not waited for.
    fputc(8, handle)
    fclose(handle)
    var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
    try #require(utimensat(AT_FDCWD, path, &times, 0) == 0)
    #expect(mapping.changes() != nil)
  }

  @Test func `a new file in the old one's place changes nothing`() throws {
    let path = try file("old", pages: 2)
    let mapping = try Mapping(path: path)
    try #require(rename(try file("new", pages: 1), path) == 0)
    #expect(mapping.changes() == nil)
    #expect(mapping.withBytes { $0.allSatisfy { $0 == 7 } })
    try #require(unlink(path) == 0)
    #expect(mapping.changes() == nil)
  }

  @Test func `threads that lose the same pages at the same time all go on`() throws {
    for _ in 0..<20 {
      let path = try file("shared", pages: 64)
      let mapping = try Mapping(path: path)
      try #require(truncate(path, 0) == 0)
      DispatchQueue.concurrentPerform(iterations: 8) { thread in
        let sum = mapping.withBytes { bytes in
          stride(from: thread * 100, to: bytes.count, by: 997).reduce(0) { $0 + Int(bytes[$1]) }
        }
        #expect(sum == 0)
        #expect(mapping.changes() != nil, "the mark is there before the first zero is")
      }
    }
  }

  @Test func `places in the guard's table are free again`() throws {
    let path = try file("many", pages: 0)
    for _ in 0..<9000 { _ = try Mapping(path: path) }
  }

  @Test func `the files of a checkpoint are watched, each once`() throws {
    let tensors = try (0..<6).map { index in
      let mapping = try Mapping(path: try file("shard-\(index)", pages: 1))
      return try #require(
        TensorEntry(
          name: "\(index)", shape: [16], type: .u8, mapping: mapping, range: 0..<16))
    }
    let files = WeightFiles(tensors + tensors)
    #expect(files.count == 6)
    #expect(files.changes() == nil)
    try #require(truncate(tensors[3].mapping.path, 1) == 0)
    #expect(files.changes()?.file == tensors[3].mapping.path)
  }
}
