internal import Tokenizers

extension Tokenizer {
  /// The tokens of a request's text, or a refusal if its tokenizer cannot take it.
  ///
  /// - Parameters:
  ///   - field: what the refusal names.
  ///   - isWhole: whether the text is a prompt, with what the model expects around it.
  func tokens(
    of text: String, field: String, isWhole: Bool = true, parseSpecial: Bool = true
  ) throws(Refusal) -> [Token] {
    do {
      if isWhole { return try encode(prompt: text) }
      return try encode(bounded: text, parseSpecial: parseSpecial, addSpecial: false)
    } catch {
      throw .outOfRange(
        field: field, found: "a text that takes \(error.found)", allowed: error.expected)
    }
  }
}
