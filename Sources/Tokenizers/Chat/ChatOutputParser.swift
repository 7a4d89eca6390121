/// Sorts a generation into answer, thought and function calls, token by token.
///
/// One value a generation.
package struct ChatOutputParser: Sendable {
  /// How the model writes.
  enum Mode: Sendable {
    case plain(TextDecoder)
    case harmony(HarmonyOutput)
    case marked(MarkedText)
  }

  private var mode: Mode
  /// Whether a function was called: the answer's `finish_reason` is then `tool_calls`.
  package private(set) var sawToolCall = false

  /// Whether the last token was a part of the answer's text, and not of a thought, a call or what is around them.
  package var isInAnswer: Bool {
    switch mode {
    case .plain: true
    case .harmony(let output): output.isInAnswer
    case .marked(let text): text.isInAnswer
    }
  }

  /// Code points of the answer that are held back, since they may become something else.
  package var heldLength: Int {
    if case .marked(let text) = mode { text.output.heldLength } else { 0 }
  }

  init(_ mode: Mode) { self.mode = mode }

  /// Takes the next token, the one that ends the generation included.
  package mutating func append(_ token: Token) -> ChatDelta {
    switch mode {
    case .plain(var decoder):
      var delta = ChatDelta()
      delta.content = decoder.append(token)
      mode = .plain(decoder)
      return delta
    case .harmony(var output):
      let delta = output.append(token)
      mode = .harmony(output)
      sawToolCall = sawToolCall || !delta.toolCalls.isEmpty
      return delta
    case .marked(var text):
      let delta = text.append(token)
      mode = .marked(text)
      sawToolCall = sawToolCall || !delta.toolCalls.isEmpty
      return delta
    }
  }

  /// Ends the generation and returns what was held back.
  package mutating func finish() -> ChatDelta {
    switch mode {
    case .plain(var decoder):
      var delta = ChatDelta()
      delta.content = decoder.finish()
      mode = .plain(decoder)
      return delta
    case .harmony(var output):
      let delta = output.finish()
      mode = .harmony(output)
      return delta
    case .marked(var text):
      let delta = text.output.finish()
      mode = .marked(text)
      return delta
    }
  }
}
