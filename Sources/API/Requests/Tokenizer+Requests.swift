internal import Engine
internal import Tokenizers

extension LoadedModel {
  /// The tokens of a prompt's text, or a refusal if it cannot fit the context or its tokenizer cannot take it.
  ///
  /// - Parameter field: what the refusal names.
  func tokens(
    ofPrompt text: String, field: String, isWhole: Bool = true
  ) throws(Refusal) -> [Token] {
    let least = tokenizer.leastTokens(of: text)
    guard least <= info.contextLength else {
      throw .promptTooLong(
        bytes: text.utf8.count, leastTokens: least, contextLength: info.contextLength)
    }
    return try tokenizer.tokens(of: text, field: field, isWhole: isWhole)
  }
}

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
