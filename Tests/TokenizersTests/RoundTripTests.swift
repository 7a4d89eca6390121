import Foundation
import JSON
import Testing

@testable import Tokenizers

/// Text to tokens, back, and to tokens again, over every vocabulary there is an answer for.
@Suite struct RoundTripTests {
  struct Case {
    var name: String
    var tokenizer: Tokenizer
    var strings: [String]
    /// Whether every text comes back as it was.
    var isExact: Bool
  }

  static func cases() throws -> [Case] {
    var cases: [Case] = []
    for vocabulary in try ReferenceCases.at(ReferenceCases.committed).vocabularies {
      let tokenizer = try vocabulary.open()
      cases.append(
        Case(
          name: vocabulary.name, tokenizer: tokenizer, strings: vocabulary.strings,
          isExact: vocabulary.name.hasPrefix("little") && tokenizer.normalizer == nil))
    }
    let (texts, files) = try GGUFCasesTests.cases(GGUFCasesTests.committed)
    for test in files where test.isFirstOfItsKind {
      cases.append(
        Case(
          name: test.name, tokenizer: try Tokenizer(gguf: test.fields), strings: texts,
          isExact: test.fields.model == "gpt2" && test.fields.scores.isEmpty))
    }
    let (others, models) = try ModelCasesTests.cases(ModelCasesTests.committed)
    // Without a decoder HF's library prints the marks of continued words.
    for test in models where test.name != "bert-no-decoder" {
      cases.append(
        Case(name: test.name, tokenizer: test.tokenizer, strings: others, isExact: false))
    }
    return cases
  }

  @Test func `a text that was decoded encodes and decodes to itself`() throws {
    let cases = try Self.cases()
    #expect(cases.count > 50)
    for test in cases {
      for text in test.strings {
        let tokens = test.tokenizer.encode(text, parseSpecial: true, addSpecial: false)
        // What a control token is read as is no text; behind one, SentencePiece puts a blank each time.
        if tokens.contains(where: test.tokenizer.isSpecial) { continue }
        if text.utf8.allSatisfy({ $0 == 0x20 }) { continue }
        let once = test.tokenizer.decode(tokens, skipSpecial: false)
        // HF's library takes a blank off the front of these each time.
        if test.tokenizer.decoder.droppedFromFirst != nil, once.hasPrefix(" ") { continue }
        if test.isExact { #expect(once.utf8.elementsEqual(text.utf8), "\(test.name)") }
        let again = test.tokenizer.encode(once, parseSpecial: true, addSpecial: false)
        let twice = test.tokenizer.decode(again, skipSpecial: false)
        #expect(
          twice.utf8.elementsEqual(once.utf8),
          "\(test.name) \(text.debugDescription): \(once.debugDescription), \(twice.debugDescription)"
        )
      }
    }
  }

  @Test func `text that is streamed piece by piece is the text of the whole`() throws {
    for test in try Self.cases() {
      for text in test.strings.suffix(60) {
        let tokens = test.tokenizer.encode(text, parseSpecial: true, addSpecial: true)
        var decoder = TextDecoder(test.tokenizer, skipSpecial: false)
        var streamed = ""
        var bytes: [UInt8] = []
        for (index, token) in tokens.enumerated() {
          streamed += decoder.append(token)
          bytes += test.tokenizer.bytes(of: token, isFirst: index == 0)
        }
        streamed += decoder.finish()
        var whole = String(decoding: bytes, as: UTF8.self)
        if var strip = test.tokenizer.decoder.leadingStrip { whole = strip.apply(to: whole) }
        #expect(streamed.utf8.elementsEqual(whole.utf8), "\(test.name) \(text.debugDescription)")
        #expect(
          streamed.utf8.elementsEqual(
            test.tokenizer.decode(tokens, skipSpecial: false).utf8), "\(test.name)")
      }
    }
  }
}
