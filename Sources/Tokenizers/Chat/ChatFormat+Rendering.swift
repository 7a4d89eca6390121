/// Prompts out of messages.
extension ChatFormat {
  /// Renders a conversation.
  ///
  /// - Throws: `ChatFormatError` if there is no format, or the format refuses these messages.
  package func render(
    _ messages: [ChatMessage], options: ChatOptions = ChatOptions()
  ) throws(ChatFormatError) -> RenderedPrompt {
    switch kind {
    case .none(let family): throw .noTemplate(family: family)
    case .harmony(let tokens):
      var renderer = HarmonyRenderer(tokenizer, tokens, parseSpecial: options.parseSpecial)
      let next = options.addGenerationPrompt ? "assistant" : nil
      let conversation = try HarmonyConversation.messages(messages, options)
      renderer.render(conversation, next: next, dropAnalysis: false)
      return renderer.prompt
    case .template(let template, let control):
      return try TemplatePrompt(template, control, tokenizer, messages, options).render()
    }
  }
}
