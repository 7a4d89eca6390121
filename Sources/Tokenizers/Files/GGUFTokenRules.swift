/// What GGUF metadata does not say about tokens, and llama.cpp therefore takes from names.
///
/// A token's flags (swallow blanks on the left or right) are not in the file, and some converters type control
/// tokens as ordinary text. These are llama.cpp's rules for both, but for one: the tokens of Harmony stay control
/// tokens, since text of users must not be able to spell them.
///
/// - Source: `src/llama-vocab.cpp` of llama.cpp, `llama_vocab::impl::load`.
struct GGUFTokenRules {
  let fields: GGUFTokenizerFields
  /// Gemma 4, in which `</s>` is an ordinary token.
  private let endIsText: Bool

  init(_ fields: GGUFTokenizerFields) {
    self.fields = fields
    let mark = "<|tool_response>"
    endIsText = fields.tokens.contains { $0.utf8.count == mark.utf8.count && $0 == mark }
  }

  /// Texts that are control tokens, whatever the file types them: ends of texts and turns, and the marks of
  /// filling in the middle.
  private static let control: Set<String> = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
    "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
    "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
    "<｜end▁of▁sentence｜>", "[e~[",
    "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>",
    "<|code_prefix|>", "<|prefix|>", "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",
    "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>", "<|fim_middle|>",
    "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>",
    "<|middle|>", "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>",
    "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
  ]

  private static let longestControl = control.map(\.utf8.count).max() ?? 0
  private static let controlEnds = Array(Set(control.compactMap(\.utf8.last)))

  /// Whether a text is one of those; by its length and end for nearly all of a vocabulary, since hashing all of it takes as
  /// long as a tenth of a load.
  private static func isControl(_ text: String) -> Bool {
    let bytes = text.utf8
    guard bytes.count <= longestControl, let end = bytes.last, controlEnds.contains(end) else {
      return false
    }
    return control.contains(text)
  }

  /// The type of a token: as the file says, or control by its text.
  func type(of index: Int) -> Int32 {
    let given = fields.tokenTypes.indices.contains(index) ? fields.tokenTypes[index] : 1
    guard given != 3, Self.isControl(fields.tokens[index]) else { return given }
    return endIsText && fields.tokens[index] == "</s>" ? given : 3
  }

  /// Tokens that are cut out of the text first: unknown (2), control (3) and user-defined (4) ones.
  func addedTokens() -> [AddedToken] {
    fields.tokens.indices.compactMap { index in
      let type = type(of: index)
      guard let token = Token(exactly: index), (2...4).contains(type) else { return nil }
      var added = AddedToken(token: token, text: fields.tokens[index], special: type != 4)
      added.stripsLeft = stripsLeft(added.text)
      added.stripsRight = stripsRight(added.text)
      return added
    }
  }

  private func stripsLeft(_ text: String) -> Bool {
    let pre = fields.pre ?? ""
    let architecture = fields.architecture ?? ""
    let masks =
      ["jina-v2-de", "jina-v2-es", "jina-v2-code"].contains { pre.contains($0) }
      || ["nomic-bert-moe", "jina-bert-v3"].contains { architecture.contains($0) }
    if masks { return text == "<mask>" }
    return text == "[MASK]" && lowercaseName.contains("modern-bert")
  }

  /// Phi-3 swallows what stands behind its marks: every chat prompt depends on it.
  ///
  /// llama.cpp knows the model by its name alone. Newer converters write "Phi 3", and whoever tunes a model
  /// names it anew, so here the published marks count in every vocabulary of that architecture that is
  /// SentencePiece's (Phi-4 has the architecture, and another vocabulary without the flag).
  private func stripsRight(_ text: String) -> Bool {
    if ["<unk>", "<s>", "<|endoftext|>"].contains(text) { return false }
    if ["phi-3", "phi3"].contains(where: { lowercaseName.contains($0) }) { return true }
    guard fields.architecture == "phi3", fields.model == "llama" else { return false }
    let marks = ["</s>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>"]
    return marks.contains(text) || text.hasPrefix("<|placeholder")
  }

  private var lowercaseName: String { (fields.name ?? "").lowercased() }
}
