import TestKit
import Testing

@testable import Tokenizers

@Suite struct GGUFTokenizerTests {
  static func fields(_ change: (inout GGUFTokenizerFields) -> Void = { _ in })
    -> GGUFTokenizerFields
  {
    var fields = GGUFTokenizerFields(
      model: "gpt2", tokens: ["a", "b", "ab", "<|im_end|>", "<user>", "<|end|>"])
    fields.tokenTypes = [1, 1, 1, 3, 4, 3]
    fields.merges = ["a b"]
    fields.pre = "gpt-2"
    fields.bos = 3
    change(&fields)
    return fields
  }

  @Test func `control tokens stay text from users, user-defined ones never do`() throws {
    let tokenizer = try Tokenizer(gguf: Self.fields())
    #expect(
      tokenizer.encode("ab<|im_end|><user>", parseSpecial: true, addSpecial: false) == [2, 3, 4])
    #expect(tokenizer.encode("ab<user>", parseSpecial: false, addSpecial: false) == [2, 4])
    #expect(!tokenizer.encode("<|im_end|>", parseSpecial: false, addSpecial: false).contains(3))
    #expect(tokenizer.specialTokens.eos == [3, 5])
  }

  @Test func `where Harmony's tokens are, the end of a message ends no generation`() throws {
    let tokenizer = try Tokenizer(
      gguf: Self.fields {
        $0.tokens.append("<|return|>")
        $0.tokenTypes.append(3)
      })
    #expect(tokenizer.specialTokens.eos == [3, 6])
  }

  @Test func `the beginning of a text is added where the file or its kind says so`() throws {
    let silent = try Tokenizer(gguf: Self.fields())
    #expect(silent.encode("ab", parseSpecial: true, addSpecial: true) == [2])
    let asked = try Tokenizer(gguf: Self.fields { $0.addBOS = true })
    #expect(asked.encode("ab", parseSpecial: true, addSpecial: true) == [3, 2])
    let llama = try Tokenizer(gguf: Self.fields { $0.pre = "llama-bpe" })
    #expect(llama.encode("ab", parseSpecial: true, addSpecial: true) == [3, 2])
    let ends = try Tokenizer(
      gguf: Self.fields {
        $0.addEOS = true
        $0.eos = 5
      })
    #expect(ends.encode("ab", parseSpecial: true, addSpecial: true) == [2, 5])
  }

  @Test func `what a prompt begins or ends with already is not added again`() throws {
    let tokenizer = try Tokenizer(
      gguf: Self.fields {
        $0.addBOS = true
        $0.addEOS = true
        $0.eos = 5
      })
    for text in ["ab", "<|im_end|>ab", "ab<|end|>", "<|im_end|>ab<|end|>"] {
      #expect(try tokenizer.encode(prompt: text) == [3, 2, 5], "\(text)")
    }
    #expect(tokenizer.encode("<|im_end|>", parseSpecial: false, addSpecial: true).first == 3)
    #expect(tokenizer.note(on: [3, 2]) != nil)
    #expect(tokenizer.note(on: [2]) == nil)
  }

  /// SentencePiece's vocabulary with Phi-3's marks, as its converters write it: no flag says that a mark
  /// swallows the blanks behind it.
  static func phi3(name: String?, architecture: String?) throws -> Tokenizer {
    let marks = ["<|user|>", "<|end|>", "<|assistant|>", "<|system|>", "<|im_start|>"]
    var fields = GGUFTokenizerFields(
      model: "llama", tokens: ["<unk>", "<s>", "</s>", "▁", "H", "i", "\n", "▁H"] + marks)
    fields.tokenTypes = [2, 3, 3, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3]
    fields.scores = [0, 0, 0, -3, -2, -2, -2, -1, 0, 0, 0, 0, 0]
    fields.merges = []
    fields.unknown = 0
    fields.name = name
    fields.architecture = architecture
    return try Tokenizer(gguf: fields)
  }

  @Test(
    arguments: [
      ("Phi-3 Mini", "phi3"), ("Phi 3 Mini 4k Instruct", "phi3"), (nil, "phi3"),
      ("phi3-tuned", nil),
      ("My own", "phi3"),
    ] as [(String?, String?)])
  func `Phi-3's marks swallow the blanks behind them`(_ name: String?, _ architecture: String?)
    throws
  {
    let tokenizer = try Self.phi3(name: name, architecture: architecture)
    let tokens = tokenizer.encode(
      "<|user|>\nH<|end|>\n<|assistant|>\n", parseSpecial: true, addSpecial: false)
    #expect(tokens == [8, 7, 9, 10])
    #expect(tokenizer.encode("<s>\n", parseSpecial: true, addSpecial: false) == [1, 3, 6])
  }

  @Test func `other families' marks swallow nothing`() throws {
    let tokenizer = try Self.phi3(name: "Llama", architecture: "llama")
    #expect(tokenizer.encode("<|user|>\n", parseSpecial: true, addSpecial: false) == [8, 3, 6])
  }

  @Test func `a mask swallows the blanks before it where llama.cpp says so`() throws {
    for (name, pre, architecture, text) in [
      (nil, "jina-v2-de", nil, "<mask>"), (nil, "gpt-2", "jina-bert-v3", "<mask>"),
      ("Modern-BERT", "gpt-2", nil, "[MASK]"),
    ] as [(String?, String, String?, String)] {
      let tokenizer = try Tokenizer(
        gguf: Self.fields {
          $0.tokens.append(text)
          $0.tokenTypes.append(3)
          $0.pre = pre
          $0.name = name
          $0.architecture = architecture
        })
      #expect(tokenizer.encode("ab  " + text, parseSpecial: true, addSpecial: false) == [2, 6])
    }
  }

  @Test func `a control token that the file takes for text is one by its spelling`() throws {
    for type: Int32 in [1, 4, 5] {
      let tokenizer = try Tokenizer(gguf: Self.fields { $0.tokenTypes[3] = type })
      #expect(tokenizer.isSpecial(3))
      #expect(!tokenizer.encode("<|im_end|>", parseSpecial: false, addSpecial: false).contains(3))
    }
  }

  @Test func `a chat prompt of Phi-3 has the numbers that llama.cpp gives it`() throws {
    // The published vocabulary's numbers; what no text here needs is filled up.
    var tokens = (0..<32_064).map { "[fill \($0)]" }
    var scores = [Float](repeating: -1e9, count: tokens.count)
    var types = [Int32](repeating: 1, count: tokens.count)
    let control: [Int: String] = [
      0: "<unk>", 1: "<s>", 2: "</s>", 32_000: "<|endoftext|>", 32_001: "<|assistant|>",
      32_006: "<|system|>", 32_007: "<|end|>", 32_010: "<|user|>",
    ]
    for (token, text) in control { (tokens[token], types[token]) = (text, 3) }
    for byte in 0..<256 {
      tokens[3 + byte] = String(decoding: ByteAlphabet.hexSpelling(of: UInt8(byte)), as: UTF8.self)
      types[3 + byte] = 6
    }
    // Every piece of that word that the published file has; what was learnt earlier has the better score.
    let learnt: [(Int, String)] = [
      (379, "▁H"), (940, "▁He"), (6162, "▁Hel"), (19_339, "▁Hell"), (15_043, "▁Hello"),
      (3868, "He"), (7658, "Hel"), (10_994, "Hello"), (295, "el"), (514, "ell"), (3156, "ello"),
      (645, "ll"), (417, "lo"), (29_950, "H"), (29_872, "e"), (29_880, "l"), (29_877, "o"),
    ]
    tokens[29_871] = "▁"
    for (token, text) in learnt { (tokens[token], scores[token]) = (text, Float(259 - token)) }
    var fields = GGUFTokenizerFields(model: "llama", tokens: tokens)
    (fields.scores, fields.tokenTypes) = (scores, types)
    (fields.bos, fields.eos, fields.unknown) = (1, 32_000, 0)
    (fields.name, fields.architecture) = ("Phi3", "phi3")
    let prompt = "<|user|>\nHello<|end|>\n<|assistant|>\n"
    let tokenizer = try Tokenizer(gguf: fields)
    #expect(
      tokenizer.encode(prompt, parseSpecial: true, addSpecial: false)
        == [32_010, 15_043, 32_007, 32_001])
  }

  typealias Change = @Sendable (inout GGUFTokenizerFields) -> Void
  static let contradictions: [(Change, String)] = [
    ({ $0.model = "rwkv" }, "model"), ({ $0.model = "bert" }, "unknown_token_id"),
    ({ $0.pre = "unheard-of" }, "pre"),
    ({ $0.tokens = [] }, "tokens"), ({ $0.tokenTypes = [1] }, "token_type"),
    ({ $0.merges = ["ab"] }, "merges[0]"), ({ $0.merges = ["a b", "b q"] }, "merges[1]"),
    ({ $0.bos = 6 }, "bos_token_id"), ({ $0.eos = -1 }, "eos_token_id"),
    ({ $0.eot = .max }, "eot_token_id"), ({ $0.model = "llama" }, "scores"),
    ({ $0.model = "t5" }, "scores"),
    (
      {
        $0.model = "llama"
        $0.scores = [0, 0, .nan, 0, 0, 0]
      }, "scores"
    ),
  ]

  @Test(arguments: contradictions)
  func `contradictory metadata is refused by its key`(
    _ change: Change, _ key: String
  ) {
    #expect {
      try Tokenizer(gguf: Self.fields(change))
    } throws: { ($0 as? TokenizerError)?.field == "tokenizer.ggml." + key }
  }

  @Test func `every listed split can be read`() throws {
    for entry in GGUFPreTokenizers.all {
      #expect(try entry.steps().count == entry.patterns.count)
    }
    let names = GGUFPreTokenizers.all.flatMap(\.names)
    #expect(Set(names).count == names.count)
  }
}
