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

  typealias Change = @Sendable (inout GGUFTokenizerFields) -> Void
  static let contradictions: [(Change, String)] = [
    ({ $0.model = "bert" }, "model"), ({ $0.pre = "unheard-of" }, "pre"),
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
