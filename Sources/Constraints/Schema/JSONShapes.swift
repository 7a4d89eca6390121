/// The parts that all JSON has: blanks, strings, numbers, and values of any kind.
///
/// Blanks are few, so that nothing is drawn out without end: none, one space, or a line's end with an indentation.
///
/// - Standard: RFC 8259.
struct JSONShapes {
  let blank: Int32
  /// After a colon: none or one space.
  let space: Int32
  /// One character within quotes.
  let character: Int32
  let string: Int32
  let integer: Int32
  let number: Int32
  let value: Int32
  let object: Int32
  let array: Int32

  /// Spaces of an indentation.
  private static let indentation = 24
  /// Digits of a whole number, of a fraction, and of an exponent.
  static let wholeDigits = 15
  static let fractionDigits = 15

  init(_ grammar: inout Grammar) throws(ConstraintError) {
    blank = try grammar.rule()
    space = try grammar.rule()
    character = try grammar.rule()
    string = try grammar.rule()
    integer = try grammar.rule()
    number = try grammar.rule()
    value = try grammar.rule()
    object = try grammar.rule()
    array = try grammar.rule()
    try writeBlanks(&grammar)
    try writeStrings(&grammar)
    try writeNumbers(&grammar)
    try writeValues(&grammar)
  }

  private func writeBlanks(_ grammar: inout Grammar) throws(ConstraintError) {
    for rule in [blank, space] {
      grammar.jump(grammar.start(of: rule), grammar.end(of: rule))
      grammar.take(0x20, 0x20, grammar.start(of: rule), grammar.end(of: rule))
    }
    let end = grammar.end(of: blank)
    var state = try grammar.spell("\n", from: grammar.start(of: blank))
    grammar.jump(state, end)
    for _ in 0..<Self.indentation {
      state = try grammar.spell(" ", from: state)
      grammar.jump(state, end)
    }
  }

  private func writeStrings(_ grammar: inout Grammar) throws(ConstraintError) {
    let from = grammar.start(of: character)
    let to = grammar.end(of: character)
    try grammar.write(Grammar.escaped.complement, .quoted, from: from, to: to)
    let escape = try grammar.spell("\\", from: from)
    for byte in "\"\\/bfnrt".utf8 { grammar.take(byte, byte, escape, to) }
    let code = try grammar.spell("u", from: escape)
    func hex(_ from: Int32, _ to: Int32) {
      grammar.take(0x30, 0x39, from, to)
      grammar.take(0x41, 0x46, from, to)
      grammar.take(0x61, 0x66, from, to)
    }
    let second = try grammar.state()
    let third = try grammar.state()
    let last = try grammar.state()
    let surrogate = try grammar.state()
    for byte in "0123456789abcefABCEF".utf8 { grammar.take(byte, byte, code, second) }
    for byte in "dD".utf8 { grammar.take(byte, byte, code, surrogate) }
    grammar.take(0x30, 0x37, surrogate, third)
    hex(second, third)
    hex(third, last)
    hex(last, to)
    // The two halves of a character beyond U+FFFF come together.
    let high = try grammar.state()
    for byte in "89abAB".utf8 { grammar.take(byte, byte, surrogate, high) }
    let highLast = try grammar.state()
    let behind = try grammar.state()
    hex(high, highLast)
    hex(highLast, behind)
    let low = try grammar.state()
    let lowCode = try grammar.spell("\\u", from: behind)
    for byte in "dD".utf8 { grammar.take(byte, byte, lowCode, low) }
    for byte in "cdefCDEF".utf8 { grammar.take(byte, byte, low, third) }

    let inside = try grammar.spell("\"", from: grammar.start(of: string))
    grammar.call(character, inside, inside)
    grammar.take(0x22, 0x22, inside, grammar.end(of: string))
  }

  private func writeNumbers(_ grammar: inout Grammar) throws(ConstraintError) {
    func whole(_ grammar: inout Grammar, _ rule: Int32, digits: Int) throws(ConstraintError)
      -> Int32
    {
      let begin = try grammar.state()
      let end = try grammar.state()
      grammar.jump(grammar.start(of: rule), begin)
      grammar.take(0x2D, 0x2D, grammar.start(of: rule), begin)
      grammar.take(0x30, 0x30, begin, end)
      var state = try grammar.state()
      grammar.take(0x31, 0x39, begin, state)
      grammar.jump(state, end)
      for _ in 1..<digits {
        let next = try grammar.state()
        grammar.take(0x30, 0x39, state, next)
        grammar.jump(next, end)
        state = next
      }
      return end
    }
    grammar.jump(
      try whole(&grammar, integer, digits: Self.wholeDigits), grammar.end(of: integer))
    let end = grammar.end(of: number)
    let wholeEnd = try whole(&grammar, number, digits: Self.wholeDigits)
    let fractionEnd = try grammar.state()
    grammar.jump(wholeEnd, fractionEnd)
    var state = try grammar.spell(".", from: wholeEnd)
    for _ in 0..<Self.fractionDigits {
      let next = try grammar.state()
      grammar.take(0x30, 0x39, state, next)
      grammar.jump(next, fractionEnd)
      state = next
    }
    grammar.jump(fractionEnd, end)
    let exponent = try grammar.state()
    for byte in "eE".utf8 { grammar.take(byte, byte, fractionEnd, exponent) }
    let digits = try grammar.state()
    grammar.jump(exponent, digits)
    for byte in "+-".utf8 { grammar.take(byte, byte, exponent, digits) }
    let one = try grammar.state()
    grammar.take(0x30, 0x39, digits, one)
    grammar.jump(one, end)
    grammar.take(0x30, 0x39, one, end)
  }

  private func writeValues(_ grammar: inout Grammar) throws(ConstraintError) {
    for rule in [string, number, object, array] {
      grammar.call(rule, grammar.start(of: value), grammar.end(of: value))
    }
    try grammar.choose(
      ["true", "false", "null"].map { Array($0.utf8) }, grammar.start(of: value),
      grammar.end(of: value))
    let list = try writeList(&grammar, array, "[", "]")
    grammar.call(value, list.first, list.last)
    let members = try writeList(&grammar, object, "{", "}")
    let key = try grammar.call(string, from: members.first)
    let colon = try grammar.spell(":", from: key)
    let spaced = try grammar.call(space, from: colon)
    grammar.call(value, spaced, members.last)
  }

  /// A list of any length: what stands between `first` and `last` is repeated.
  private func writeList(
    _ grammar: inout Grammar, _ rule: Int32, _ open: String, _ close: String
  ) throws(ConstraintError) -> (first: Int32, last: Int32) {
    let inside = try grammar.call(blank, from: grammar.spell(open, from: grammar.start(of: rule)))
    try grammar.spell(close, from: inside, to: grammar.end(of: rule))
    let first = try grammar.state()
    let last = try grammar.state()
    grammar.jump(inside, first)
    let comma = try grammar.spell(",", from: last)
    grammar.call(blank, comma, first)
    let behind = try grammar.call(blank, from: last)
    try grammar.spell(close, from: behind, to: grammar.end(of: rule))
    return (first, last)
  }
}
