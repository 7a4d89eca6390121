/// Cuts a template into its elements.
///
/// White space follows the settings under which chat templates are published: a line break after a block tag
/// and blanks before one at the start of a line do not count (`trim_blocks`, `lstrip_blocks`), `-` and `+` in a
/// tag overrule that, and one line break at the very end is dropped.
struct JinjaLexer {
  private let source: [Unicode.Scalar]
  private var position = 0
  private var line = 1
  private var tokens: [JinjaToken] = []
  /// Whether the text so far ends a line, so that blanks before a tag are at the start of one.
  private var atLineStart = true
  /// Whether the tag before wants the blanks after it gone.
  private var trimming = Trimming.none

  private enum Trimming {
    case none, lineBreak, all
  }

  private init(_ text: String) {
    // A line break is one scalar, however the file was saved.
    var scalars: [Unicode.Scalar] = []
    for scalar in text.unicodeScalars {
      if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
      scalars.append(scalar)
    }
    source = scalars.last == "\n" ? scalars.dropLast() : scalars
  }

  static func tokens(of text: String) throws(TemplateError) -> [JinjaToken] {
    var lexer = JinjaLexer(text)
    while try lexer.next() {}
    lexer.emit(.end)
    return lexer.tokens
  }

  private mutating func emit(_ kind: JinjaToken.Kind) {
    tokens.append(JinjaToken(kind: kind, line: line))
  }

  private func has(_ text: StaticString, at place: Int) -> Bool {
    var index = place
    for scalar in "\(text)".unicodeScalars {
      guard index < source.count, source[index] == scalar else { return false }
      index += 1
    }
    return true
  }

  private func fault(_ expected: String) -> TemplateError {
    var found = String.UnicodeScalarView()
    found.append(contentsOf: source.dropFirst(position).prefix(16))
    return .unreadable(
      line: line, expected: expected,
      found: found.isEmpty ? "the end of the template" : String(found))
  }

  /// Takes the text up to the next tag, and that tag; false at the end.
  private mutating func next() throws(TemplateError) -> Bool {
    var end = position
    while end < source.count, !(source[end] == "{" && isTag(end + 1)) { end += 1 }
    takeData(upTo: end)
    guard end < source.count else { return false }
    switch source[end + 1] {
    case "{": try output()
    case "%": try block()
    default: try comment()
    }
    return true
  }

  private func isTag(_ place: Int) -> Bool {
    place < source.count && (source[place] == "{" || source[place] == "%" || source[place] == "#")
  }

  /// Emits the text before a tag, without the blanks that the tags around it swallow.
  private mutating func takeData(upTo end: Int) {
    var start = position
    switch trimming {
    case .none: break
    case .lineBreak:
      if start < end, source[start] == "\n" {
        start += 1
        atLineStart = true
      }
    case .all:
      while start < end, source[start].properties.isWhitespace {
        atLineStart = source[start] == "\n"
        start += 1
      }
    }
    trimming = .none
    line += source[position..<start].count { $0 == "\n" }
    let data = source[start..<end]
    let text = String(String.UnicodeScalarView(data[..<keptEnd(data, tag: end)]))
    if !text.isEmpty { emit(.data(text)) }
    line += data.count { $0 == "\n" }
    position = end
  }

  /// Where the text ends that is kept before a tag.
  private func keptEnd(_ data: ArraySlice<Unicode.Scalar>, tag: Int) -> Int {
    guard tag + 2 < source.count else { return data.endIndex }
    var end = data.endIndex
    if source[tag + 2] == "-" {
      while end > data.startIndex, source[end - 1].properties.isWhitespace { end -= 1 }
      return end
    }
    guard source[tag + 1] != "{", source[tag + 2] != "+" else { return end }
    while end > data.startIndex, source[end - 1].properties.isWhitespace, source[end - 1] != "\n" {
      end -= 1
    }
    let startsLine = end > data.startIndex ? source[end - 1] == "\n" : atLineStart
    return startsLine ? end : data.endIndex
  }

  private mutating func skipSign() {
    position += 2
    if position < source.count, source[position] == "-" || source[position] == "+" { position += 1 }
  }

  private mutating func output() throws(TemplateError) {
    emit(.outputBegin)
    skipSign()
    try inside(close: "}}", end: .outputEnd)
    atLineStart = false
  }

  private mutating func block() throws(TemplateError) {
    let start = tokens.count
    emit(.blockBegin)
    skipSign()
    try inside(close: "%}", end: .blockEnd)
    if tokens[(start + 1)...].first?.kind == .name("raw"), tokens.count == start + 3 {
      tokens.removeSubrange(start...)
      try raw()
    }
  }

  private mutating func comment() throws(TemplateError) {
    let opening = position
    position += 2
    while position < source.count, !has("#}", at: position) { position += 1 }
    guard position < source.count else { throw fault("'#}'") }
    line += source[opening..<position].count { $0 == "\n" }
    let sign = source[position - 1]
    position += 2
    trimming = sign == "-" ? .all : sign == "+" ? .none : .lineBreak
    atLineStart = false
  }

  /// The text of a `raw` block, as it stands, up to its end tag.
  private mutating func raw() throws(TemplateError) {
    var end = position
    while end < source.count {
      if has("{%", at: end), let close = endRaw(end) {
        takeData(upTo: end)
        position = close.after
        trimming = close.trimming
        atLineStart = false
        return
      }
      end += 1
    }
    throw fault("'{% endraw %}'")
  }

  private func endRaw(_ start: Int) -> (after: Int, trimming: Trimming)? {
    var place = start + 2
    func skipBlanks() {
      while place < source.count, source[place].properties.isWhitespace { place += 1 }
    }
    if place < source.count, source[place] == "-" || source[place] == "+" { place += 1 }
    skipBlanks()
    guard has("endraw", at: place) else { return nil }
    place += 6
    skipBlanks()
    if has("-%}", at: place) { return (place + 3, .all) }
    return has("%}", at: place) ? (place + 2, .lineBreak) : nil
  }

  /// The elements of a tag up to its closing mark.
  private mutating func inside(
    close: StaticString, end: JinjaToken.Kind
  ) throws(TemplateError) {
    var brackets = 0
    while position < source.count {
      let scalar = source[position]
      let signed = scalar == "-" || scalar == "+"
      if brackets == 0, has(close, at: position) || (signed && has(close, at: position + 1)) {
        position += signed ? 3 : 2
        emit(end)
        trimming = scalar == "-" ? .all : end == .blockEnd && scalar != "+" ? .lineBreak : .none
        atLineStart = false
        return
      }
      if scalar.properties.isWhitespace {
        if scalar == "\n" { line += 1 }
        position += 1
      } else if scalar == "\"" || scalar == "'" {
        try string(scalar)
      } else if isDigit(scalar) {
        try number()
      } else if scalar == "_" || scalar.properties.isXIDStart {
        name()
      } else {
        try symbol(&brackets)
      }
    }
    throw fault("'\(close)'")
  }

  private func isDigit(_ scalar: Unicode.Scalar) -> Bool { (0x30...0x39).contains(scalar.value) }

  private mutating func name() {
    let start = position
    while position < source.count,
      source[position] == "_" || source[position].properties.isXIDContinue
    { position += 1 }
    emit(.name(String(String.UnicodeScalarView(source[start..<position]))))
  }

  private mutating func number() throws(TemplateError) {
    let start = position
    var isFloat = false
    while position < source.count {
      let scalar = source[position]
      let exponentSign =
        (scalar == "-" || scalar == "+") && position > start
        && (source[position - 1] == "e" || source[position - 1] == "E")
      // A dot belongs to the number only if a digit follows.
      let fraction =
        scalar == "." && !isFloat && position + 1 < source.count && isDigit(source[position + 1])
      guard
        isDigit(scalar) || scalar == "_" || scalar == "e" || scalar == "E" || fraction
          || exponentSign
      else { break }
      if fraction || scalar == "e" || scalar == "E" { isFloat = true }
      position += 1
    }
    let digits = source[start..<position].filter { $0 != "_" }
    let text = String(String.UnicodeScalarView(digits))
    if !isFloat, let value = Int(text) {
      emit(.integer(value))
    } else if isFloat, let value = Double(text) {
      emit(.float(value))
    } else {
      throw .unreadable(line: line, expected: "a number", found: text)
    }
  }

  private mutating func string(_ quote: Unicode.Scalar) throws(TemplateError) {
    let startLine = line
    position += 1
    var text = String.UnicodeScalarView()
    while position < source.count, source[position] != quote {
      if source[position] == "\n" { line += 1 }
      if source[position] == "\\", position + 1 < source.count {
        position += 1
        escape(into: &text)
      } else {
        text.append(source[position])
        position += 1
      }
    }
    guard position < source.count else { throw fault("the end of a string") }
    position += 1
    tokens.append(JinjaToken(kind: .string(String(text)), line: startLine))
  }

  /// What follows a backslash, as Python reads it; an unknown escape stays as written.
  private mutating func escape(into text: inout String.UnicodeScalarView) {
    let scalar = source[position]
    position += 1
    switch scalar {
    case "n": text.append("\n")
    case "t": text.append("\t")
    case "r": text.append("\r")
    case "b": text.append("\u{8}")
    case "f": text.append("\u{C}")
    case "v": text.append("\u{B}")
    case "a": text.append("\u{7}")
    case "0": text.append("\0")
    case "\\", "'", "\"": text.append(scalar)
    case "\n": break
    case "x", "u", "U":
      let digits = scalar == "x" ? 2 : scalar == "u" ? 4 : 8
      let code = source[position...].prefix(digits)
      let spelt = String(String.UnicodeScalarView(code))
      if code.count == digits, let value = UInt32(spelt, radix: 16),
        let decoded = Unicode.Scalar(value)
      {
        text.append(decoded)
        position += digits
      } else {
        text.append(contentsOf: ["\\", scalar])
      }
    default: text.append(contentsOf: ["\\", scalar])
    }
  }

  private static let pairs = ["**", "//", "==", "!=", "<=", ">="]
  private static let singles = "+-*/%~<>=.,:|()[]{}"

  private mutating func symbol(_ brackets: inout Int) throws(TemplateError) {
    let two = String(String.UnicodeScalarView(source[position...].prefix(2)))
    if Self.pairs.contains(two) {
      emit(.symbol(two))
      position += 2
      return
    }
    let scalar = source[position]
    guard Self.singles.unicodeScalars.contains(scalar) else { throw fault("an expression") }
    if "([{".unicodeScalars.contains(scalar) { brackets += 1 }
    if ")]}".unicodeScalars.contains(scalar) { brackets -= 1 }
    emit(.symbol(String(scalar)))
    position += 1
  }
}
