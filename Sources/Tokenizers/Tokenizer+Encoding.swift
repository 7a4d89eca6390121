import Patterns

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
    var budget = PatternBudget.unbounded
    // Without a bound nothing is given up.
    let tokens = try? encode(text, parseSpecial: parseSpecial, keepingAsText: kept, &budget)
    return addSpecial ? around(tokens ?? []) : tokens ?? []
  }

  /// Encodes a text from outside: as the other does, or not at all if a pattern of the tokenizer's files needs
  /// more steps than a text of that length should.
  ///
  /// - Throws: `TokenizerError` with the pattern.
  package func encode(
    bounded text: String, parseSpecial: Bool, addSpecial: Bool,
    keepingAsText kept: [Range<Int>] = []
  ) throws(TokenizerError) -> [Token] {
    var budget = PatternBudget(bytes: text.utf8.count)
    let tokens = try encode(text, parseSpecial: parseSpecial, keepingAsText: kept, &budget)
    return addSpecial ? around(tokens) : tokens
  }

  /// The tokens with what the model expects around a text.
  package func around(_ tokens: [Token]) -> [Token] {
    postProcessor.before + tokens + postProcessor.after
  }

  private func encode(
    _ text: String, parseSpecial: Bool, keepingAsText kept: [Range<Int>],
    _ budget: inout PatternBudget
  ) throws(TokenizerError) -> [Token] {
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
        try encode(
          bytes[range], parseSpecial: parseSpecial, keepingAsText: inner,
          atStart: range.lowerBound == 0, into: &tokens, &budget)
      }
    }
    return tokens
  }

  /// Encodes the text of a prompt: control tokens by their spelling, and what the model expects around it.
  ///
  /// What the text begins or ends with already is not added again: two beginnings of a text are none that a
  /// model has seen.
  ///
  /// - Throws: `TokenizerError` with a pattern that needs more steps than a text of that length should.
  package func encode(prompt text: String) throws(TokenizerError) -> [Token] {
    postProcessor.around(try encode(bounded: text, parseSpecial: true, addSpecial: false))
  }

  /// What to tell whoever encodes a text with special tokens around it, or nil.
  ///
  /// - Parameter tokens: what the text became, without special tokens around it.
  package func note(on tokens: [Token]) -> String? {
    let starts = postProcessor.startsTwice(tokens)
    guard starts || postProcessor.endsTwice(tokens) else { return nil }
    let token = starts ? postProcessor.before.first : postProcessor.after.first
    return
      "the text \(starts ? "begins" : "ends") with \(token.map { piece($0) } ?? "a special token"), "
      + "so there are two; a prompt gets one"
  }

  /// Whether the first character of a stretch has a part in its normalised text: HF's library takes only a piece
  /// that begins where the text does for the first.
  private func keepsStart(
    of stretch: ArraySlice<UInt8>, _ budget: inout PatternBudget
  ) throws(TokenizerError) -> Bool {
    guard normalizer != nil else { return true }
    let end =
      stretch.isEmpty ? stretch.endIndex : BytePairModel.characterEnd(stretch, stretch.startIndex)
    return try !normalized(stretch[stretch.startIndex..<end], &budget).isEmpty || stretch.isEmpty
  }

  /// Encodes a stretch without raw added tokens.
  private func encode(
    _ stretch: ArraySlice<UInt8>, parseSpecial: Bool, keepingAsText kept: [Range<Int>],
    atStart: Bool, into tokens: inout [Token], _ budget: inout PatternBudget
  ) throws(TokenizerError) {
    let bytes = try normalized(stretch, &budget)
    let keepsStart = try keepsStart(of: stretch, &budget)
    // Normalising moves bytes, so there a stretch with text to keep spells no control token at all.
    let parts = normalizedMatcher.parts(
      of: bytes, parseSpecial: parseSpecial && (kept.isEmpty || normalizer == nil),
      keepingAsText: normalizer == nil ? kept : [])
    for part in parts {
      switch part {
      case .token(let token): tokens.append(token)
      case .text(let range):
        let first = atStart && range.lowerBound == 0 && keepsStart
        try encodePieces(of: bytes[range], atStart: first, into: &tokens, &budget)
      }
    }
  }

  private func normalized(
    _ stretch: ArraySlice<UInt8>, _ budget: inout PatternBudget
  ) throws(TokenizerError) -> [UInt8] {
    guard let normalizer else { return Array(stretch) }
    do {
      return Array(
        try normalizer.apply(to: String(decoding: stretch, as: UTF8.self), &budget).utf8)
    } catch { throw TokenizerError(error) }
  }

  /// Encodes a text piece by piece, of which only a few are in memory at a time where the splitting allows it.
  private func encodePieces(
    of text: ArraySlice<UInt8>, atStart: Bool, into tokens: inout [Token],
    _ budget: inout PatternBudget
  ) throws(TokenizerError) {
    guard let preTokenizer else {
      return try encode([text], into: &tokens, budget)
    }
    var rest = text
    while !rest.isEmpty {
      let window = preTokenizer.window(of: rest)
      let pieces: [ArraySlice<UInt8>]
      do {
        pieces = try preTokenizer.apply(
          to: [rest[..<window]], atStart: atStart && rest.startIndex == text.startIndex, &budget)
      } catch { throw TokenizerError(error) }
      try encode(pieces, into: &tokens, budget)
      rest = rest[window...]
    }
  }

  private func encode(
    _ pieces: [ArraySlice<UInt8>], into tokens: inout [Token], _ budget: PatternBudget
  ) throws(TokenizerError) {
    for (index, piece) in pieces.enumerated() {
      model.encode(piece, vocabulary, into: &tokens) { budget.isGivenUp }
      if index % 256 == 0, budget.isGivenUp { throw .givenUp }
    }
    if budget.isGivenUp { throw .givenUp }
  }
}
