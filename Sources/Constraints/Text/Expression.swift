/// A regular expression as a tree: what can be followed without looking back or ahead.
indirect enum Expression: Sendable, Equatable {
  case scalars(ScalarRanges)
  case sequence([Expression])
  case choice([Expression])
  /// A part some number of times; `most` is nil for no bound.
  case repeated(Expression, least: Int, most: Int?)
  /// `^` and `$`, which fit only at the ends of the text.
  case textStart
  case textEnd
}

/// Reads regular expressions as ECMAScript and Python write them, as far as both mean the same.
struct ExpressionParser {
  private var cursor: NotationCursor
  private var depth = 0
  private static let depthLimit = 64
  private static let lengthLimit = 1 << 16
  private static let countLimit = 1 << 16

  /// - Throws: `ConstraintError` with what is not understood.
  static func parse(_ text: String) throws(ConstraintError) -> Expression {
    guard text.utf8.count <= lengthLimit else {
      throw ConstraintError(
        found: "a pattern of \(text.utf8.count) bytes", reason: "at most \(lengthLimit) are read")
    }
    var parser = ExpressionParser(cursor: NotationCursor(text))
    let expression = try parser.choice()
    guard parser.next == nil else {
      throw parser.refusal("a closing parenthesis that was not opened")
    }
    return expression
  }

  private init(cursor: NotationCursor) { self.cursor = cursor }

  private var next: Unicode.Scalar? { cursor.next }
  private var position: Int {
    get { cursor.position }
    set { cursor.position = newValue }
  }

  private func refusal(_ reason: String, from start: Int? = nil) -> ConstraintError {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: cursor.scalars.prefix(200))
    return ConstraintError(
      found: "\"\(String(text))\"",
      reason: "the pattern has \(reason) at character \((start ?? position) + 1)")
  }

  private mutating func take(_ text: String) -> Bool { cursor.take(text) }

  // MARK: Structure

  private mutating func choice() throws(ConstraintError) -> Expression {
    var parts = [try sequence()]
    while take("|") { parts.append(try sequence()) }
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence() throws(ConstraintError) -> Expression {
    var parts: [Expression] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      let part = try atom()
      parts.append(try quantified(part))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func quantified(_ atom: Expression) throws(ConstraintError) -> Expression {
    let start = position
    guard let (least, most) = try quantifier() else { return atom }
    // Lazy ones fit the same texts.
    if !take("?"), take("+") { throw refusal("a possessive quantifier", from: start) }
    if try quantifier() != nil { throw refusal("two quantifiers in a row", from: start) }
    return .repeated(atom, least: least, most: most)
  }

  private mutating func quantifier() throws(ConstraintError) -> (Int, Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    let start = position
    guard take("{") else { return nil }
    guard let least = try count() else {
      // A brace that counts nothing stands for itself.
      position = start
      return nil
    }
    let isOpen = take(",")
    let most = isOpen ? try count() : least
    guard take("}") else {
      position = start
      return nil
    }
    if let most, most < least { throw refusal("counts in the wrong order", from: start) }
    return (least, most)
  }

  private mutating func count() throws(ConstraintError) -> Int? {
    let value = cursor.number(atMost: Self.countLimit)
    guard value ?? 0 <= Self.countLimit else {
      throw refusal("a count of more than \(Self.countLimit)")
    }
    return value
  }

  private mutating func atom() throws(ConstraintError) -> Expression {
    let start = position
    guard let scalar = next else { return .sequence([]) }
    position += 1
    switch scalar {
    case "(": return try group(from: start)
    case "[": return .scalars(try bracket(from: start))
    case ".": return .scalars(ScalarClasses.lineEnds.complement)
    case "^": return .textStart
    case "$": return .textEnd
    case "\\":
      if take("A") { return .textStart }
      if take("Z") || take("z") { return .textEnd }
      return .scalars(try escape(from: start, isExcluded: false))
    case "*", "+", "?": throw refusal("a quantifier behind nothing", from: start)
    default: return .scalars(ScalarRanges(scalar))
    }
  }

  private mutating func group(from start: Int) throws(ConstraintError) -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw refusal("more than \(Self.depthLimit) groups within each other", from: start)
    }
    if take("?") {
      if take("=") || take("!") || take("<=") || take("<!") {
        throw refusal("a look ahead or behind, which can't be followed", from: start)
      }
      if take("<") || take("P<") {
        while let scalar = next, scalar != ">" {
          guard scalar.properties.isAlphabetic || scalar == "_" || scalar.isASCII else {
            throw refusal("a group's name that is none", from: start)
          }
          position += 1
        }
        guard take(">") else { throw refusal("a group's name without an end", from: start) }
      } else if !take(":") {
        throw refusal("a kind of group that is not known here", from: start)
      }
    }
    let body = try choice()
    guard take(")") else { throw refusal("a group without an end", from: start) }
    return body
  }

  // MARK: Scalars

  private mutating func bracket(from start: Int) throws(ConstraintError) -> ScalarRanges {
    let isExcluded = take("^")
    var set = ScalarRanges()
    var isFirst = true
    while let scalar = next, isFirst || scalar != "]" {
      // ECMAScript takes `[]` for the empty set, Python for a set with a bracket.
      guard scalar != "]" else { throw refusal("an empty set", from: start) }
      isFirst = false
      let low = try bracketItem(isExcluded)
      guard cursor.isInRange else {
        set = set.union(low)
        continue
      }
      position += 1
      let high = try bracketItem(isExcluded)
      guard let first = low.single, let last = high.single, first <= last else {
        throw refusal("a range that is none", from: start)
      }
      set = set.union(ScalarRanges([first...last]))
    }
    guard take("]") else { throw refusal("a set without an end", from: start) }
    return isExcluded ? set.complement : set
  }

  private mutating func bracketItem(_ isExcluded: Bool) throws(ConstraintError) -> ScalarRanges {
    let start = position
    guard let scalar = next else { throw refusal("a set without an end") }
    position += 1
    guard scalar == "\\" else { return ScalarRanges(scalar) }
    if take("b") { return ScalarRanges("\u{8}") }
    return try escape(from: start, isExcluded: isExcluded)
  }

  /// What follows a backslash.
  ///
  /// - Parameter isExcluded: whether what is read will be taken away, so that the wide classes are wanted.
  private mutating func escape(
    from start: Int, isExcluded: Bool
  ) throws(ConstraintError) -> ScalarRanges {
    guard let scalar = next else { throw refusal("a backslash at its end", from: start) }
    position += 1
    func set(_ narrow: ScalarRanges, _ wide: ScalarRanges, negated: Bool) -> ScalarRanges {
      (isExcluded != negated ? wide : narrow).complemented(negated)
    }
    switch scalar {
    case "d", "D":
      return set(.init([0x30...0x39]), ScalarClasses.wideDigits, negated: scalar == "D")
    case "w", "W": return set(ScalarClasses.word, ScalarClasses.wideWord, negated: scalar == "W")
    case "s", "S": return set(ScalarClasses.space, ScalarClasses.wideSpace, negated: scalar == "S")
    case "n": return ScalarRanges("\n")
    case "r": return ScalarRanges("\r")
    case "t": return ScalarRanges("\t")
    case "f": return ScalarRanges("\u{c}")
    case "v": return ScalarRanges("\u{b}")
    case "0" where !(next.map { (0x30...0x39).contains($0.value) } ?? false):
      return ScalarRanges("\0")
    case "x": return try code(2, from: start)
    case "u": return try code(4, from: start)
    case "p", "P": return try property(from: start).complemented(scalar == "P")
    case "b", "B": throw refusal("a word boundary, which can't be followed", from: start)
    case "k", "1"..."9":
      throw refusal("a reference to a group, which can't be followed", from: start)
    default:
      guard !scalar.properties.isAlphabetic, !(0x30...0x39).contains(scalar.value) else {
        throw refusal("an escape that is not known here", from: start)
      }
      return ScalarRanges(scalar)
    }
  }

  private mutating func code(_ digits: Int, from start: Int) throws(ConstraintError) -> ScalarRanges
  {
    let isBraced = digits == 4 && take("{")
    let text = cursor.hexadecimal(isBraced ? 6 : digits)
    guard isBraced ? take("}") && !text.isEmpty : text.utf8.count == digits,
      let scalar = UInt32(text, radix: 16).flatMap({ Unicode.Scalar($0) })
    else { throw refusal("a code that is no character", from: start) }
    return ScalarRanges(scalar)
  }

  private mutating func property(from start: Int) throws(ConstraintError) -> ScalarRanges {
    var name = ""
    if take("{") {
      while let scalar = next, scalar != "}", name.utf8.count < 32 {
        name.unicodeScalars.append(scalar)
        position += 1
      }
      guard take("}") else { throw refusal("a property without an end", from: start) }
    } else if let scalar = next {
      name = String(scalar)
      position += 1
    }
    guard let set = ScalarClasses.property(name) else {
      throw refusal("a property that is not known here", from: start)
    }
    return set
  }
}

extension ScalarRanges {
  fileprivate var single: UInt32? {
    guard ranges.count == 1, let range = ranges.first, range.count == 1 else { return nil }
    return range.lowerBound
  }

  fileprivate func complemented(_ negated: Bool) -> ScalarRanges { negated ? complement : self }
}
