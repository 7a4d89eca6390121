/// Text to tokens.
extension Tokenizer {
  /// Encodes a text.
  ///
  /// - Parameters:
  ///   - parseSpecial: Cuts special tokens out of the text by their spelling, as prompts made of templates
  ///     need it. Off, their spelling is ordinary text, as text from users should be taken.
  ///   - addSpecial: Adds what the model expects around a text, such as the beginning-of-text token.
  package func encode(_ text: String, parseSpecial: Bool, addSpecial: Bool) -> [Token] {
    var tokens: [Token] = addSpecial ? postProcessor.before : []
    let bytes = Array(text.utf8)
    for part in rawMatcher.parts(of: bytes, parseSpecial: parseSpecial) {
      switch part {
      case .token(let token): tokens.append(token)
      case .text(let range):
        let atStart = range.lowerBound == 0
        encode(bytes[range], parseSpecial: parseSpecial, atStart: atStart, into: &tokens)
      }
    }
    return addSpecial ? tokens + postProcessor.after : tokens
  }

  /// Encodes a stretch without raw added tokens.
  private func encode(
    _ stretch: ArraySlice<UInt8>, parseSpecial: Bool, atStart: Bool, into tokens: inout [Token]
  ) {
    let bytes =
      normalizer.map { Array($0.apply(to: String(decoding: stretch, as: UTF8.self)).utf8) }
      ?? Array(stretch)
    for part in normalizedMatcher.parts(of: bytes, parseSpecial: parseSpecial) {
      switch part {
      case .token(let token): tokens.append(token)
      case .text(let range):
        let first = atStart && range.lowerBound == 0
        let pieces = preTokenizer?.apply(to: [bytes[range]], atStart: first) ?? [bytes[range]]
        for piece in pieces { model.encode(piece, vocabulary, into: &tokens) }
      }
    }
  }
}
