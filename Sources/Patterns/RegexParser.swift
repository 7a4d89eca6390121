/// Reads a pattern into its tree, or names the part it does not know.
struct RegexParser {
  /// Deeper groups are refused.
  private static let depthLimit = 32
  /// `{n,m}` beyond this is refused, since repetitions are written out.
  private static let countLimit = 1024

  /// More repetitions of one part, one behind the other, are refused: each is a level of the tree.
  private static let repetitionLimit = 4
  /// Longer patterns are refused.
  private static let sizeLimit = 1 << 16

  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var depth = 0
  private var anyCase = false

  init(_ pattern: String) { scalars = Array(pattern.unicodeScalars.prefix(Self.sizeLimit + 1)) }

  mutating func parse() throws(RegularExpression.Refusal) -> RegexNode {
    guard scalars.count <= Self.sizeLimit else { throw refusal(from: Self.sizeLimit) }
    if take("(?i)") { anyCase = true }
    let tree = try choice()
    guard position == scalars.count else { throw refusal() }
    return tree
  }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private func refusal(from start: Int? = nil) -> RegularExpression.Refusal {
    let start = start ?? position
    var part = String.UnicodeScalarView()
    part.append(contentsOf: scalars.dropFirst(start).prefix(12))
    return .init(offset: start, part: part.isEmpty ? "the end of the pattern" : String(part))
  }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars.dropFirst(position).starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  private mutating func choice() throws(RegularExpression.Refusal) -> RegexNode {
    var choices = [try sequence()]
    while take("|") { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private mutating func sequence() throws(RegularExpression.Refusal) -> RegexNode {
    var parts: [RegexNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      let start = position
      parts.append(try repetition(of: try atom(), from: start))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func repetition(
    of node: RegexNode, from start: Int
  ) throws(RegularExpression.Refusal) -> RegexNode {
    var node = node
    var repetitions = 0
    while let bounds = try bounds() {
      repetitions += 1
      guard repetitions <= Self.repetitionLimit else { throw refusal(from: start) }
      // In Oniguruma `{n,m}+` repeats the repetition; only `?+`, `*+` and `++` are possessive.
      let possessive = !bounds.counted && take("+")
      let greed: RegexNode.Greed = possessive ? .possessive : take("?") ? .lazy : .greedy
      // Taking nothing for ever is no match; such patterns have no published use.
      if bounds.most == RegexNode.unbounded, node.mayBeEmpty { throw refusal(from: start) }
      node = .repeated(node, least: bounds.least, most: bounds.most, greed)
    }
    return node
  }

  private mutating func bounds() throws(RegularExpression.Refusal) -> (
    least: Int, most: Int, counted: Bool
  )? {
    if take("*") { return (0, RegexNode.unbounded, false) }
    if take("+") { return (1, RegexNode.unbounded, false) }
    if take("?") { return (0, 1, false) }
    let start = position
    guard take("{") else { return nil }
    let least = count()
    let open = take(",")
    let most = open ? count() : least
    guard take("}"), let low = least ?? (open ? 0 : nil) else { throw refusal(from: start) }
    let high = most ?? RegexNode.unbounded
    guard low <= high, low <= Self.countLimit,
      high <= Self.countLimit || high == RegexNode.unbounded
    else { throw refusal(from: start) }
    return (low, high, true)
  }

  private mutating func count() -> Int? {
    var value: Int?
    while let scalar = next, let digit = Int(String(scalar)), scalar.isASCII {
      value = min((value ?? 0) * 10 + digit, 1 << 20)
      position += 1
    }
    return value
  }

  private mutating func atom() throws(RegularExpression.Refusal) -> RegexNode {
    let start = position
    guard let scalar = next else { throw refusal() }
    position += 1
    switch scalar {
    case "(": return try group(from: start)
    case "[": return .set(try bracket(from: start))
    case ".": return .set(ScalarSet(items: [.range(10...10)], negated: true))
    case "^": return .textStart
    case "$": return .textEnd
    case "\\" where take("b"): return Self.boundary(negated: false)
    case "\\" where take("B"): return Self.boundary(negated: true)
    case "\\": return .set(ScalarSet(items: [try escape(from: start)]).with(case: anyCase))
    case "*", "+", "?": throw refusal(from: start)
    default: return .set(.literal(scalar, anyCase: anyCase))
    }
  }

  /// `\b`: a word on one side of the place, and none on the other; `\B`: the same on both.
  private static func boundary(negated: Bool) -> RegexNode {
    func side(ahead: Bool, word: Bool) -> RegexNode {
      .look(.set(ScalarSet(items: [.word])), ahead: ahead, negated: !word)
    }
    return .choice(
      [true, false].map { word in
        .sequence([side(ahead: false, word: word), side(ahead: true, word: word == negated)])
      })
  }

  private mutating func group(from start: Int) throws(RegularExpression.Refusal) -> RegexNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw refusal(from: start) }
    let outerCase = anyCase
    defer { anyCase = outerCase }
    var wrap: (RegexNode) -> RegexNode = { $0 }
    if take("?:") {
    } else if take("?i:") {
      anyCase = true
    } else if take("?=") {
      wrap = { .look($0, ahead: true, negated: false) }
    } else if take("?!") {
      wrap = { .look($0, ahead: true, negated: true) }
    } else if take("?<=") {
      wrap = { .look($0, ahead: false, negated: false) }
    } else if take("?<!") {
      wrap = { .look($0, ahead: false, negated: true) }
    } else if take("?>") {
      wrap = { .atomic($0) }
    } else if next == "?" {
      throw refusal(from: start)
    }
    let body = try choice()
    guard take(")") else { throw refusal(from: start) }
    let node = wrap(body)
    if case .look(let body, false, _) = node, body.width == nil { throw refusal(from: start) }
    return node
  }

  /// What follows a backslash, in or out of brackets.
  private mutating func escape(
    from start: Int
  ) throws(RegularExpression.Refusal) -> ScalarSet.Item {
    guard let scalar = next else { throw refusal(from: start) }
    position += 1
    switch scalar {
    case "s": return .classes(.space)
    case "S": return .not(ScalarSet(items: [.classes(.space)]))
    case "d": return .categories([.decimalNumber])
    case "D": return .not(ScalarSet(items: [.categories([.decimalNumber])]))
    case "w": return .word
    case "W": return .not(ScalarSet(items: [.word]))
    case "n": return .range(10...10)
    case "r": return .range(13...13)
    case "t": return .range(9...9)
    case "f": return .range(12...12)
    case "v": return .range(11...11)
    case "p", "P": return try property(from: start, negated: scalar == "P")
    case "u", "x": return try code(from: start, digits: scalar == "u" ? 4 : 2)
    default:
      // Letters and digits would be classes or references that are not known here.
      guard scalar.isASCII, !scalar.properties.isAlphabetic, Int(String(scalar)) == nil else {
        throw refusal(from: start)
      }
      return .range(scalar.value...scalar.value)
    }
  }

  private mutating func property(
    from start: Int, negated: Bool
  ) throws(RegularExpression.Refusal) -> ScalarSet.Item {
    var name = ""
    if take("{") {
      while let scalar = next, scalar != "}" {
        name.unicodeScalars.append(scalar)
        position += 1
      }
      guard take("}") else { throw refusal(from: start) }
    } else if let scalar = next {
      name = String(scalar)
      position += 1
    }
    let inverted = name.hasPrefix("^")
    guard let item = ScalarSet.property(inverted ? String(name.dropFirst()) : name) else {
      throw refusal(from: start)
    }
    return negated != inverted ? .not(ScalarSet(items: [item])) : item
  }

  private mutating func code(
    from start: Int, digits: Int
  ) throws(RegularExpression.Refusal) -> ScalarSet.Item {
    let braced = take("{")
    var text = ""
    while let scalar = next, Character(scalar).isHexDigit, text.count < (braced ? 6 : digits) {
      text.unicodeScalars.append(scalar)
      position += 1
    }
    guard let value = UInt32(text, radix: 16), !braced || take("}"), braced || text.count == digits
    else { throw refusal(from: start) }
    return .range(value...value)
  }

  private mutating func bracket(from start: Int) throws(RegularExpression.Refusal) -> ScalarSet {
    var set = ScalarSet()
    set.negated = take("^")
    var first = true
    while first || next != "]" {
      first = false
      guard next != nil, next != "[", !take("&&") else { throw refusal(from: start) }
      let item = try bracketItem(from: start)
      let dash = next == "-" && position + 1 < scalars.count && scalars[position + 1] != "]"
      guard dash, case .range(let low) = item else {
        set.items.append(item)
        continue
      }
      position += 1
      guard case .range(let high) = try bracketItem(from: start),
        low.lowerBound <= high.upperBound
      else { throw refusal(from: start) }
      set.items.append(.range(low.lowerBound...high.upperBound))
    }
    position += 1
    return set.with(case: anyCase)
  }

  private mutating func bracketItem(
    from start: Int
  ) throws(RegularExpression.Refusal) -> ScalarSet.Item {
    guard let scalar = next else { throw refusal(from: start) }
    let place = position
    position += 1
    return scalar == "\\" ? try escape(from: place) : .range(scalar.value...scalar.value)
  }
}

extension ScalarSet {
  fileprivate func with(case anyCase: Bool) -> ScalarSet {
    guard anyCase else { return self }
    var set = self
    set.addOtherCases()
    return set
  }
}
