/// The tokens with a meaning beyond their text, as far as the model's files name them.
package struct SpecialTokens: Sendable, Equatable {
  /// Begins a text.
  package var bos: Token?
  /// Every token that ends a generation: end of text, end of turn, end of message.
  package var eos: Set<Token> = []
  /// Whether the files name every end, so that none is added by its text.
  var namesAllEnds = false
  /// The one end-of-text token that the files name first; templates spell it as `eos_token`.
  package var primaryEOS: Token?
  /// Fills up batches; never generated.
  package var pad: Token?
  /// Stands for what the vocabulary cannot spell.
  package var unknown: Token?

  package init() {}

  /// Texts by which published models mark the end of a turn or of a text.
  ///
  /// Files often name only one of several ends (a base model's end of text beside a chat model's end of
  /// turn). A control token with one of these texts ends a generation, whether it is named or not.
  private static let knownEnds = [
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<end_of_turn>",
    "<|return|>", "<|call|>", "<|eot|>", "<|end_of_turn|>", "<|end|>", "</s>", "<|flush|>",
    "<|calls|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<end_of_utterance>", "<eos>", "<turn|>",
    "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[",
  ]

  /// The control tokens with one of those texts.
  static func knownEnds(among tokens: [AddedToken]) -> [Token] {
    // In Harmony, and in Solar's like, `<|end|>` ends one message of several; elsewhere it ends the turn.
    let isHarmony = tokens.contains { ["<|return|>", "<|flush|>"].contains($0.text) }
    let texts = knownEnds.filter { !isHarmony || $0 != "<|end|>" }
    return tokens.filter { $0.special && texts.contains($0.text) }.map(\.token)
  }
}
