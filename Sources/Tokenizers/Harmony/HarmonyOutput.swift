/// Harmony messages as the parts of one OpenAI answer.
///
/// `analysis` is the thought, a message to `functions.…` a call, everything else the answer. Text outside of
/// any message, which a well trained model never writes, counts as answer rather than vanish.
struct HarmonyOutput: Sendable {
  private enum Kind {
    case content, reasoning, call
  }

  private var parser: HarmonyParser
  private var kind = Kind.content
  private var calls = 0

  /// Whether the last token was a part of the answer's text.
  private(set) var isInAnswer = false

  init(_ parser: HarmonyParser) { self.parser = parser }

  mutating func append(_ token: Token) -> ChatDelta {
    let wasInMessage = parser.header != nil
    let delta = delta(of: parser.append(token))
    isInAnswer = wasInMessage && parser.header != nil && kind == .content
    return delta
  }

  mutating func finish() -> ChatDelta { delta(of: parser.finish()) }

  private mutating func delta(of event: HarmonyParser.Event) -> ChatDelta {
    var delta = ChatDelta()
    switch event {
    case .nothing: break
    case .broken(let text): delta.content = text
    case .began(let header):
      kind = Self.kind(of: header)
      if kind == .call {
        let name = header.recipient ?? ""
        let short = name.hasPrefix("functions.") ? String(name.dropFirst(10)) : name
        delta.toolCalls = [ToolCallDelta(index: calls, name: short, arguments: "")]
        calls += 1
      }
    case .content(let text), .ended(let text):
      if text.isEmpty { break }
      switch kind {
      case .content: delta.content = text
      case .reasoning: delta.reasoning = text
      case .call:
        delta.toolCalls = [ToolCallDelta(index: calls - 1, name: nil, arguments: text)]
      }
    }
    return delta
  }

  private static func kind(of header: HarmonyHeader) -> Kind {
    let people = ["user", "assistant", "all"]
    if let recipient = header.recipient, !people.contains(recipient) { return .call }
    return header.channel == "analysis" ? .reasoning : .content
  }
}
