/// A strict JSON cursor (RFC 8259) over a mapped file, bounded in depth and in what it makes.
///
/// Foundation's decoder keeps one of two equal names and knows no offsets, and it builds a tree of whatever it
/// is given; headers of weight files come from strangers and are megabytes long. This one refuses repeated
/// names, names the byte, and builds only what its caller asks for. Python's `NaN`, `Infinity` and `-Infinity`,
/// which `json.dump` writes, are read as numbers.
struct JSONReader {
  /// Containers within containers that a reader follows.
  static let depthLimit = 64

  private let mapping: Mapping
  private let end: Int
  /// Bytes from the start of the file.
  private(set) var offset: Int
  private var depth = 0

  /// Reads the bytes of a range that lies inside the file.
  init(_ mapping: Mapping, range: Range<Int>) {
    self.mapping = mapping
    end = min(range.upperBound, mapping.count)
    offset = min(max(range.lowerBound, 0), end)
  }

  init(_ mapping: Mapping) { self.init(mapping, range: 0..<mapping.count) }

  /// Walks an object; `body` must consume the value of every name it is given.
  mutating func object(
    _ body: (inout JSONReader, String) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var names: Set<String> = []
    try container(open: "{", close: "}") { (reader: inout JSONReader) throws(CheckpointError) in
      let start = reader.offset
      let name = try reader.string()
      guard names.insert(name).inserted else {
        throw reader.damaged("every name once", found: "'\(name)' twice", at: start)
      }
      reader.skipBlanks()
      try reader.require(":")
      try body(&reader, name)
    }
  }

  /// Walks an array; `body` must consume one element a call.
  mutating func array(
    _ body: (inout JSONReader) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try container(open: "[", close: "]", body)
  }

  /// A string, its escapes resolved; a lone surrogate becomes U+FFFD.
  mutating func string() throws(CheckpointError) -> String {
    skipBlanks()
    let start = offset
    let (range, hasEscapes) = try stringRange()
    let bytes = mapping.bytes[range]
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw damaged("a string in UTF-8", found: "other bytes", at: start)
    }
    return hasEscapes ? Self.unescaped(text) : text
  }

  /// An integer in the range of `Int`, written without fraction or exponent.
  mutating func integer() throws(CheckpointError) -> Int {
    skipBlanks()
    let start = offset
    let text = try numberText()
    guard let value = Int(text) else {
      throw damaged("an integer of 64 bits", found: text, at: start)
    }
    return value
  }

  /// Passes over one value of any kind and makes nothing of it, though names in objects are still compared
  /// by the walk of whoever asks for them, not here.
  mutating func skip() throws(CheckpointError) {
    skipBlanks()
    switch peek() {
    case UInt8(ascii: "{"):
      try container(open: "{", close: "}") { (reader: inout JSONReader) throws(CheckpointError) in
        reader.skipBlanks()
        _ = try reader.stringRange()
        reader.skipBlanks()
        try reader.require(":")
        try reader.skip()
      }
    case UInt8(ascii: "["):
      try container(open: "[", close: "]") { (reader: inout JSONReader) throws(CheckpointError) in
        try reader.skip()
      }
    case UInt8(ascii: "\""): _ = try stringRange()
    default: _ = try scalar()
    }
  }

  /// One value of any kind as a tree; `budget` bounds the nodes that are made.
  mutating func value(budget: inout Int) throws(CheckpointError) -> JSON {
    skipBlanks()
    budget -= 1
    guard budget >= 0 else { throw damaged("a smaller document", found: "too many values") }
    switch peek() {
    case UInt8(ascii: "{"):
      var members: [String: JSON] = [:]
      var left = budget
      try object { (reader: inout JSONReader, name: String) throws(CheckpointError) in
        members[name] = try reader.value(budget: &left)
      }
      budget = left
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSON] = []
      var left = budget
      try array { (reader: inout JSONReader) throws(CheckpointError) in
        elements.append(try reader.value(budget: &left))
      }
      budget = left
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    default: return try scalar()
    }
  }

  /// Blanks to the end, else a refusal.
  mutating func finish() throws(CheckpointError) {
    skipBlanks()
    guard offset == end else { throw damaged("nothing after the document", found: "more bytes") }
  }

  /// True if the next value begins with this character.
  mutating func isNext(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    return peek() == UInt8(ascii: character)
  }

  func damaged(_ expected: String, found: String, at place: Int? = nil) -> CheckpointError {
    CheckpointError(
      .damaged, file: mapping.path, .field("JSON"), expected: expected, found: found,
      offset: place ?? offset)
  }
}

// MARK: - Grammar

extension JSONReader {
  private func peek() -> UInt8? { offset < end ? mapping.bytes[offset] : nil }

  private mutating func skipBlanks() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  private mutating func require(_ character: Unicode.Scalar) throws(CheckpointError) {
    guard peek() == UInt8(ascii: character) else {
      throw damaged("'\(character)'", found: foundHere)
    }
    offset += 1
  }

  private var foundHere: String {
    guard let byte = peek() else { return "the end" }
    return byte > 0x20 && byte < 0x7F ? "'\(Unicode.Scalar(byte))'" : "byte \(byte)"
  }

  private mutating func container(
    open: Unicode.Scalar, close: Unicode.Scalar,
    _ element: (inout JSONReader) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    skipBlanks()
    try require(open)
    depth += 1
    guard depth <= Self.depthLimit else {
      throw damaged("at most \(Self.depthLimit) levels", found: "more")
    }
    defer { depth -= 1 }
    skipBlanks()
    if peek() == UInt8(ascii: close) {
      offset += 1
      return
    }
    while true {
      skipBlanks()
      try element(&self)
      skipBlanks()
      if peek() == UInt8(ascii: close) {
        offset += 1
        return
      }
      try require(",")
    }
  }

  /// Passes a string and returns where its content lies.
  private mutating func stringRange() throws(CheckpointError) -> (Range<Int>, hasEscapes: Bool) {
    try require("\"")
    let start = offset
    var hasEscapes = false
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return (start..<(offset - 1), hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        offset += 1
        try escape()
      case 0..<0x20: throw damaged("a string without control characters", found: foundHere)
      default: offset += 1
      }
    }
    throw damaged("the end of a string", found: "the end", at: start)
  }

  /// What follows a backslash.
  private mutating func escape() throws(CheckpointError) {
    guard let byte = peek() else { throw damaged("an escape", found: "the end") }
    offset += 1
    if byte == UInt8(ascii: "u") {
      for _ in 0..<4 {
        guard let digit = peek(), Self.isHex(digit) else {
          throw damaged("four hexadecimal digits", found: foundHere)
        }
        offset += 1
      }
    } else if !"\"\\/bfnrt".utf8.contains(byte) {
      throw damaged("an escape", found: "'\\\(Unicode.Scalar(byte))'", at: offset - 1)
    }
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }

  /// Resolves the escapes of a text whose escapes were checked.
  private static func unescaped(_ text: String) -> String {
    var units: [UInt16] = []
    var rest = text.utf16.makeIterator()
    while let unit = rest.next() {
      guard unit == 0x5C, let escape = rest.next() else {
        units.append(unit)
        continue
      }
      switch escape {
      case 0x62: units.append(0x08)
      case 0x66: units.append(0x0C)
      case 0x6E: units.append(0x0A)
      case 0x72: units.append(0x0D)
      case 0x74: units.append(0x09)
      case 0x75:
        var code: UInt16 = 0
        for _ in 0..<4 {
          let digit = rest.next().flatMap { Unicode.Scalar($0) }.flatMap {
            Character($0).hexDigitValue
          }
          code = code &<< 4 | UInt16(truncatingIfNeeded: digit ?? 0)
        }
        units.append(code)
      default: units.append(escape)
      }
    }
    return String(decoding: units, as: UTF16.self)
  }

  /// `true`, `false`, `null` or a number.
  private mutating func scalar() throws(CheckpointError) -> JSON {
    let start = offset
    switch peek() {
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N"): return try word("NaN", .number(.nan))
    case UInt8(ascii: "I"): return try word("Infinity", .number(.infinity))
    case UInt8(ascii: "-") where start + 1 < end && mapping.bytes[start + 1] == UInt8(ascii: "I"):
      return try word("-Infinity", .number(-.infinity))
    default: break
    }
    let text = try numberText()
    if let value = Int(text) { return .integer(value) }
    guard let value = Double(text) else { throw damaged("a number", found: text, at: start) }
    return .number(value)
  }

  private mutating func word(_ word: String, _ value: JSON) throws(CheckpointError) -> JSON {
    guard mapping.bytes[offset..<end].starts(with: word.utf8) else {
      throw damaged("a value", found: foundHere)
    }
    offset += word.utf8.count
    return value
  }

  /// Passes a number by RFC 8259's grammar and returns its text.
  private mutating func numberText() throws(CheckpointError) -> String {
    let start = offset
    if peek() == UInt8(ascii: "-") { offset += 1 }
    let isZero = peek() == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !(isZero && whole > 1) else {
      throw damaged("a value", found: whole > 1 ? "a leading zero" : foundHere)
    }
    if peek() == UInt8(ascii: ".") {
      offset += 1
      guard digits() > 0 else { throw damaged("digits after the point", found: foundHere) }
    }
    if let mark = peek(), mark | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
      guard digits() > 0 else { throw damaged("an exponent", found: foundHere) }
    }
    guard offset - start <= 400 else {
      throw damaged("a shorter number", found: "one too long", at: start)
    }
    return String(decoding: mapping.bytes[start..<offset], as: UTF8.self)
  }

  private mutating func digits() -> Int {
    let start = offset
    while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { offset += 1 }
    return offset - start
  }
}
