/// Prompts out of messages.
extension ChatFormat {
  /// Renders a conversation.
  ///
  /// - Parameter limit: tokens beyond which a prompt is of no use; one that surely has more
  ///   is not encoded.
  /// - Throws: `ChatFormatError` if there is no format, or the format refuses these messages.
  package func render(
    _ messages: [ChatMessage], options: ChatOptions = ChatOptions(), atMost limit: Int = .max
  ) throws(ChatFormatError) -> RenderedPrompt {
    switch kind {
    case .none(let family): throw .noTemplate(family: family)
    case .harmony(let tokens):
      var renderer = HarmonyRenderer(tokenizer, tokens, parseSpecial: options.parseSpecial)
      let next = options.addGenerationPrompt ? "assistant" : nil
      let conversation = try HarmonyConversation.messages(messages, options)
      try tokenizer.check(conversation.map(\.content.text), atMost: limit)
      renderer.render(conversation, next: next, dropAnalysis: false)
      return renderer.prompt
    case .template(let template, let control):
      return try TemplatePrompt(template, control, tokenizer, messages, options).render(
        atMost: limit)
    }
  }
}

extension Tokenizer {
  /// Refuses texts that together have more tokens than a limit, whatever they are.
  func check(_ texts: [String], atMost limit: Int) throws(ChatFormatError) {
    guard limit < .max else { return }
    let least = texts.reduce(0) { $0 + leastTokens(of: $1) }
    guard least <= limit else {
      throw .tooLong(bytes: texts.reduce(0) { $0 + $1.utf8.count }, leastTokens: least)
    }
  }
}

extension HarmonyMessage.Content {
  /// What people, tools and the model wrote.
  fileprivate var text: String {
    switch self {
    case .text(let text): text
    case .system: ""
    case .developer(let developer): developer.instructions ?? ""
    }
  }
}
