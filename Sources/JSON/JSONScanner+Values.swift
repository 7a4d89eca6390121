internal import OrderedCollections

/// Values of the text, as trees, as text, or skipped.
extension JSONScanner {
  /// Takes the next value as a tree; of several members with one name the last counts.
  package mutating func value() throws(Failure) -> JSONValue {
    try count()
    switch peek() {
    case UInt8(ascii: "{"):
      var members: OrderedDictionary<String, JSONValue> = [:]
      try self.members { scanner, name throws(Failure) in members[name] = try scanner.value() }
      return .object(members)
    case UInt8(ascii: "["):
      var list: [JSONValue] = []
      try elements { scanner, _ throws(Failure) in list.append(try scanner.value()) }
      return .array(list)
    default: return JSONValue(try scalar())
    }
  }

  /// Takes the next value, which is neither array nor object.
  package mutating func scalar() throws(Failure) -> JSONScalar {
    switch peek() {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  /// Takes the next value and forgets it; names are not compared.
  package mutating func skip() throws(Failure) {
    switch peek() {
    case UInt8(ascii: "{"):
      try enter("{", "an object")
      if try leave("}") { return }
      repeat {
        try skipString()
        try take(":")
        try skip()
      } while try more("}")
    case UInt8(ascii: "["): try elements { scanner, _ throws(Failure) in try scanner.skip() }
    case UInt8(ascii: "\""): try skipString()
    default: _ = try scalar()
    }
  }

  private mutating func skipString() throws(Failure) {
    var ignored: [UInt8] = []
    try string(into: &ignored)
  }

  /// Takes a string.
  package mutating func string() throws(Failure) -> String {
    var text: [UInt8] = []
    try string(into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Takes a string and appends its text, as UTF-8, to what is there.
  package mutating func string(into text: inout [UInt8]) throws(Failure) {
    guard peek() == UInt8(ascii: "\"") else { throw fault("a string") }
    position += 1
    var run = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        text.append(contentsOf: bytes[run..<position])
        position += 1
        return
      }
      if byte == UInt8(ascii: "\\") {
        text.append(contentsOf: bytes[run..<position])
        position += 1
        try escape(into: &text)
        run = position
        continue
      }
      guard byte >= 0x20 else { throw fault("an escaped control character") }
      position += 1
    }
    throw fault("the end of a string")
  }

  /// What follows a backslash.
  private mutating func escape(into text: inout [UInt8]) throws(Failure) {
    guard position < bytes.count else { throw fault("an escape") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: String(try character()).utf8)
    default: throw fault("an escape", at: position - 1)
    }
  }

  /// The character of `\uXXXX`, with its second half if it is one of a surrogate pair.
  private mutating func character() throws(Failure) -> Character {
    let start = position
    let first = try unit()
    var code = first
    if (0xD800..<0xDC00).contains(first) {
      guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      else { throw fault("the second half of a surrogate pair") }
      position += 2
      let second = try unit()
      guard (0xDC00..<0xE000).contains(second) else {
        throw fault("the second half of a surrogate pair", at: start)
      }
      code = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw fault("a character", at: start) }
    return Character(scalar)
  }

  /// Four hexadecimal digits.
  private mutating func unit() throws(Failure) -> UInt32 {
    guard position + 4 <= bytes.count else { throw fault("four hexadecimal digits") }
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue,
        bytes[position] < 0x80
      else { throw fault("a hexadecimal digit") }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  /// Takes an integer that fits 64 bits, written without fraction or exponent.
  package mutating func integer() throws(Failure) -> Int {
    _ = peek()
    let start = position
    guard case .integer(let whole) = try number(), let integer = Int(exactly: whole) else {
      throw fault("an integer of 64 bits", at: start)
    }
    return integer
  }

  /// Takes an integer that fits 64 bits, or another number.
  package mutating func number() throws(Failure) -> JSONScalar {
    guard let first = peek() else { throw fault("a value") }
    let start = position
    if rules.allowsInfinities, let value = infinity() { return .number(value) }
    if first == UInt8(ascii: "-") { position += 1 }
    let whole = digits()
    let leadingZero = whole > 1 && bytes[position - whole] == UInt8(ascii: "0")
    guard whole > 0, !leadingZero else { throw fault("a value", at: start) }
    var exact = true
    if isHere(".") {
      exact = false
      position += 1
      guard digits() > 0 else { throw fault("a digit") }
    }
    if isHere("e") || isHere("E") {
      exact = false
      position += 1
      if isHere("+") || isHere("-") { position += 1 }
      guard digits() > 0 else { throw fault("a digit") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if exact, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw fault("a number", at: start) }
    return .number(value)
  }

  /// Takes a number that only Python writes; nil if another one stands here.
  private mutating func infinity() -> Double? {
    let words: KeyValuePairs = ["NaN": Double.nan, "Infinity": .infinity, "-Infinity": -.infinity]
    for (word, value) in words where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    return nil
  }

  /// Skips digits and tells how many.
  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    return position - start
  }

  private func isHere(_ character: Unicode.Scalar) -> Bool {
    position < bytes.count && bytes[position] == UInt8(ascii: character)
  }

  private mutating func word(_ word: String, _ value: JSONScalar) throws(Failure) -> JSONScalar {
    guard bytes[position...].starts(with: word.utf8) else { throw fault(word) }
    position += word.utf8.count
    return value
  }
}
