import Foundation
import JSON
import OrderedCollections
import Synchronization

@testable import Tokenizers

/// Answers of libraries we did not write, made by `Tests/References/tokenizers`.
///
/// The committed part has every small vocabulary; with `NEUROSCOPE_REFERENCES` naming a folder whose `tok`
/// was written by `make_tokenizer_cases.py` and `make_harmony_cases.py`, the published ones take part too.
struct ReferenceCases: Sendable {
  let folder: URL
  let tokenizers: JSONValue
  let harmony: JSONValue

  static let committed = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "References/tokenizers/cases")

  /// The full folder if the environment names one, else the committed part.
  static let best = ProcessInfo.processInfo.environment["NEUROSCOPE_REFERENCES"].map {
    URL(filePath: $0).appending(path: "tok")
  }

  /// A file of other cases that is committed.
  static func committedFile(_ name: String) -> URL {
    committed.deletingLastPathComponent().appending(path: name)
  }

  /// That file, then the full one, where the environment has it.
  static func files(_ name: String) -> [URL] {
    [committedFile(name)]
      + (best.map { [$0.appending(path: name)] } ?? [])
      .filter { FileManager.default.fileExists(atPath: $0.path) }
  }

  static let all = [committed] + (best.map { [$0] } ?? [])

  /// Reading takes a second in a debug build: once is enough.
  private static let known = Mutex<[URL: ReferenceCases]>([:])

  static func at(_ folder: URL) throws -> ReferenceCases {
    try known.withLock { known in
      if let cases = known[folder] { return cases }
      let cases = try ReferenceCases(folder)
      known[folder] = cases
      return cases
    }
  }

  private init(_ folder: URL) throws {
    self.folder = folder
    tokenizers = try Self.read(folder.appending(path: "tokenizer_cases.json"))
    harmony = try Self.read(folder.appending(path: "harmony_cases.json"))
  }

  static func read(_ file: URL) throws -> JSONValue {
    try JSONValue(parsing: Array(try Data(contentsOf: file)))
  }

  var strings: [String] { tokenizers["strings"]?.texts ?? [] }

  /// One vocabulary with its answers.
  struct Vocabulary: Sendable {
    var name: String
    var folder: URL
    var answers: JSONValue
    var strings: [String]

    private static let opened = Mutex<[URL: Tokenizer]>([:])

    func open() throws -> Tokenizer {
      try Self.opened.withLock { opened in
        if let tokenizer = opened[folder] { return tokenizer }
        let tokenizer = try Tokenizer.open(directory: folder)
        opened[folder] = tokenizer
        return tokenizer
      }
    }
  }

  var vocabularies: [Vocabulary] {
    guard case .object(let members) = tokenizers["tokenizers"] else { return [] }
    return members.map { name, answers in
      Vocabulary(
        name: name, folder: folder.appending(path: answers["dir"]?.string ?? name),
        answers: answers, strings: strings + (answers["extra_strings"]?.texts ?? []))
    }
  }
}

extension JSONValue {
  var texts: [String] { array?.compactMap(\.string) ?? [] }
  var tokens: [Token] { array?.compactMap { $0.integer.flatMap { Token(exactly: $0) } } ?? [] }
}
