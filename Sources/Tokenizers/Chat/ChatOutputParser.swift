/// Sorts a generation into answer, thought and function calls, token by token.
///
/// One value a generation.
package struct ChatOutputParser: Sendable {
  /// How the model writes.
  enum Mode: Sendable {
    case plain(TextDecoder)
    case harmony(HarmonyOutput)
  }

  private var mode: Mode
  /// Whether a function was called: the answer's `finish_reason` is then `tool_calls`.
  package private(set) var sawToolCall = false

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
    }
  }
}
