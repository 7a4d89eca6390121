internal import Tokenizers

/// Sorts what a run generates into answer, thought and function calls.
///
/// Most formats write plain text, which the engine has already decoded and cut at stop strings. Formats with
/// channels need every token.
struct CompletionText: Sendable {
  private var parser: ChatOutputParser?
  private let tokenizer: Tokenizer
  /// The whole text, as it would be without stop strings.
  private var decoder: TextDecoder
  /// Code points of the answer that the tokens so far make.
  private(set) var length = 0
  private(set) var sawToolCall = false

  /// What a token adds.
  struct Piece {
    var delta: ChatDelta
    /// Where the token's text begins in the answer, in code points; nil where it is no part of the answer.
    var start: Int?
  }

  /// - Parameter parser: of a chat answer; nil for plain text.
  init(_ parser: ChatOutputParser?, _ tokenizer: Tokenizer) {
    self.parser = parser
    self.tokenizer = tokenizer
    decoder = TextDecoder(tokenizer, skipSpecial: true)
  }

  mutating func append(_ token: Token, text: String) -> Piece {
    let start = length
    guard var parser else {
      var delta = ChatDelta()
      delta.content = text
      guard !tokenizer.isSpecial(token) else { return Piece(delta: delta) }
      length += decoder.append(token).unicodeScalars.count
      return Piece(delta: delta, start: start)
    }
    let held = parser.heldLength
    let delta = parser.append(token)
    sawToolCall = parser.sawToolCall
    length += delta.content.unicodeScalars.count
    let isAnswer = parser.isInAnswer
    self.parser = parser
    return Piece(delta: delta, start: isAnswer ? start + held : nil)
  }

  mutating func append(text: String) -> ChatDelta {
    var delta = ChatDelta()
    if parser == nil { delta.content = text }
    return delta
  }

  mutating func finish() -> ChatDelta { parser?.finish() ?? ChatDelta() }
}
