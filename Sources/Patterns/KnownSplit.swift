/// The splitting expressions that nearly every published byte-level vocabulary uses.
///
/// They are written out by hand because every byte of every prompt passes here; `pattern` is the expression
/// they stand for, by which they are recognised in a file and against which they are tested.
package enum KnownSplit: Sendable, Equatable, CaseIterable {
  case gpt2, llama3, qwen2, qwen35, o200k
  /// The same as llama.cpp has them: contractions are ASCII, and so are the cases of letters (`gpt4o`), which
  /// leaves marks out.
  case llama3ASCII, qwen2ASCII, qwen35ASCII, gpt4o
  /// Groups of three digits from the end of a run; the one or two before them go with what stands before the run.
  case digitGroups

  private static let anyCase = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
  /// Contractions in ASCII letters of both cases.
  package static let contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"

  /// The expression as files spell it.
  package var pattern: String {
    let contractions = foldsLongS ? Self.anyCase : Self.contractions
    let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    switch self {
    case .gpt2:
      return #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case .llama3, .llama3ASCII, .qwen2, .qwen2ASCII:
      return contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + (digits == 3 ? "{1,3}" : "")
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*"# + spaces
    case .qwen35, .qwen35ASCII:
      return contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"#
        + #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"# + spaces
    case .digitGroups: return #"\P{N}*\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))"#
    case .gpt4o:
      let upper = #"(?:(?![a-z])\p{L})"#
      let lower = #"(?:(?![A-Z])\p{L})"#
      let lead = #"[^\r\n\p{L}\p{N}]?"#
      return lead + upper + "*" + lower + "+" + contractions + "?|" + lead + upper + "+" + lower
        + "*" + contractions + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces
    case .o200k:
      let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
      let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
      let lead = #"[^\r\n\p{L}\p{N}]?"#
      return lead + upper + "*" + lower + "+" + contractions + "?|" + lead + upper + "+" + lower
        + "*" + contractions + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces
    }
  }

  /// Whether contractions are of any case by Unicode's folding, under which U+017F is an `s`.
  private var foldsLongS: Bool {
    switch self {
    case .llama3ASCII, .qwen2ASCII, .qwen35ASCII, .gpt4o: false
    default: true
    }
  }

  /// How many digits stand together at most.
  private var digits: Int {
    switch self {
    case .llama3, .llama3ASCII, .o200k, .gpt4o: 3
    default: 1
    }
  }

  /// What words are made of.
  private var word: ScalarClass {
    switch self {
    case .qwen35, .qwen35ASCII: [.letter, .mark]
    default: .letter
    }
  }

  /// The split with this expression; grouping and escapes must be as published.
  package init?(pattern: String) {
    guard let known = Self.allCases.first(where: { $0.pattern == pattern }) else { return nil }
    self = known
  }

  /// The pieces of a text.
  ///
  /// These expressions leave no gap, but for groups of digits: what no digits follow is none of them.
  package func matches(in text: ScalarText) -> [Range<Int>] {
    if self == .digitGroups { return Self.digitGroups(text) }
    var found: [Range<Int>] = []
    var start = 0
    while start < text.count {
      let end = max(self.end(from: start, in: text), start + 1)
      found.append(start..<end)
      start = end
    }
    return found
  }

  private static func digitGroups(_ text: ScalarText) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var start = 0
    while true {
      let digits = text.skipLacking(start, .number)
      let end = text.skip(digits, .number)
      guard digits < end else { return found }
      let beyond = (end - digits) % 3
      for last in stride(from: digits + (beyond > 0 ? beyond : 3), through: end, by: 3) {
        found.append(start..<last)
        start = last
      }
    }
  }

  func end(from start: Int, in text: ScalarText) -> Int {
    switch self {
    case .gpt2: Self.gpt2End(start, text)
    case .o200k: casedEnd(start, text, Self.high, Self.low)
    case .gpt4o: casedEnd(start, text, .letter, .letter)
    default: plainEnd(start, text)
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

  private func plainEnd(_ start: Int, _ text: ScalarText) -> Int {
    if let end = contraction(start, text) { return end }
    let word = word
    if text.has(start, word) { return text.skip(start, word) }
    if text.lacks(start, [.lineEnd, .letter, .number]), text.has(start + 1, word) {
      return text.skip(start + 1, word)
    }
    return rest(start, text) { text.has($0, .lineEnd) }
  }

  /// Upper case then lower case, with a leading other character and a trailing contraction.
  private func casedEnd(
    _ start: Int, _ text: ScalarText, _ high: ScalarClass, _ low: ScalarClass
  ) -> Int {
    // The leading character is optional: with it first, and without it if that finds no word.
    let lead = text.lacks(start, [.lineEnd, .letter, .number])
    let end =
      (lead ? endingLow(start + 1, text, high, low) : nil) ?? endingLow(start, text, high, low)
      ?? (lead ? endingHigh(start + 1, text, high, low) : nil)
      ?? endingHigh(start, text, high, low)
    if let end { return contraction(end, text) ?? end }
    return rest(start, text) { text.has($0, .lineEnd) || text.isAt($0, "/") }
  }

  private static let high: ScalarClass = [.upper, .uncased, .mark]
  private static let low: ScalarClass = [.lower, .uncased, .mark]

  /// Whether a letter of these classes stands here; in ASCII also of the case.
  private func has(
    _ index: Int, _ text: ScalarText, _ classes: ScalarClass, otherThan cased: ClosedRange<UInt32>
  ) -> Bool {
    text.has(index, classes) && (self == .o200k || !cased.contains(text.scalars[index]))
  }

  private static let lowerASCII: ClosedRange<UInt32> = 0x61...0x7A
  private static let upperASCII: ClosedRange<UInt32> = 0x41...0x5A

  private func skipHigh(_ start: Int, _ text: ScalarText, _ high: ScalarClass) -> Int {
    var end = start
    while has(end, text, high, otherThan: Self.lowerASCII) { end += 1 }
    return end
  }

  private func skipLow(_ start: Int, _ text: ScalarText, _ low: ScalarClass) -> Int {
    var end = start
    while has(end, text, low, otherThan: Self.upperASCII) { end += 1 }
    return end
  }

  /// `high* low+`: the first run gives back what the second needs to begin.
  private func endingLow(
    _ start: Int, _ text: ScalarText, _ high: ScalarClass, _ low: ScalarClass
  ) -> Int? {
    var middle = skipHigh(start, text, high)
    while middle >= start, !has(middle, text, low, otherThan: Self.upperASCII) { middle -= 1 }
    return middle >= start ? skipLow(middle, text, low) : nil
  }

  /// `high+ low*`: after a first part that is lower case in nothing, so that no lower case follows but
  /// what `high` takes too.
  private func endingHigh(
    _ start: Int, _ text: ScalarText, _ high: ScalarClass, _ low: ScalarClass
  ) -> Int? {
    let end = skipHigh(start, text, high)
    return end > start ? skipLow(end, text, low) : nil
  }

  /// Digits, punctuation and blanks, which the newer expressions share.
  private func rest(_ start: Int, _ text: ScalarText, _ trails: (Int) -> Bool) -> Int {
    if text.has(start, .number) {
      var end = start
      while end - start < digits, text.has(end, .number) { end += 1 }
      return end
    }
    let others = word.union([.space, .number])
    let mark = text.isAt(start, " ") ? start + 1 : start
    if text.lacks(mark, others) {
      var end = text.skipLacking(mark, others)
      while trails(end) { end += 1 }
      return end
    }
    let end = text.skip(start, .space)
    // `\s*[\r\n]+`: up to the last line end of the run.
    var line = end
    while line > start, !text.has(line - 1, .lineEnd) { line -= 1 }
    return line > start ? line : Self.blanks(start, text)
  }

  /// `\s+(?!\S)|\s+`: a run of blanks leaves its last one to a word that follows.
  private static func blanks(_ start: Int, _ text: ScalarText) -> Int {
    let end = text.skip(start, .space)
    return end < text.count && end - start > 1 ? end - 1 : end
  }

  /// The end of a contraction of any case.
  private func contraction(_ start: Int, _ text: ScalarText) -> Int? {
    Self.contraction(start, text, anyCase: true, foldsLongS: foldsLongS)
  }

  /// The end of a contraction: `'s|'t|'re|'ve|'m|'ll|'d`.
  private static func contraction(
    _ start: Int, _ text: ScalarText, anyCase: Bool, foldsLongS: Bool = false
  ) -> Int? {
    func letter(_ index: Int) -> Unicode.Scalar? {
      guard let value = text.scalar(index) else { return nil }
      if foldsLongS, value == 0x17F { return "s" }
      return Unicode.Scalar(anyCase && upperASCII.contains(value) ? value + 0x20 : value)
    }
    guard text.isAt(start, "'"), let first = letter(start + 1) else { return nil }
    switch first {
    case "s", "t", "m", "d": return start + 2
    case "r", "v": return letter(start + 2) == "e" ? start + 3 : nil
    case "l": return letter(start + 2) == "l" ? start + 3 : nil
    default: return nil
    }
  }
}
