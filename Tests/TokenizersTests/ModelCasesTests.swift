import Foundation
import JSON
import Testing

@testable import Tokenizers

/// Whole `tokenizer.json` files of every kind of model against HF's library; see `make_model_cases.py`.
@Suite struct ModelCasesTests {
  static let committed = ReferenceCases.committedFile("model_cases.json")
  static let files = ReferenceCases.files("model_cases.json")

  struct Case {
    var name: String
    var tokenizer: Tokenizer
    var answers: JSONValue
  }

  static func cases(_ file: URL) throws -> (strings: [String], cases: [Case]) {
    let json = try ReferenceCases.read(file)
    let cases = try (json["cases"]?.array ?? []).map { answers in
      let name = answers["name"]?.string ?? ""
      // As a text: a tree of it would take two spellings of one character for one key.
      let text = Array((answers["tokenizer"]?.string ?? "").utf8)
      return Case(
        name: name, tokenizer: try Tokenizer(file: TokenizerFile(text, name: name)),
        answers: answers)
    }
    return (json["strings"]?.texts ?? [], cases)
  }

  @Test(arguments: files) func `Unigram, WordPiece and whole words encode as HF's library does`(
    _ file: URL
  ) throws {
    let (strings, cases) = try Self.cases(file)
    #expect(cases.count >= 12)
    for test in cases {
      let ids = test.answers["ids"]?.array ?? []
      #expect(ids.count == strings.count)
      for (text, ids) in zip(strings, ids) {
        let found = test.tokenizer.encode(text, parseSpecial: true, addSpecial: true)
        #expect(found == ids.tokens, "\(test.name) \(text.debugDescription)")
      }
    }
  }

  @Test(arguments: files) func `their tokens decode to the text that HF's library decodes to`(
    _ file: URL
  ) throws {
    for test in try Self.cases(file).cases {
      for (index, ids) in (test.answers["ids"]?.array ?? []).enumerated() {
        for (key, skips) in [("decoded", false), ("bare", true)] {
          let expected = test.answers[key]?.array?[index].string ?? ""
          let found = test.tokenizer.decode(ids.tokens, skipSpecial: skips)
          #expect(
            found.utf8.elementsEqual(expected.utf8),
            "\(test.name) \(found.debugDescription) for \(expected.debugDescription)")
        }
      }
    }
  }
}
