import Foundation
import FuzzTargets
import TestKit
import Testing

/// The short, repeatable run: every file of the corpora, and seeded changes of them.
@Suite struct CorpusTests {
  static func corpus(_ target: FuzzTarget) -> [[UInt8]] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fuzz/Corpus/\(target.name)")
    let files = try? FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).sorted { $0.path() < $1.path() }.compactMap { file in
      (try? Data(contentsOf: file)).map { Array($0) }
    }
  }

  @Test(arguments: FuzzTarget.all)
  func `every file of the corpus keeps the promise`(target: FuzzTarget) {
    let corpus = Self.corpus(target)
    #expect(!corpus.isEmpty, "Tests/Fuzz/Corpus/\(target.name) is empty")
    for bytes in corpus {
      let broken = target.run(bytes)
      #expect(broken == nil, "\(hex(bytes))")
    }
  }

  @Test(arguments: FuzzTarget.all)
  func `seeded changes of the corpus keep the promise`(target: FuzzTarget) {
    var generator = SeededGenerator(seed: 2024)
    let corpus = Self.corpus(target)
    for _ in 0..<300 {
      guard var bytes = corpus.randomElement(using: &generator) else { return }
      for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&bytes, &generator) }
      let broken = target.run(bytes)
      #expect(broken == nil, "\(hex(bytes))")
    }
  }

  private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    guard !bytes.isEmpty else {
      bytes = generator.bytes(4)
      return
    }
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: bytes[place] = [0, 0x7f, 0x80, 0xff, 0x0a, 0x0d].randomElement(using: &generator) ?? 0
    case 2: bytes.remove(at: place)
    case 3: bytes.insert(contentsOf: generator.bytes(2), at: place)
    default: bytes.removeSubrange(place..<min(place + 8, bytes.count))
    }
  }
}
