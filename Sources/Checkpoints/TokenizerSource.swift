/// Where a checkpoint keeps its tokenizer.
package enum TokenizerSource: Sendable, Equatable {
  /// A folder that holds `tokenizer.json` and perhaps `tokenizer_config.json`.
  case directory(String)
  /// Inside the GGUF file.
  case gguf(GGUFTokenizer)
  case none
}

/// A GGUF file's `tokenizer.ggml.*` fields.
package struct GGUFTokenizer: Sendable, Equatable {
  /// `gpt2` is byte-level BPE, `llama` SentencePiece with scores.
  package var model: String
  /// Which rule cuts text into pieces: `smollm`, `llama-bpe`, `qwen2`, `gpt-4o` and so on.
  package var pre: String?
  /// By id; byte-level BPE spells bytes in its 256-character alphabet.
  package var tokens: [String]
  /// One a token, or empty.
  package var scores: [Float]
  /// 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; one a token, or empty.
  package var tokenTypes: [Int]
  /// "a b", by rank.
  package var merges: [String]
  package var beginToken: Int?
  package var endToken: Int?
  package var endOfTurnToken: Int?
  package var endOfMessageToken: Int?
  package var unknownToken: Int?
  package var paddingToken: Int?
  package var separatorToken: Int?
  package var addsBegin: Bool?
  package var addsEnd: Bool?
  package var addsSpacePrefix: Bool?
  /// Of a unigram vocabulary: whether of several blanks one stays, and SentencePiece's compiled normalisation.
  package var removesExtraBlanks: Bool?
  package var charsmap: [UInt8] = []
  /// Of BERT's: whether text is made lower case, and accents go.
  package var lowercases: Bool?
  package var stripsAccents: Bool?
  /// `general.name`: some of llama.cpp's rules for tokens go by it.
  package var modelName: String?
}
