import OrderedCollections

/// Values of the text, as trees, as text, or skipped.
extension JSONScanner {
  /// Takes the next value as a tree.
  mutating func value() throws(JSONError) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"):
      var members: OrderedDictionary<String, JSONValue> = [:]
      try self.members { scanner, key throws(JSONError) in members[key] = try scanner.value() }
      return .object(members)
    case UInt8(ascii: "["):
      var list: [JSONValue] = []
      try elements { scanner, _ throws(JSONError) in list.append(try scanner.value()) }
      return .array(list)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try word("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try word("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    default: return try number()
    }
  }

  /// Takes the next value and forgets it.
  mutating func skip() throws(JSONError) {
    switch peek() {
    case UInt8(ascii: "{"): try members { scanner, _ throws(JSONError) in try scanner.skip() }
    case UInt8(ascii: "["): try elements { scanner, _ throws(JSONError) in try scanner.skip() }
    case UInt8(ascii: "\""):
      var ignored: [UInt8] = []
      try string(into: &ignored)
    default: _ = try value()
    }
  }

  /// Takes a string.
  mutating func string() throws(JSONError) -> String {
    var text: [UInt8] = []
    try string(into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Takes a string and appends its text, as UTF-8, to what is there.
  mutating func string(into text: inout [UInt8]) throws(JSONError) {
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
  private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
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
    case UInt8(ascii: "u"): text.append(contentsOf: String(try scalar()).utf8)
    default: throw fault("an escape", at: position - 1)
    }
  }

  /// The character of `\uXXXX`, with its second half if it is one of a surrogate pair.
  private mutating func scalar() throws(JSONError) -> Character {
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
  private mutating func unit() throws(JSONError) -> UInt32 {
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

  /// Takes an integer that fits 64 bits, or another number.
  mutating func number() throws(JSONError) -> JSONValue {
    guard peek() != nil else { throw fault("a value") }
    let start = position
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    let whole = digits()
    let leadingZero = whole > 1 && bytes[position - whole] == UInt8(ascii: "0")
    guard whole > 0, !leadingZero else { throw fault("a value", at: start) }
    var exact = true
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      exact = false
      position += 1
      guard digits() > 0 else { throw fault("a digit") }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      exact = false
      position += 1
      if position < bytes.count, bytes[position] == 0x2B || bytes[position] == 0x2D {
        position += 1
      }
      guard digits() > 0 else { throw fault("a digit") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if exact, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw fault("a number", at: start) }
    return .number(value)
  }

  /// Skips digits and tells how many.
  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    return position - start
  }

  private mutating func word(_ word: StaticString) throws(JSONError) {
    let text = Array("\(word)".utf8)
    guard bytes[position...].starts(with: text) else { throw fault("\(word)") }
    position += text.count
  }
}
