import Foundation
import JSON
import OrderedCollections
import Testing
import TestKit

@testable import Tokenizers

@Suite struct ReferenceCasesTests {
  @Test(arguments: ReferenceCases.all)
  func `every string encodes to the ids of the library that made the vocabulary`(
    _ folder: URL
  ) throws {
    let cases = try ReferenceCases.at(folder)
    #expect(cases.vocabularies.count >= 11)
    for vocabulary in cases.vocabularies {
      let tokenizer = try vocabulary.open()
      let addSpecial = vocabulary.answers["add_special_tokens"]?.bool ?? false
      let expected = vocabulary.answers["ids"]?.array ?? []
      #expect(expected.count == vocabulary.strings.count)
      for (index, (text, ids)) in zip(vocabulary.strings, expected).enumerated() {
        let found = tokenizer.encode(text, parseSpecial: true, addSpecial: addSpecial)
        #expect(found == ids.tokens, "\(vocabulary.name) \(index) \(text.debugDescription)")
      }
    }
  }

  @Test(arguments: ReferenceCases.all)
  func `special tokens stay text when text comes from users`(_ folder: URL) throws {
    for vocabulary in try ReferenceCases.at(folder).vocabularies {
      guard case .object(let answers) = vocabulary.answers["ids_no_special"] else { continue }
      let tokenizer = try vocabulary.open()
      for (index, ids) in answers {
        let text = vocabulary.strings[Int(index) ?? 0]
        #expect(tokenizer.encode(text, parseSpecial: false, addSpecial: false) == ids.tokens)
      }
    }
  }

  @Test(arguments: ReferenceCases.all)
  func `tokens decode to the text the library decodes to`(_ folder: URL) throws {
    for vocabulary in try ReferenceCases.at(folder).vocabularies {
      let tokenizer = try vocabulary.open()
      let normalizes = vocabulary.answers["checks"]?["decode_differs_at"]?.tokens ?? []
      let added = vocabulary.answers["add_special_tokens"]?.bool ?? false
      for (index, ids) in (vocabulary.answers["ids"]?.array ?? []).enumerated() {
        let other = vocabulary.answers["decoded"]?[String(index)]?.string
        if other == nil, normalizes.contains(Token(index)) { continue }
        let expected = other ?? vocabulary.strings[index]
        let found = tokenizer.decode(ids.tokens, skipSpecial: added)
        #expect(
          found.utf8.elementsEqual(expected.utf8),
          "\(vocabulary.name) \(index) \(expected.debugDescription) \(found.debugDescription)")
      }
    }
  }

  @Test(arguments: ReferenceCases.all)
  func `streamed text never splits a character`(_ folder: URL) throws {
    let cases = try ReferenceCases.at(folder)
    let streams = cases.tokenizers["streaming"]?.array ?? []
    #expect(streams.count >= 93)
    for stream in streams {
      var repair = UTF8Repair()
      for (piece, shown) in zip(stream["pieces_hex"]?.texts ?? [], stream["emitted"]?.texts ?? []) {
        let found = repair.append(try #require(bytes(hex: piece)))
        #expect(found.utf8.elementsEqual(shown.utf8))
      }
      #expect(repair.finish() == stream["flushed"]?.string)
    }
  }

  @Test(arguments: ReferenceCases.all)
  func `a token's bytes and streamed text are those of the library`(_ folder: URL) throws {
    let cases = try ReferenceCases.at(folder)
    let byName = Dictionary(
      uniqueKeysWithValues: try cases.vocabularies.map { ($0.name, try $0.open()) })
    for stream in cases.tokenizers["streaming"]?.array ?? [] {
      guard let tokenizer = byName[stream["tokenizer"]?.string ?? ""] else { continue }
      let ids = stream["ids"]?.tokens ?? []
      #expect(ids.map { hex(tokenizer.bytes(of: $0)) } == stream["pieces_hex"]?.texts)
      var decoder = TextDecoder(tokenizer, skipSpecial: false)
      #expect(ids.map { decoder.append($0) } == stream["emitted"]?.texts)
      #expect(decoder.finish() == stream["flushed"]?.string)
    }
  }

  @Test(arguments: [
    ("little-gpt2", "gpt-2"), ("little-llama3", "llama-bpe"), ("little-qwen2", "qwen2"),
    ("little-o200k", "gpt-4o"), ("little-smollm", "smollm"),
  ])
  func `the same vocabulary as GGUF metadata encodes alike`(_ name: String, _ pre: String) throws {
    // llama.cpp composes no accents, and knows the cases of ASCII letters only.
    let differs: (String) -> Bool =
      switch pre {
      case "qwen2": { !$0.utf8.elementsEqual($0.precomposedStringWithCanonicalMapping.utf8) }
      case "gpt-4o": { text in !text.utf8.allSatisfy { $0 < 0x80 } }
      default: { $0.unicodeScalars.contains("\u{17F}") }
      }
    let cases = try ReferenceCases.at(ReferenceCases.committed)
    let vocabulary = try #require(cases.vocabularies.first { $0.name == name })
    let tokenizer = try Tokenizer(gguf: try Self.ggufFields(vocabulary.folder, pre))
    for (text, ids) in zip(vocabulary.strings, vocabulary.answers["ids"]?.array ?? [])
    where !differs(text) {
      let found = tokenizer.encode(text, parseSpecial: true, addSpecial: false)
      #expect(found == ids.tokens, "\(text.debugDescription)")
    }
  }

  /// What a converter writes into a GGUF file for this `tokenizer.json`.
  static func ggufFields(_ folder: URL, _ pre: String) throws -> GGUFTokenizerFields {
    let file = try ReferenceCases.read(folder.appending(path: "tokenizer.json"))
    var spellings: [Int64: (text: String, type: Int32)] = [:]
    if case .object(let vocabulary) = file["model"]?["vocab"] {
      for (text, token) in vocabulary { spellings[token.integer ?? -1] = (text, 1) }
    }
    for added in file["added_tokens"]?.array ?? [] {
      let type: Int32 = added["special"]?.bool == true ? 3 : 1
      spellings[added["id"]?.integer ?? -1] = (added["content"]?.string ?? "", type)
    }
    let sorted = spellings.sorted { $0.key < $1.key }.map(\.value)
    var fields = GGUFTokenizerFields(model: "gpt2", tokens: sorted.map(\.text))
    fields.tokenTypes = sorted.map(\.type)
    fields.merges = (file["model"]?["merges"]?.array ?? []).map {
      $0.string ?? $0.texts.joined(separator: " ")
    }
    fields.pre = pre
    return fields
  }
}
