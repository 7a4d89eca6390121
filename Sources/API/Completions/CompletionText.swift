internal import Tokenizers

/// Sorts what a run generates into answer, thought and function calls.
///
/// Most formats write plain text, which the engine has already decoded and cut at stop strings. Formats with
/// channels need every token.
struct CompletionText: Sendable {
  private var parser: ChatOutputParser?
  private(set) var sawToolCall = false

  /// - Parameter chat: the format of a chat answer; nil for plain text.
  init(_ chat: ChatFormat?) {
    parser = chat.flatMap { $0.writesChannels ? $0.makeOutputParser() : nil }
  }

  mutating func append(_ token: Token, text: String) -> ChatDelta {
    guard var parser else {
      var delta = ChatDelta()
      delta.content = text
      return delta
    }
    let delta = parser.append(token)
    sawToolCall = parser.sawToolCall
    self.parser = parser
    return delta
  }

  mutating func append(text: String) -> ChatDelta {
    var delta = ChatDelta()
    if parser == nil { delta.content = text }
    return delta
  }

  mutating func finish() -> ChatDelta { parser?.finish() ?? ChatDelta() }
}
