import Foundation
import JSON
import OrderedCollections
import Testing

@testable import Tokenizers

/// Every part of a pipeline against the library that defined it; see `make_pipeline_cases.py`.
@Suite struct PipelineCasesTests {
  static let file = ReferenceCases.committedFile("pipeline_cases.json")

  static func members(_ key: String) throws -> [(name: String, value: JSONValue)] {
    guard case .object(let members) = try ReferenceCases.read(file)[key] else {
      throw CocoaError(.fileReadCorruptFile)
    }
    return members.map { ($0.key, $0.value) }
  }

  @Test func `every normalizer, pre-tokenizer, decoder and post-processor does what HF's does`()
    throws
  {
    let strings = try ReferenceCases.read(Self.file)["strings"]?.texts ?? []
    for (name, answers) in try Self.members("pipelines") {
      let json = Array((answers["tokenizer"] ?? .null).json().utf8)
      let tokenizer = try Tokenizer(file: TokenizerFile(json, name: name))
      Self.compare(tokenizer, strings, answers, name, parseSpecial: true)
    }
  }

  @Test func `SentencePiece vocabularies out of GGUF metadata encode as SentencePiece does`() throws
  {
    let strings = try ReferenceCases.read(Self.file)["strings"]?.texts ?? []
    for (name, answers) in try Self.members("sentencepiece") {
      var fields = GGUFTokenizerFields(
        model: answers["model"]?.string ?? "", tokens: answers["tokens"]?.texts ?? [])
      fields.scores = (answers["scores"]?.array ?? []).compactMap { score in
        switch score {
        case .number(let value): Float(value)
        case .integer(let value): Float(value)
        default: nil
        }
      }
      fields.tokenTypes = answers["types"]?.tokens ?? []
      fields.unknown = answers["unknown"]?.tokens.first ?? 0
      fields.addSpacePrefix = answers["prefix"]?.bool
      fields.addBOS = false
      // llama.cpp, the judge of GGUF files, puts the blank of a unigram vocabulary before the first word only.
      let isUnigram = fields.model == "t5"
      Self.compare(
        try Tokenizer(gguf: fields), strings, answers, name, parseSpecial: false
      ) { isUnigram && $0.utf8.allSatisfy { $0 == 0x20 } }
    }
  }

  private static func compare(
    _ tokenizer: Tokenizer, _ strings: [String], _ answers: JSONValue, _ name: String,
    parseSpecial: Bool, except differs: (String) -> Bool = { _ in false }
  ) {
    let ids = answers["ids"]?.array ?? []
    let decoded = answers["decoded"]?.texts ?? []
    #expect(ids.count == strings.count && decoded.count == strings.count)
    for (index, text) in strings.enumerated() where !differs(text) {
      let found = tokenizer.encode(text, parseSpecial: parseSpecial, addSpecial: true)
      #expect(found == ids[index].tokens, "\(name) \(text.debugDescription)")
      let back = tokenizer.decode(ids[index].tokens, skipSpecial: false)
      #expect(
        back.utf8.elementsEqual(decoded[index].utf8),
        "\(name) \(back.debugDescription) for \(decoded[index].debugDescription)")
    }
  }
}
