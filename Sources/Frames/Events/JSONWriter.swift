/// Writes JSON on a single line into bytes that are used again.
///
/// The hot paths (a token, an activation with its numbers) write members straight into the buffer without
/// building a document first.
public struct JSONWriter: Sendable {
  /// What has been written.
  public private(set) var bytes: [UInt8] = []
  /// Whether the next member or element needs a comma before it.
  private var needsComma = false

  /// Begins with an empty buffer.
  ///
  /// - Parameter capacity: bytes that it takes before it has to grow.
  public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  /// Adds what `body` writes to bytes.
  public static func append(to bytes: inout [UInt8], _ body: (inout JSONWriter) -> Void) {
    var writer = JSONWriter()
    swap(&writer.bytes, &bytes)
    body(&writer)
    swap(&writer.bytes, &bytes)
  }

  /// Forgets the text but keeps the memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  /// Writes `{`, the body's members, `}`.
  public mutating func object(_ body: (inout JSONWriter) -> Void) {
    open(0x7b)
    body(&self)
    close(0x7d)
  }

  /// Writes `[`, the body's elements, `]`.
  public mutating func array(_ body: (inout JSONWriter) -> Void) {
    open(0x5b)
    body(&self)
    close(0x5d)
  }

  /// Writes the name of a member; its value has to follow.
  public mutating func name(_ name: String) {
    string(name)
    bytes.append(0x3a)
    needsComma = false
  }

  /// Writes a string.
  public mutating func string(_ text: String) {
    separate()
    bytes.append(0x22)
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c }
    if isPlain {
      bytes.append(contentsOf: text.utf8)
    } else {
      escaped(text)
    }
    bytes.append(0x22)
  }

  private mutating func escaped(_ text: String) {
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5c: bytes += [0x5c, byte]
      case 0x0a: bytes += [0x5c, 0x6e]
      case 0x0d: bytes += [0x5c, 0x72]
      case 0x09: bytes += [0x5c, 0x74]
      case ..<0x20:
        bytes += "\\u00".utf8
        bytes += [Self.digit(byte >> 4), Self.digit(byte & 15)]
      default: bytes.append(byte)
      }
    }
  }

  /// Writes bytes of which the caller knows that they need no escape, such as base64, as a string.
  public mutating func plainString(_ text: some Sequence<UInt8>) {
    separate()
    bytes.append(0x22)
    bytes += text
    bytes.append(0x22)
  }

  /// Writes a whole number.
  public mutating func integer(_ value: some BinaryInteger) {
    separate()
    bytes += value.description.utf8
  }

  /// Writes a number with the fewest digits that read back as the same value; not finite becomes `null`.
  public mutating func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
    separate()
    bytes += (value.isFinite ? value.description : "null").utf8
  }

  /// Writes `true` or `false`.
  public mutating func bool(_ value: Bool) {
    separate()
    bytes += (value ? "true" : "false").utf8
  }

  /// Writes `null`.
  public mutating func null() {
    separate()
    bytes += "null".utf8
  }

  /// Writes text that is JSON already.
  public mutating func verbatim(_ json: some Sequence<UInt8>) {
    separate()
    bytes += json
  }

  /// Writes a document.
  public mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let truth): bool(truth)
    case .integer(let whole): integer(whole)
    case .number(let real): number(real)
    case .float(let real): number(real)
    case .string(let text): string(text)
    case .array(let elements):
      array { writer in
        for element in elements { writer.value(element) }
      }
    case .object(let members):
      object { writer in
        for member in members { writer.member(member.name, member.value) }
      }
    }
  }

  /// Writes a member with a document as its value.
  public mutating func member(_ name: String, _ value: JSONValue) {
    self.name(name)
    self.value(value)
  }

  private mutating func separate() {
    if needsComma { bytes.append(0x2c) }
    needsComma = true
  }

  private mutating func open(_ byte: UInt8) {
    separate()
    bytes.append(byte)
    needsComma = false
  }

  private mutating func close(_ byte: UInt8) {
    bytes.append(byte)
    needsComma = true
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
