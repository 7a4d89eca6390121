import Templates
import JSON

/// OpenAI chat messages as a Harmony conversation.
enum HarmonyConversation {
  /// Maps messages and options.
  ///
  /// The system message is Harmony's own. Messages of `system` and `developer` at the beginning become the
  /// instructions of one developer message; thoughts stay only while no answer has followed them.
  ///
  /// - Throws: `ChatFormatError` for a role without a place, or a tool's message that answers no call.
  static func messages(
    _ chat: [ChatMessage], _ options: ChatOptions
  ) throws(ChatFormatError) -> [HarmonyMessage] {
    var messages = [HarmonyMessage(HarmonyHeader(role: "system"), .system(try system(options)))]
    let leading = chat.prefix { isInstruction($0) }
    let instructions = leading.map(\.content).joined(separator: "\n\n")
    let tools = options.tools.compactMap { HarmonyTool($0) }
    if !leading.isEmpty || !tools.isEmpty {
      let developer = HarmonyDeveloper(
        instructions: leading.isEmpty ? nil : instructions,
        tools: tools.isEmpty ? [] : [HarmonyToolNamespace(name: "functions", tools: tools)])
      messages.append(HarmonyMessage(HarmonyHeader(role: "developer"), .developer(developer)))
    }
    let lastAnswer = chat.lastIndex { $0.role == "assistant" && $0.toolCalls.isEmpty } ?? -1
    var called: [ToolCall] = []
    for (index, message) in chat.enumerated().dropFirst(leading.count) {
      switch message.role {
      case "system", "developer":
        let developer = HarmonyDeveloper(instructions: message.content)
        messages.append(HarmonyMessage(HarmonyHeader(role: "developer"), .developer(developer)))
      case "user": messages.append(HarmonyMessage(role: "user", text: message.content))
      case "assistant":
        let isEnd = index == chat.count - 1 && !options.addGenerationPrompt
        messages += assistant(message, thinks: index > lastAnswer || isEnd)
        called += message.toolCalls
      case "tool": messages.append(try tool(message, called, index))
      default: throw .unknownRole(message.role, message: index)
      }
    }
    return messages
  }

  private static func isInstruction(_ message: ChatMessage) -> Bool {
    message.role == "system" || message.role == "developer"
  }

  private static func system(_ options: ChatOptions) throws(ChatFormatError) -> HarmonySystem {
    var system = HarmonySystem()
    if let time = options.time {
      system.date = CalendarTime(secondsSince1970: time).text("%Y-%m-%d")
    }
    if let effort = options.reasoningEffort {
      guard ["low", "medium", "high"].contains(effort) else { throw .unknownEffort(effort) }
      system.effort = effort
    }
    if case .string(let identity) = options.variables["model_identity"] {
      system.identity = identity
    }
    return system
  }

  private static func assistant(_ message: ChatMessage, thinks: Bool) -> [HarmonyMessage] {
    var messages: [HarmonyMessage] = []
    if thinks, let reasoning = message.reasoning, !reasoning.isEmpty {
      messages.append(HarmonyMessage(role: "assistant", text: reasoning, channel: "analysis"))
    }
    if message.toolCalls.isEmpty {
      return messages + [
        HarmonyMessage(role: "assistant", text: message.content, channel: "final")
      ]
    }
    if !message.content.isEmpty {
      // What an assistant says before it calls is a preamble, not the answer.
      messages.append(
        HarmonyMessage(role: "assistant", text: message.content, channel: "commentary"))
    }
    for call in message.toolCalls {
      let header = HarmonyHeader(
        role: "assistant", recipient: "functions." + call.name, channel: "commentary",
        contentType: "<|constrain|>json")
      messages.append(HarmonyMessage(header, .text(call.arguments)))
    }
    return messages
  }

  private static func tool(
    _ message: ChatMessage, _ called: [ToolCall], _ index: Int
  ) throws(ChatFormatError) -> HarmonyMessage {
    let call = called.last { $0.id == message.toolCallID }
    guard let name = call?.name ?? message.name ?? called.last?.name else {
      throw .answerWithoutCall(message: index)
    }
    let header = HarmonyHeader(
      role: "tool", name: "functions." + name, recipient: "assistant", channel: "commentary")
    return HarmonyMessage(header, .text(message.content))
  }
}
