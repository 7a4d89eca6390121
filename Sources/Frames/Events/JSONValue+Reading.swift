/// Why bytes are not JSON.
public struct JSONError: Error, Hashable, Sendable {
  /// Where reading stopped, in bytes.
  public let offset: Int
}

extension JSONValue {
  /// Reads one document, strictly (RFC 8259): UTF-8, no trailing commas, nothing after it.
  ///
  /// Nesting is bounded, so hostile depth costs no stack. Of members with equal names all are kept; the
  /// subscript answers the last.
  /// - Throws: where the bytes stop being JSON.
  public init(reading bytes: [UInt8], maximumDepth: Int = 128) throws(JSONError) {
    var reader = JSONReader(bytes: bytes, depth: maximumDepth)
    self = try reader.document()
  }
}

/// A recursive-descent reader; recursion is bounded by `depth`.
private struct JSONReader {
  let bytes: [UInt8]
  var depth: Int
  var offset = 0

  init(bytes: [UInt8], depth: Int) {
    self.bytes = bytes
    self.depth = depth
  }

  var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  var failure: JSONError { JSONError(offset: offset) }

  mutating func document() throws(JSONError) -> JSONValue {
    skipBlanks()
    let value = try value()
    skipBlanks()
    guard offset == bytes.count else { throw failure }
    return value
  }

  mutating func skipBlanks() {
    while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      offset += 1
    }
  }

  mutating func value() throws(JSONError) -> JSONValue {
    switch peek {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    offset += 1
    return true
  }

  mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let expected = Array("\(text)".utf8)
    guard bytes[offset...].starts(with: expected) else { throw failure }
    offset += expected.count
    return value
  }

  mutating func enter() throws(JSONError) {
    guard depth > 0 else { throw failure }
    depth -= 1
    offset += 1
    skipBlanks()
  }

  mutating func array() throws(JSONError) -> JSONValue {
    try enter()
    defer { depth += 1 }
    var elements: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      skipBlanks()
      elements.append(try value())
      skipBlanks()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw failure }
    }
  }

  mutating func object() throws(JSONError) -> JSONValue {
    try enter()
    defer { depth += 1 }
    var members: [JSONValue.Member] = []
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipBlanks()
      guard peek == UInt8(ascii: "\"") else { throw failure }
      let name = try string()
      skipBlanks()
      guard take(UInt8(ascii: ":")) else { throw failure }
      skipBlanks()
      members.append(JSONValue.Member(name, try value()))
      skipBlanks()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw failure }
    }
  }

  mutating func digits() throws(JSONError) {
    guard let byte = peek, (0x30...0x39).contains(byte) else { throw failure }
    while let byte = peek, (0x30...0x39).contains(byte) { offset += 1 }
  }

  mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    var isWhole = true
    if take(UInt8(ascii: ".")) {
      isWhole = false
      try digits()
    }
    if let byte = peek, byte | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      offset += 1
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isWhole, let whole = Int64(text) { return .integer(whole) }
    guard let real = Double(text), real.isFinite else { throw JSONError(offset: start) }
    return .number(real)
  }

  mutating func string() throws(JSONError) -> String {
    let start = offset
    offset += 1
    var text: [UInt8] = []
    while let byte = peek {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw JSONError(offset: start)
        }
        return string
      case UInt8(ascii: "\\"): try escape(into: &text)
      case ..<0x20: throw JSONError(offset: offset - 1)
      default: text.append(byte)
      }
    }
    throw failure
  }

  mutating func escape(into text: inout [UInt8]) throws(JSONError) {
    guard let byte = peek else { throw failure }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text += Array(String(Character(try escapedScalar())).utf8)
    default: throw JSONError(offset: offset - 1)
    }
  }

  /// The scalar of `\uXXXX`, joined from two where it is a surrogate; a lone surrogate is refused.
  mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
    let unit = try codeUnit()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard unit < 0xdc00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw failure }
    let low = try codeUnit()
    guard (0xdc00..<0xe000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00))
    else { throw failure }
    return scalar
  }

  mutating func codeUnit() throws(JSONError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue,
        byte < 0x80
      else { throw failure }
      unit = unit << 4 | UInt32(digit)
      offset += 1
    }
    return unit
  }
}
