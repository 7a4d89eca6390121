/// Text to tokens.
extension Tokenizer {
  /// Encodes a text.
  ///
  /// - Parameters:
  ///   - parseSpecial: Cuts special tokens out of the text by their spelling, as prompts made of templates
  ///     need it. Off, their spelling is ordinary text, as text from users should be taken.
  ///   - addSpecial: Adds what the model expects around a text, such as the beginning-of-text token, also
  ///     to a text that spells it itself, as the original libraries do; `encode(prompt:)` does not.
  ///   - kept: Bytes of the text, in order and apart, that are text whatever they spell.
  package func encode(
    _ text: String, parseSpecial: Bool, addSpecial: Bool, keepingAsText kept: [Range<Int>] = []
  ) -> [Token] {
    var tokens: [Token] = []
    let bytes = Array(text.utf8)
    var rest = kept[...]
    for part in rawMatcher.parts(of: bytes, parseSpecial: parseSpecial, keepingAsText: kept) {
      switch part {
      case .token(let token): tokens.append(token)
      case .text(let range):
        rest = rest.drop { $0.upperBound <= range.lowerBound }
        let inner = rest.prefix { $0.lowerBound < range.upperBound }.map { kept in
          let kept = kept.clamped(to: range)
          return (kept.lowerBound - range.lowerBound)..<(kept.upperBound - range.lowerBound)
        }
        encode(
          bytes[range], parseSpecial: parseSpecial, keepingAsText: inner,
          atStart: range.lowerBound == 0, into: &tokens)
      }
    }
    return addSpecial ? postProcessor.before + tokens + postProcessor.after : tokens
  }

  /// Encodes the text of a prompt: control tokens by their spelling, and what the model expects around it.
  ///
  /// What the text begins or ends with already is not added again: two beginnings of a text are none that a
  /// model has seen.
  package func encode(prompt text: String) -> [Token] {
    postProcessor.around(encode(text, parseSpecial: true, addSpecial: false))
  }

  /// What to tell whoever encodes a text with special tokens around it, or nil.
  package func note(on text: String, parseSpecial: Bool) -> String? {
    let tokens = encode(text, parseSpecial: parseSpecial, addSpecial: false)
    let starts = postProcessor.startsTwice(tokens)
    guard starts || postProcessor.endsTwice(tokens) else { return nil }
    let token = starts ? postProcessor.before.first : postProcessor.after.first
    return
      "the text \(starts ? "begins" : "ends") with \(token.map { piece($0) } ?? "a special token"), "
      + "so there are two; a prompt gets one"
  }

  /// Encodes a stretch without raw added tokens.
  private func encode(
    _ stretch: ArraySlice<UInt8>, parseSpecial: Bool, keepingAsText kept: [Range<Int>],
    atStart: Bool, into tokens: inout [Token]
  ) {
    let bytes =
      normalizer.map { Array($0.apply(to: String(decoding: stretch, as: UTF8.self)).utf8) }
      ?? Array(stretch)
    // Normalising moves bytes, so there a stretch with text to keep spells no control token at all.
    let parts = normalizedMatcher.parts(
      of: bytes, parseSpecial: parseSpecial && (kept.isEmpty || normalizer == nil),
      keepingAsText: normalizer == nil ? kept : [])
    for part in parts {
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
