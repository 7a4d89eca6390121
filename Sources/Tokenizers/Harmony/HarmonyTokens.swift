/// The control tokens of the Harmony format, by their numbers in one vocabulary.
struct HarmonyTokens: Sendable, Equatable {
  var start: Token
  var message: Token
  var channel: Token
  var constrain: Token
  /// Ends one message.
  var end: Token
  /// Ends a generation: an answer, or a call.
  var done: Token
  var call: Token
  /// Ends any text; a model that writes it has stopped too.
  var endOfText: Token?

  /// - Throws: `ChatFormatError.missingToken` if the vocabulary is not made for Harmony.
  init(_ tokenizer: Tokenizer) throws(ChatFormatError) {
    func find(_ text: String) throws(ChatFormatError) -> Token {
      guard let token = tokenizer.token(spelt: text) else { throw .missingToken(text) }
      return token
    }
    start = try find("<|start|>")
    message = try find("<|message|>")
    channel = try find("<|channel|>")
    constrain = try find("<|constrain|>")
    end = try find("<|end|>")
    done = try find("<|return|>")
    call = try find("<|call|>")
    endOfText = tokenizer.token(spelt: "<|endoftext|>")
  }

  /// What ends a generation; `end` ends one message only.
  var stops: Set<Token> { Set([done, call] + (endOfText.map { [$0] } ?? [])) }
}
