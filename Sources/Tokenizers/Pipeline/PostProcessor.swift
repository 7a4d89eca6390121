/// What is put around a text when special tokens are wanted, such as the beginning-of-text token.
struct PostProcessor: Sendable, Equatable {
  var before: [Token] = []
  var after: [Token] = []
}
