internal import Tokenizers

/// The text of one answer, sorted out of its tokens: what is shown, and what the conversation remembers.
struct ChatAnswer {
  private var parser: ChatOutputParser?
  /// The answer alone, without the thought before it.
  private(set) var text = ""
  private var isThinking = false

  init(_ parser: ChatOutputParser?) { self.parser = parser }

  /// What a token adds to what is shown; a thought stands in brackets before the answer.
  mutating func append(_ token: Token, text: String) -> String {
    guard var parser else { return append(text) }
    let delta = parser.append(token)
    self.parser = parser
    return append(delta)
  }

  /// Text that belongs to no new token; where the model writes channels its tokens have told it already.
  mutating func append(_ text: String) -> String {
    guard parser == nil else { return "" }
    self.text += text
    return text
  }

  mutating func finish() -> String {
    guard var parser else { return "" }
    let shown = append(parser.finish()) + (isThinking ? "]" : "")
    self.parser = parser
    isThinking = false
    return shown
  }

  private mutating func append(_ delta: ChatDelta) -> String {
    var shown = ""
    if !delta.reasoning.isEmpty {
      shown += (isThinking ? "" : "[") + delta.reasoning
      isThinking = true
    }
    if !delta.content.isEmpty {
      if isThinking { shown += "]\n" }
      isThinking = false
      text += delta.content
      shown += delta.content
    }
    return shown
  }
}
