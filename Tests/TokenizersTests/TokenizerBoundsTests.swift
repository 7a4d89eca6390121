import Foundation
import TestKit
import Testing

@testable import Tokenizers

/// Tokenizer files that are made to take all memory or time.
@Suite struct TokenizerBoundsTests {
  static func file(
    normalizer: String = "null", pre: String = "null", decoder: String = "null", added: String = ""
  ) -> String {
    """
    {"added_tokens": [\(added)], "normalizer": \(normalizer), "pre_tokenizer": \(pre), "post_processor": null,
     "decoder": \(decoder), "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
    """
  }

  static func open(_ json: String) throws -> Tokenizer {
    try Tokenizer(file: try TokenizerFile(Array(json.utf8), name: "tokenizer.json"))
  }

  static func sequence(_ kind: String, _ step: String, _ count: Int) -> String {
    "{\"type\": \"Sequence\", \"\(kind)\": ["
      + Array(repeating: step, count: count).joined(separator: ",") + "]}"
  }

  static let double = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#

  @Test func `chained steps cannot make one letter a flood`() throws {
    for (json, field) in [
      (Self.file(normalizer: Self.sequence("normalizers", Self.double, 40)), "normalizer"),
      (
        Self.file(normalizer: Self.sequence("normalizers", #"{"type": "Lowercase"}"#, 100)),
        "normalizer"
      ),
      (
        Self.file(
          normalizer: Self.sequence(
            "normalizers",
            #"{"type": "Prepend", "prepend": "\#(String(repeating: "x", count: 600))"}"#, 2)),
        "normalizer"
      ),
      (
        Self.file(
          normalizer:
            #"{"type": "Replace", "pattern": {"Regex": "."}, "content": "\#(String(repeating: "x", count: 300))"}"#
        ), "normalizer"
      ),
      (Self.file(decoder: Self.sequence("decoders", Self.double, 40)), "decoder"),
      (
        Self.file(pre: Self.sequence("pretokenizers", #"{"type": "Whitespace"}"#, 100)),
        "pre_tokenizer"
      ),
      (
        Self.file(
          added:
            #"{"id": 2, "content": "\#(String(repeating: "a", count: 5000))", "special": true}"#),
        "added_tokens"
      ),
    ] {
      #expect {
        try Self.open(json)
      } throws: { ($0 as? TokenizerError)?.field == field }
    }
    // Six doublings are a strange pipeline, and a possible one.
    let six = try Self.open(Self.file(normalizer: Self.sequence("normalizers", Self.double, 6)))
    #expect(six.encode("a", parseSpecial: true, addSpecial: false).count == 64)
  }

  @Test(arguments: ["(?:a+)+c", "(?:(?=a*c)a|a)+c", "(?:(?!(?!a*c)a*c)a)+c"])
  func `a trap among the patterns is refused by its name`(_ pattern: String) throws {
    let split =
      #"{"type": "Split", "pattern": {"Regex": "\#(pattern)"}, "behavior": "Isolated", "invert": false}"#
    let replace = #"{"type": "Replace", "pattern": {"Regex": "\#(pattern)"}, "content": "b"}"#
    for json in [Self.file(pre: split), Self.file(normalizer: replace)] {
      let tokenizer = try Self.open(json)
      #expect(
        try tokenizer.encode(bounded: "aab", parseSpecial: true, addSpecial: false) == [0, 0, 1])
      let text = String(repeating: "a", count: 6000)
      do {
        _ = try tokenizer.encode(bounded: text, parseSpecial: true, addSpecial: false)
      } catch {
        #expect(error.found.contains(pattern))
      }
    }
  }

  @Test func `files are refused beyond some depth`() {
    let depth = 100_000
    func nested(_ open: String, _ close: String) -> String {
      String(repeating: open, count: depth) + String(repeating: close, count: depth)
    }
    for json in [
      nested("[", "]"), nested("{\"a\":", "}"), "{\"model\": \(nested("[", "]"))}",
      Self.file(normalizer: nested("{\"type\": \"Sequence\", \"normalizers\": [", "]}")),
      Self.file(pre: nested("{\"type\": \"Sequence\", \"pretokenizers\": [", "]}")),
      "{\"model\": {\"merges\": \(nested("[", "]"))}}",
      "{\"model\": {\"vocab\": \(nested("[", "]"))}}",
    ] {
      #expect(throws: TokenizerError.self) { try Self.open(json) }
    }
  }
}
