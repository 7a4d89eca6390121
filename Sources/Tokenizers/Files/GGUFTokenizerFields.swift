/// The `tokenizer.ggml.*` metadata of a GGUF file, as plain values.
///
/// Whoever reads the file fills this in, so that this room needs no GGUF reader. Every field is as the file
/// has it; nothing is checked yet.
package struct GGUFTokenizerFields: Sendable {
  /// `gpt2` (byte-level BPE), `gemma4` (BPE over characters), `llama` (SentencePiece BPE), `t5` (unigram) or `bert`.
  package var model: String
  /// How text is split: `llama-bpe`, `qwen2`, … Nil or `default` is llama.cpp's own default.
  package var pre: String?
  /// Spellings by token.
  package var tokens: [String]
  package var scores: [Float] = []
  /// `left right`, in order of rank.
  package var merges: [String] = []
  /// 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
  package var tokenTypes: [Int32] = []
  package var bos: Token?
  package var eos: Token?
  package var eot: Token?
  package var eom: Token?
  package var unknown: Token?
  package var pad: Token?
  package var separator: Token?
  package var addBOS: Bool?
  package var addEOS: Bool?
  package var addSpacePrefix: Bool?
  /// Of a unigram vocabulary: whether of several blanks one stays, and SentencePiece's compiled normalisation.
  package var removeExtraWhitespaces: Bool?
  package var precompiledCharsmap: [UInt8] = []
  /// Of BERT's: whether text is made lower case, and accents go.
  package var lowercases: Bool?
  package var stripsAccents: Bool?
  /// `general.name` and `general.architecture`: flags of tokens follow from them (``GGUFTokenRules``).
  package var name: String?
  package var architecture: String?
  package var chatTemplate: String?

  package init(model: String, tokens: [String]) {
    self.model = model
    self.tokens = tokens
  }
}
