/// The splitting expressions that nearly every published byte-level vocabulary uses.
///
/// They are written out by hand because every byte of every prompt passes here; `pattern` is the expression
/// they stand for, by which they are recognised in a file and against which they are tested.
package enum KnownSplit: Sendable, Equatable, CaseIterable {
  case gpt2, llama3, qwen2, o200k

  /// The expression as files spell it.
  package var pattern: String {
    let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    switch self {
    case .gpt2:
      return #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case .llama3, .qwen2:
      return contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + (self == .llama3 ? "{1,3}" : "")
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*"# + spaces
    case .o200k:
      let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
      let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
      let lead = #"[^\r\n\p{L}\p{N}]?"#
      return lead + upper + "*" + lower + "+" + contractions + "?|" + lead + upper + "+" + lower
        + "*" + contractions + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces
    }
  }

  /// The split with this expression; grouping and escapes must be as published.
  package init?(pattern: String) {
    guard let known = Self.allCases.first(where: { $0.pattern == pattern }) else { return nil }
    self = known
  }

  /// The pieces of a text.
  ///
  /// These expressions leave no gap.
  package func matches(in text: ScalarText) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var start = 0
    while start < text.count {
      let end = max(self.end(from: start, in: text), start + 1)
      found.append(start..<end)
      start = end
    }
    return found
  }

  private func end(from start: Int, in text: ScalarText) -> Int {
    switch self {
    case .gpt2: Self.gpt2End(start, text)
    case .llama3: Self.llama3End(start, text, digits: 3)
    case .qwen2: Self.llama3End(start, text, digits: 1)
    case .o200k: Self.o200kEnd(start, text)
    }
  }

  private static func gpt2End(_ start: Int, _ text: ScalarText) -> Int {
    if let end = contraction(start, text, anyCase: false) { return end }
    let word = text.isAt(start, " ") ? start + 1 : start
    if text.has(word, .letter) { return text.skip(word, .letter) }
    if text.has(word, .number) { return text.skip(word, .number) }
    if text.lacks(word, [.space, .letter, .number]) {
      return text.skipLacking(word, [.space, .letter, .number])
    }
    return blanks(start, text)
  }

  private static func llama3End(_ start: Int, _ text: ScalarText, digits: Int) -> Int {
    if let end = contraction(start, text, anyCase: true) { return end }
    if text.has(start, .letter) { return text.skip(start, .letter) }
    if text.lacks(start, [.lineEnd, .letter, .number]), text.has(start + 1, .letter) {
      return text.skip(start + 1, .letter)
    }
    return rest(start, text, digits: digits) { text.has($0, .lineEnd) }
  }

  /// Upper case then lower case, with a leading other character and a trailing contraction.
  private static func o200kEnd(_ start: Int, _ text: ScalarText) -> Int {
    // The leading character is optional: with it first, and without it if that finds no word.
    let lead = text.lacks(start, [.lineEnd, .letter, .number])
    let end =
      (lead ? endingLow(start + 1, text) : nil) ?? endingLow(start, text)
      ?? (lead ? endingHigh(start + 1, text) : nil) ?? endingHigh(start, text)
    if let end { return contraction(end, text, anyCase: true) ?? end }
    return rest(start, text, digits: 3) { text.has($0, .lineEnd) || text.isAt($0, "/") }
  }

  private static let high: ScalarClass = [.upper, .uncased, .mark]
  private static let low: ScalarClass = [.lower, .uncased, .mark]

  /// `high* low+`: the first run gives back what the second needs to begin.
  private static func endingLow(_ start: Int, _ text: ScalarText) -> Int? {
    var middle = text.skip(start, high)
    while middle >= start, !text.has(middle, low) { middle -= 1 }
    return middle >= start ? text.skip(middle, low) : nil
  }

  /// `high+ low*`, where no lower case follows.
  private static func endingHigh(_ start: Int, _ text: ScalarText) -> Int? {
    let end = text.skip(start, high)
    return end > start ? end : nil
  }

  /// Digits, punctuation and blanks, which the newer expressions share.
  private static func rest(
    _ start: Int, _ text: ScalarText, digits: Int, _ trails: (Int) -> Bool
  ) -> Int {
    if text.has(start, .number) {
      var end = start
      while end - start < digits, text.has(end, .number) { end += 1 }
      return end
    }
    let mark = text.isAt(start, " ") ? start + 1 : start
    if text.lacks(mark, [.space, .letter, .number]) {
      var end = text.skipLacking(mark, [.space, .letter, .number])
      while trails(end) { end += 1 }
      return end
    }
    let end = text.skip(start, .space)
    // `\s*[\r\n]+`: up to the last line end of the run.
    var line = end
    while line > start, !text.has(line - 1, .lineEnd) { line -= 1 }
    return line > start ? line : blanks(start, text)
  }

  /// `\s+(?!\S)|\s+`: a run of blanks leaves its last one to a word that follows.
  private static func blanks(_ start: Int, _ text: ScalarText) -> Int {
    let end = text.skip(start, .space)
    return end < text.count && end - start > 1 ? end - 1 : end
  }

  /// The end of a contraction: `'s|'t|'re|'ve|'m|'ll|'d`.
  private static func contraction(_ start: Int, _ text: ScalarText, anyCase: Bool) -> Int? {
    guard text.isAt(start, "'"), let first = letter(start + 1, text, anyCase) else { return nil }
    switch first {
    case "s", "t", "m", "d": return start + 2
    case "r", "v": return letter(start + 2, text, anyCase) == "e" ? start + 3 : nil
    case "l": return letter(start + 2, text, anyCase) == "l" ? start + 3 : nil
    default: return nil
    }
  }

  /// An ASCII letter, folded if case does not matter; U+017F folds to `s`.
  private static func letter(_ index: Int, _ text: ScalarText, _ anyCase: Bool) -> Unicode.Scalar? {
    guard let value = text.scalar(index) else { return nil }
    if anyCase, value == 0x17F { return "s" }
    let folded = anyCase && (0x41...0x5A).contains(value) ? value + 0x20 : value
    return Unicode.Scalar(folded)
  }
}
