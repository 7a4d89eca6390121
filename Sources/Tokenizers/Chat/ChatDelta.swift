/// What one more token adds to the assistant's message.
package struct ChatDelta: Sendable, Equatable {
  /// Text of the answer.
  package var content = ""
  /// Text of the thought before the answer (`reasoning_content`).
  package var reasoning = ""
  package var toolCalls: [ToolCallDelta] = []

  package init() {}

  package var isEmpty: Bool { content.isEmpty && reasoning.isEmpty && toolCalls.isEmpty }
}

/// What one more token adds to a function call.
package struct ToolCallDelta: Sendable, Equatable {
  /// Which call of the message, from 0.
  package var index: Int
  /// Present in the first delta of a call.
  package var name: String?
  /// The next part of the arguments' JSON text.
  package var arguments: String

  package init(index: Int, name: String? = nil, arguments: String) {
    self.index = index
    self.name = name
    self.arguments = arguments
  }
}
