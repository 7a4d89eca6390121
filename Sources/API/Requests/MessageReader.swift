internal import JSON
internal import Tokenizers

/// Reads conversations as the OpenAI chat protocol writes them.
enum MessageReader {
  private static let roles = ["system", "developer", "user", "assistant", "tool"]

  /// The messages of a body; refused where there are none.
  static func messages(_ fields: Fields) throws(Refusal) -> [ChatMessage] {
    guard let list = try fields.objects("messages"), !list.isEmpty else {
      throw .messagesRequired
    }
    var messages: [ChatMessage] = []
    for message in list { messages.append(try Self.message(message)) }
    return messages
  }

  private static func message(_ fields: Fields) throws(Refusal) -> ChatMessage {
    guard let role = try fields.choice("role", roles) else {
      throw .missing(field: fields.name("role"))
    }
    for name in ["audio", "function_call", "refusal"] {
      guard let found = fields[name] else { continue }
      throw .notImplemented(
        field: fields.name(name), found: found.kind,
        reason: "messages have content, reasoning_content and tool_calls")
    }
    let calls = try toolCalls(fields)
    let content = try content(fields)
    guard content != nil || !calls.isEmpty else { throw .missing(field: fields.name("content")) }
    return ChatMessage(
      role: role, content: content ?? "", name: try fields.string("name"),
      reasoning: try fields.string("reasoning_content"), toolCalls: calls,
      toolCallID: try fields.string("tool_call_id"))
  }

  /// A string, or parts of which each is text.
  private static func content(_ fields: Fields) throws(Refusal) -> String? {
    guard let value = fields["content"] else { return nil }
    if let text = value.string { return text }
    guard value.array != nil else {
      throw fields.wrong("content", "a string or an array of text parts", value)
    }
    var text = ""
    for part in try fields.objects("content") ?? [] {
      _ = try part.choice("type", ["text", "input_text"])
      guard let piece = try part.string("text") else { throw .missing(field: part.name("text")) }
      text += piece
    }
    return text
  }

  private static func toolCalls(_ fields: Fields) throws(Refusal) -> [ToolCall] {
    var calls: [ToolCall] = []
    for call in try fields.objects("tool_calls") ?? [] {
      guard let function = try call.object("function") else {
        throw .missing(field: call.name("function"))
      }
      guard let name = try function.string("name") else {
        throw .missing(field: function.name("name"))
      }
      calls.append(
        ToolCall(
          id: try call.string("id") ?? "call_\(calls.count)", name: name,
          arguments: try function.string("arguments") ?? "{}"))
    }
    return calls
  }
}
