/// What is put around a text when special tokens are wanted, such as the beginning-of-text token.
struct PostProcessor: Sendable, Equatable {
  var before: [Token] = []
  var after: [Token] = []

  /// The tokens with these around them, none of them twice.
  func around(_ tokens: [Token]) -> [Token] {
    (startsTwice(tokens) ? [] : before) + tokens + (endsTwice(tokens) ? [] : after)
  }

  /// Whether the text spells what would be put before it.
  func startsTwice(_ tokens: [Token]) -> Bool { !before.isEmpty && tokens.starts(with: before) }

  /// Whether the text spells what would be put after it.
  func endsTwice(_ tokens: [Token]) -> Bool {
    !after.isEmpty && tokens.count >= before.count + after.count
      && tokens.suffix(after.count) == after[...]
  }
}
