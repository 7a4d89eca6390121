/// One message of a conversation, in the terms of the OpenAI chat protocol.
package struct ChatMessage: Sendable, Equatable {
  /// `system`, `developer`, `user`, `assistant` or `tool`; templates decide which they take.
  package var role: String
  package var content: String
  /// Who speaks, or which tool answered.
  package var name: String?
  /// What the assistant thought before this answer (`reasoning_content`).
  package var reasoning: String?
  /// The calls an assistant's message makes.
  package var toolCalls: [ToolCall]
  /// Which call a tool's message answers.
  package var toolCallID: String?

  package init(
    role: String, content: String, name: String? = nil, reasoning: String? = nil,
    toolCalls: [ToolCall] = [], toolCallID: String? = nil
  ) {
    self.role = role
    self.content = content
    self.name = name
    self.reasoning = reasoning
    self.toolCalls = toolCalls
    self.toolCallID = toolCallID
  }
}

/// A function call that an assistant's message makes.
package struct ToolCall: Sendable, Equatable {
  package var id: String
  package var name: String
  /// The arguments as JSON text, as the model wrote them.
  package var arguments: String

  package init(id: String, name: String, arguments: String) {
    self.id = id
    self.name = name
    self.arguments = arguments
  }
}
