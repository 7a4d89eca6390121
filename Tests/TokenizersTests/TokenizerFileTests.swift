import Foundation
import TestKit
import Testing

@testable import Tokenizers

@Suite struct TokenizerFileTests {
  @Test func `a small file encodes and decodes`() throws {
    let tokenizer = try TinyVocabulary.open(TinyVocabulary.json())
    #expect(tokenizer.encode("abcdab", parseSpecial: true, addSpecial: true) == [6, 4])
    #expect(tokenizer.encode("a<|im_end|>b", parseSpecial: true, addSpecial: false) == [0, 8, 1])
    #expect(tokenizer.vocabularySize == 9)
    #expect(tokenizer.isSpecial(7) && !tokenizer.isSpecial(6) && !tokenizer.isSpecial(99))
    #expect(tokenizer.bytes(of: -1) == [] && tokenizer.bytes(of: 99) == [])
    #expect(tokenizer.decode([6, 8, 4], skipSpecial: true) == "abcdab")
    #expect(tokenizer.token(spelt: "<|im_start|>") == 7 && tokenizer.token(spelt: "cd") == 5)
    #expect(tokenizer.specialTokens.eos == [8])
  }

  @Test func `merges before the vocabulary read the same`() throws {
    let text = """
      {"model": {"merges": ["a b"], "vocab": {"a": 0, "b": 1, "ab": 2}, "type": "BPE"}}
      """
    let tokenizer = try TinyVocabulary.open(text)
    #expect(tokenizer.encode("ab", parseSpecial: true, addSpecial: false) == [2])
  }

  @Test(arguments: [
    (TinyVocabulary.json(model: #""dropout": 0.1,"#), "model.dropout"),
    (TinyVocabulary.json(model: #""unk_token": "?","#), "model.unk_token"),
    (TinyVocabulary.json(model: #""byte_fallback": 1,"#), "model.byte_fallback"),
    (TinyVocabulary.json(parts: #""normalizer": {"type": "Unheard"},"#), "normalizer.type"),
    (TinyVocabulary.json(parts: #""normalizer": {},"#), "normalizer.type"),
    (
      TinyVocabulary.json(
        parts: #""normalizer": {"type": "Sequence", "normalizers": [{"type": "X"}]},"#),
      "normalizer.normalizers[0].type"
    ),
    (TinyVocabulary.json(parts: #""pre_tokenizer": {"type": "Bert"},"#), "pre_tokenizer.type"),
    (
      TinyVocabulary.json(
        parts: #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\p{Han}"}},"#),
      "pre_tokenizer.pattern.Regex"
    ),
    (
      TinyVocabulary.json(
        parts:
          #""pre_tokenizer": {"type": "Split", "pattern": {"String": "x"}, "behavior": "Odd"},"#
      ), "pre_tokenizer.behavior"
    ),
    (TinyVocabulary.json(parts: #""decoder": {"type": "CTC"},"#), "decoder.type"),
    (TinyVocabulary.json(parts: #""post_processor": {"type": "X"},"#), "post_processor.type"),
    (
      TinyVocabulary.json(
        parts: """
          "post_processor": {"type": "TemplateProcessing", "special_tokens": {},
            "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}]},
          """), #"post_processor.special_tokens["<s>"]"#
    ),
    (
      TinyVocabulary.json(added: #", {"id": 4294967296, "content": "x"}"#), "added_tokens[2].id"
    ),
    (TinyVocabulary.json(added: #", {"id": 5}"#), "added_tokens[2].content"),
    (#"{"model": {"type": "Markov", "vocab": {"a": 0}}}"#, "model.type"),
    (#"{"model": {"type": "WordPiece", "vocab": {"a": 0}}}"#, "model.unk_token"),
    (#"{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "b"}}"#, "model.unk_token"),
    (#"{"model": {"type": "BPE"}}"#, "model.vocab"), ("{}", "model.vocab"),
    (#"{"model": {"vocab": {"a": 9999999}}}"#, #"model.vocab["a"]"#),
    (#"{"model": {"vocab": {"a": -1}}}"#, #"model.vocab["a"]"#),
    (#"{"model": {"vocab": {"a": "1"}}}"#, #"model.vocab["a"]"#),
    (#"{"model": {"vocab": {"a": 0}, "merges": ["a b"]}}"#, "model.merges[0]"),
    (#"{"model": {"vocab": {"a": 0, "b": 1}, "merges": ["a b"]}}"#, "model.merges[0]"),
    (#"{"model": {"vocab": {"a": 0}, "merges": ["a"]}}"#, "model.merges[0]"),
    (#"{"model": {"type": "Unigram", "vocab": [["a", 1.0]]}}"#, "model.unk_id"),
    (#"{"model": {"type": "Unigram", "vocab": [["a"]]}}"#, "model.vocab[0]"),
    ("[]", "JSON"), (#"{"model": {"vocab""#, "JSON"),
  ])
  func `what cannot be read in full is refused by its field`(_ text: String, _ field: String) {
    #expect {
      try TinyVocabulary.open(text)
    } throws: { ($0 as? TokenizerError)?.field == field }
  }

  @Test func `equal vocabularies hash alike and others do not`() throws {
    let one = try TinyVocabulary.open(TinyVocabulary.json())
    let same = try TinyVocabulary.open(TinyVocabulary.json() + "\n")
    let other = try TinyVocabulary.open(TinyVocabulary.json(model: #""ignore_merges": true,"#))
    let normalized = try TinyVocabulary.open(
      TinyVocabulary.json(parts: #""normalizer": {"type": "NFC"},"#))
    #expect(one.hash == same.hash && one.hash.count == 16)
    #expect(one.hash != other.hash && one.hash != normalized.hash)
    // Recordings are compared across machines and runs: the hash must not drift.
    #expect(one.hash == "49f6d72552f116a4")
  }
}

@Suite struct TokenizerFolderTests {
  @Test func `the files beside tokenizer-json name special tokens and the template`() throws {
    let folder = try TemporaryFolder([
      "tokenizer.json": TinyVocabulary.json(),
      "tokenizer_config.json": """
      {"bos_token": {"content": "<|im_start|>"}, "eos_token": "a", "unk_token": null,
       "chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}
      """,
      "special_tokens_map.json": #"{"pad_token": "<|im_end|>"}"#,
      "generation_config.json": #"{"eos_token_id": [3, 5]}"#,
      "config.json": #"{"eos_token_id": 2}"#,
    ])
    let tokenizer = try Tokenizer.open(directory: folder.url)
    #expect(tokenizer.specialTokens.bos == 7 && tokenizer.specialTokens.pad == 8)
    // As transformers generates: that list is the whole of it.
    #expect(tokenizer.specialTokens.eos == [3, 5])
    #expect(tokenizer.specialTokens.primaryEOS == 0)
    #expect(tokenizer.chatTemplate == "d")
  }

  @Test(arguments: [nil, "{}", #"{"eos_token_id": null}"#, #"{"eos_token_id": []}"#] as [String?])
  func `where no list of ends is given, every file and every known mark counts`(
    _ generation: String?
  ) throws {
    var files = [
      "tokenizer.json": TinyVocabulary.json(), "tokenizer_config.json": #"{"eos_token": "a"}"#,
      "config.json": #"{"eos_token_id": 2}"#,
    ]
    files["generation_config.json"] = generation
    let folder = try TemporaryFolder(files)
    #expect(try Tokenizer.open(directory: folder.url).specialTokens.eos == [0, 2, 8])
  }

  @Test func `a template of its own file comes first`() throws {
    let folder = try TemporaryFolder([
      "tokenizer.json": TinyVocabulary.json(), "chat_template.jinja": "own",
      "tokenizer_config.json": #"{"chat_template": "other"}"#,
    ])
    #expect(try Tokenizer.open(directory: folder.url).chatTemplate == "own")
  }

  @Test func `a missing or broken file is named`() throws {
    let empty = try TemporaryFolder([:])
    #expect {
      try Tokenizer.open(directory: empty.url)
    } throws: { ($0 as? TokenizerError)?.file == "tokenizer.json" }
    let broken = try TemporaryFolder([
      "tokenizer.json": TinyVocabulary.json(), "generation_config.json": "{",
    ])
    #expect {
      try Tokenizer.open(directory: broken.url)
    } throws: { ($0 as? TokenizerError)?.file == "generation_config.json" }
  }
}
