import Templates

/// Why a conversation cannot become a prompt.
///
/// Never answered by another format in silence.
package enum ChatFormatError: Error, Equatable, Sendable {
  /// The model came without a chat template, and its family (given) has none of its own.
  case noTemplate(family: String)
  /// The template uses something that is not known here.
  case unreadable(line: Int, expected: String, found: String)
  /// The template itself refuses the conversation, in its own words.
  case raised(String)
  /// The template did something impossible with these messages.
  case failed(line: Int, reason: String)
  /// A message's role has no place in the format.
  case unknownRole(String, message: Int)
  /// A tool's message answers no call that was made.
  case answerWithoutCall(message: Int)
  /// The effort is none of `low`, `medium` and `high`.
  case unknownEffort(String)
  /// The template prints nothing of a message.
  case unseen(message: Int, role: String)
  /// The template prints none of the tools.
  case unseenTools
  /// A message (or a tool, or a variable) spells a control token where the template looks for it.
  case controlText(message: Int?)
  /// Whatever tokens a prompt of so many bytes becomes, they are more than were allowed.
  case tooLong(bytes: Int, leastTokens: Int)
  /// The prompt cannot be encoded.
  case tokenizer(TokenizerError)
  /// A special token that the format needs is missing from the vocabulary.
  case missingToken(String)
}

extension ChatFormatError {
  init(_ error: TemplateError) {
    self =
      switch error {
      case .unreadable(let line, let expected, let found):
        .unreadable(line: line, expected: expected, found: found)
      case .raised(let words): .raised(words)
      case .failed(let line, let reason): .failed(line: line, reason: reason)
      }
  }
}
