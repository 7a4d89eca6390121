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
    case .harmony: throw .noTemplate(family: "gpt_oss")
    case .template: throw .noTemplate(family: "")
    }
  }
}
