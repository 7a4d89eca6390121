/// A text that is cut out of the input as one token before anything else happens.
struct AddedToken: Sendable, Equatable {
  var token: Token
  var text: String
  /// Control tokens, which text from users must not be able to spell.
  var special: Bool
  /// Swallows the blanks before it.
  var stripsLeft = false
  /// Swallows the blanks after it.
  var stripsRight = false
  /// Only where no word character touches it.
  var singleWord = false
  /// Is looked for after normalisation instead of in the raw text.
  var normalized = false
}
