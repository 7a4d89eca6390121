import Foundation
import JSON
import OrderedCollections
import Testing

@testable import Tokenizers

/// Vocabularies out of GGUF metadata against llama.cpp; see `make_gguf_cases.py`.
///
/// The committed part has one name of each kind of split and a quarter of the strings; what
/// `NEUROSCOPE_REFERENCES` names has all of them.
@Suite struct GGUFCasesTests {
  static let committed = ReferenceCases.committedFile("gguf_cases.json")
  static let files = ReferenceCases.files("gguf_cases.json")

  /// One vocabulary, and what llama.cpp made of the strings.
  struct Case {
    var name: String
    var isFirstOfItsKind: Bool
    var fields: GGUFTokenizerFields
    var answers: JSONValue
  }

  static func cases(_ file: URL) throws -> (strings: [String], cases: [Case]) {
    let json = try ReferenceCases.read(file)
    let cases = (json["cases"]?.array ?? []).map { answers in
      let name = answers["name"]?.string ?? ""
      let given = answers["fields"] ?? .null
      let shared = given["vocabulary"]?.string.flatMap { json["vocabularies"]?[$0] } ?? given
      return Case(
        name: name, isFirstOfItsKind: answers["alike"]?.string == name,
        fields: fields(given, shared), answers: answers)
    }
    return (json["strings"]?.texts ?? [], cases)
  }

  private static func fields(_ given: JSONValue, _ shared: JSONValue) -> GGUFTokenizerFields {
    var fields = GGUFTokenizerFields(
      model: given["model"]?.string ?? "", tokens: shared["tokens"]?.texts ?? [])
    func token(_ name: String) -> Token? { given[name]?.integer.flatMap { Token(exactly: $0) } }
    fields.pre = given["pre"]?.string
    fields.tokenTypes = shared["types"]?.tokens ?? []
    fields.merges = shared["merges"]?.texts ?? []
    fields.scores = (given["scores"]?.array ?? []).compactMap(\.decimal).map { Float($0) }
    fields.bos = token("bos")
    fields.eos = token("eos")
    fields.unknown = token("unknown")
    fields.pad = token("pad")
    fields.addSpacePrefix = given["space_prefix"]?.bool
    fields.separator = token("sep")
    fields.removeExtraWhitespaces = given["remove_extra_whitespaces"]?.bool
    fields.precompiledCharsmap = Array(
      given["charsmap"]?.string.flatMap { Data(base64Encoded: $0) } ?? Data())
    fields.lowercases = given["lowercase"]?.bool
    fields.stripsAccents = given["strip_accents"]?.bool
    return fields
  }

  @Test(arguments: files) func `every kind of GGUF vocabulary encodes as llama.cpp does`(
    _ file: URL
  ) throws {
    let (strings, cases) = try Self.cases(file)
    var judged = 0
    for test in cases {
      guard let answers = test.answers["ids"]?.array else { continue }
      let tokenizer = try Tokenizer(gguf: test.fields)
      // Names that split alike are judged by fewer strings.
      let most = test.isFirstOfItsKind ? strings.count : 60
      for (text, ids) in zip(strings, answers).prefix(most)
      where !ids.isNull {
        judged += 1
        let found = tokenizer.encode(text, parseSpecial: true, addSpecial: false)
        #expect(found == ids.tokens, "\(test.name) \(text.debugDescription)")
      }
      guard let added = test.answers["added"]?.integer else { continue }
      let around = tokenizer.encode("a", parseSpecial: true, addSpecial: true).count
      let alone = tokenizer.encode("a", parseSpecial: true, addSpecial: false).count
      #expect(around - alone == Int(added), "\(test.name)")
    }
    #expect(judged > 3000)
  }

  @Test func `names that split alike are kept together`() throws {
    let (_, cases) = try Self.cases(Self.committed)
    let listed = Set(GGUFPreTokenizers.all.flatMap(\.names))
    for test in cases where test.fields.pre?.isEmpty == false {
      #expect(listed.contains(test.fields.pre ?? ""), "\(test.name)")
    }
    #expect(throws: TokenizerError.self) { try GGUFPreTokenizers.named("no-such-name") }
  }
}

extension JSONValue {
  /// A number, whole or not.
  fileprivate var decimal: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }
}
