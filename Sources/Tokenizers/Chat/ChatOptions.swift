package import JSON

/// What besides the messages decides a prompt.
package struct ChatOptions: Sendable, Equatable {
  /// Ends the prompt where the assistant begins to speak.
  package var addGenerationPrompt: Bool
  /// Functions the model may call, each in OpenAI's form: `{"type": "function", "function": {…}}`.
  package var tools: [JSONValue]
  /// `low`, `medium` or `high`, for models that know the difference.
  package var reasoningEffort: String?
  /// The time that templates may print, in seconds since 1970 (UTC).
  ///
  /// Time is an argument: without it a
  /// template that asks for the date is refused, and Harmony leaves the date out.
  package var time: Int64?
  /// Lets text of messages become control tokens by spelling them.
  ///
  /// Off, what people and tools wrote stays text, whatever it spells.
  package var parseSpecial: Bool
  /// Further variables of the template, such as `enable_thinking`.
  package var variables: [String: JSONValue]
  /// Ends the prompt within the last message, so that the answer goes on with it.
  package var continuesFinalMessage = false

  package init(
    addGenerationPrompt: Bool = true, tools: [JSONValue] = [], reasoningEffort: String? = nil,
    time: Int64? = nil, parseSpecial: Bool = false, variables: [String: JSONValue] = [:]
  ) {
    self.addGenerationPrompt = addGenerationPrompt
    self.tools = tools
    self.reasoningEffort = reasoningEffort
    self.time = time
    self.parseSpecial = parseSpecial
    self.variables = variables
  }
}

/// A conversation as one model wants to read it.
package struct RenderedPrompt: Sendable, Equatable {
  package var text: String
  package var tokens: [Token]
}
