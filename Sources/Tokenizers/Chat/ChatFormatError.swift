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
