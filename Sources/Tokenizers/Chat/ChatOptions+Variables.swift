import JSON
import OrderedCollections

/// A conversation as templates look for it.
extension ChatOptions {
  /// The names under which published templates look for a conversation.
  func templateVariables(
    _ messages: [ChatMessage], _ tokenizer: Tokenizer
  ) -> OrderedDictionary<String, JSONValue> {
    var variables: OrderedDictionary<String, JSONValue> = [
      "messages": .array(messages.map(Self.json)),
      "tools": tools.isEmpty ? .null : .array(tools),
      "documents": .null,
      "add_generation_prompt": .bool(addGenerationPrompt),
    ]
    let special = tokenizer.specialTokens
    let named = [
      ("bos_token", special.bos), ("eos_token", special.primaryEOS), ("pad_token", special.pad),
      ("unk_token", special.unknown),
    ]
    for (name, token) in named {
      if let token { variables[name] = .string(tokenizer.piece(token)) }
    }
    if let effort = reasoningEffort { variables["reasoning_effort"] = .string(effort) }
    for (name, value) in self.variables { variables[name] = value }
    return variables
  }

  private static func json(_ message: ChatMessage) -> JSONValue {
    var members: OrderedDictionary<String, JSONValue> = [
      "role": .string(message.role), "content": .string(message.content),
    ]
    if let name = message.name { members["name"] = .string(name) }
    if let reasoning = message.reasoning {
      // Two names are in use: the first by most families, the second by gpt-oss.
      members["reasoning_content"] = .string(reasoning)
      members["thinking"] = .string(reasoning)
    }
    if !message.toolCalls.isEmpty {
      members["tool_calls"] = .array(message.toolCalls.map(Self.json))
    }
    if let id = message.toolCallID { members["tool_call_id"] = .string(id) }
    return .object(members)
  }

  private static func json(_ call: ToolCall) -> JSONValue {
    // Templates print arguments by `tojson`, so they get the value and not its text.
    let parsed = try? JSONValue(parsing: Array(call.arguments.utf8))
    let arguments: JSONValue =
      if case .object = parsed { parsed ?? .null } else { .string(call.arguments) }
    return .object([
      "id": .string(call.id), "type": .string("function"),
      "function": .object(["name": .string(call.name), "arguments": arguments]),
    ])
  }
}
