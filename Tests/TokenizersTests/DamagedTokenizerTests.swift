import Foundation
import JSON
import OrderedCollections
import Testing
import TestKit

@testable import Tokenizers

/// Real files of every kind, damaged by the seed: each is read, or refused by file and field.
@Suite struct DamagedTokenizerTests {
  static let files: [URL] = {
    let folders = try? FileManager.default.contentsOfDirectory(
      at: ReferenceCases.committed, includingPropertiesForKeys: nil)
    return (folders ?? []).map { $0.appending(path: "tokenizer.json") }
      .filter { FileManager.default.fileExists(atPath: $0.path) }.sorted { $0.path < $1.path }
  }()

  @Test(arguments: files) func `changed and missing bytes are refused or read`(file: URL) throws {
    var generator = SeededGenerator(seed: 9)
    let bytes = Array(try Data(contentsOf: file))
    for round in 0..<24 {
      var damaged = bytes
      if round % 4 == 0 {
        damaged.removeSubrange(Int.random(in: 0..<bytes.count, using: &generator)...)
      } else {
        for _ in 0..<round {
          let place = Int.random(in: 0..<bytes.count, using: &generator)
          damaged[place] = UInt8.random(in: 0x20...0x7E, using: &generator)
        }
      }
      open(damaged)
    }
  }

  @Test(arguments: files) func `changed and missing values are refused or read`(file: URL) throws {
    var generator = SeededGenerator(seed: 10)
    let whole = try ReferenceCases.read(file)
    var refused = 0
    for _ in 0..<48 {
      let damaged = whole.damaged(&generator)
      if !open(Array(damaged.json(.compact).utf8)) { refused += 1 }
    }
    #expect(refused > 12, "the damage was too small to be found")
  }

  @Test func `there are files of every kind`() { #expect(Self.files.count > 10) }

  /// Opens and uses a tokenizer, or answers false if it was refused in the way it should be.
  @discardableResult private func open(_ bytes: [UInt8]) -> Bool {
    do throws(TokenizerError) {
      let tokenizer = try Tokenizer(file: TokenizerFile(bytes, name: "t"))
      let ids = tokenizer.encode("Hello 123 <mask> é😀", parseSpecial: true, addSpecial: true)
      _ = tokenizer.decode(ids, skipSpecial: false)
      return true
    } catch {
      #expect(error.file == "t" && !error.field.isEmpty && !error.expected.isEmpty)
      return false
    }
  }
}

extension JSONValue {
  /// The value with one place in it, however deep, taken away or filled with something else.
  fileprivate func damaged(_ generator: inout SeededGenerator) -> JSONValue {
    let goesDeeper = Int.random(in: 0..<5, using: &generator) > 0
    let removes = Int.random(in: 0..<8, using: &generator) == 0
    switch self {
    case .array(var list) where goesDeeper && !list.isEmpty:
      let place = Int.random(in: 0..<list.count, using: &generator)
      let element = list.remove(at: place)
      if !removes { list.insert(element.damaged(&generator), at: place) }
      return .array(list)
    case .object(var members) where goesDeeper && !members.isEmpty:
      let place = Int.random(in: 0..<members.count, using: &generator)
      let name = members.keys[place]
      members[name] = removes ? nil : members[name]?.damaged(&generator)
      return .object(members)
    default:
      let others: [JSONValue] = [
        .null, .bool(true), .integer(0), .integer(-1), .integer(.max), .number(1e300), .string(""),
        .string("é😀"), .array([]), .array([.null]), .object([:]),
      ]
      return others.randomElement(using: &generator) ?? .null
    }
  }
}
