internal import OrderedCollections

/// Writes JSON into bytes that are used again: the one writer of JSON here.
///
/// The hot paths (a token, an activation with its numbers) write members straight into the buffer without
/// building a document first.
public struct JSONWriter: Sendable {
  /// What has been written.
  public internal(set) var bytes: [UInt8] = []
  /// Whether the next member or element needs a comma before it.
  private var needsComma = false
  let style: JSONStyle
  /// Whether the style is the compact one: all that the hot paths ask of it.
  let isCompact: Bool
  /// Containers that are open, and whether a name waits for its value: what a spelling with broken lines needs to know.
  private var depth = 0
  private var isNamed = false

  /// Begins with an empty buffer, and writes on a single line without blanks.
  ///
  /// - Parameter capacity: bytes that it takes before it has to grow.
  public init(capacity: Int = 0) {
    style = .compact
    isCompact = true
    bytes.reserveCapacity(capacity)
  }

  /// Begins with an empty buffer.
  package init(_ style: JSONStyle) {
    self.style = style
    isCompact = false
  }

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
    isNamed = false
    depth = 0
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
    if isCompact {
      bytes.append(0x3a)
    } else {
      bytes += style.colon.utf8
      isNamed = true
    }
    needsComma = false
  }

  /// Writes a string.
  public mutating func string(_ text: String) {
    separate()
    bytes.append(0x22)
    if isCompact, text.utf8.allSatisfy(Self.standsForItself) {
      bytes.append(contentsOf: text.utf8)
    } else {
      escaped(text)
    }
    bytes.append(0x22)
  }

  /// Not a control, a quote or a backslash, and not the first byte of U+0085, U+2028 or U+2029.
  private static func standsForItself(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x22 && byte != 0x5c && byte != 0xc2 && byte != 0xe2
  }

  /// Writes bytes of which the caller knows that they need no escape, such as base64, as a string.
  public mutating func plainString(_ text: some Sequence<UInt8>) {
    separate()
    bytes.append(0x22)
    bytes += text
    bytes.append(0x22)
  }

  /// Writes a whole number.
  @inlinable
  public mutating func integer(_ value: some BinaryInteger) {
    digits(value.description)
  }

  @usableFromInline
  mutating func digits(_ text: String) {
    separate()
    bytes += text.utf8
  }

  /// Writes a number with the fewest digits that read back as the same value; not finite becomes `null`.
  public mutating func number(_ value: Double) {
    separate()
    if style.pythonNumbers {
      bytes += JSONStyle.python(value).utf8
    } else {
      bytes += (value.isFinite ? value.description : "null").utf8
    }
  }

  /// Writes a number with the fewest digits that read back as the same single; not finite becomes `null`.
  public mutating func number(_ value: Float) {
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
        if writer.style.sortedKeys {
          for member in members.sorted(by: { $0.key < $1.key }) {
            writer.member(member.key, member.value)
          }
        } else {
          for member in members { writer.member(member.key, member.value) }
        }
      }
    }
  }

  /// Writes a member with a document as its value.
  public mutating func member(_ name: String, _ value: JSONValue) {
    self.name(name)
    self.value(value)
  }

  private mutating func separate() {
    if needsComma {
      if isCompact { bytes.append(0x2c) } else { bytes += style.separator.utf8 }
    }
    if !isCompact {
      if depth > 0, !isNamed { breakLine() }
      isNamed = false
    }
    needsComma = true
  }

  private mutating func open(_ byte: UInt8) {
    separate()
    bytes.append(byte)
    needsComma = false
    depth += 1
  }

  private mutating func close(_ byte: UInt8) {
    depth -= 1
    // An empty container stays on its line.
    if !isCompact, needsComma { breakLine() }
    bytes.append(byte)
    needsComma = true
  }

  private mutating func breakLine() {
    guard let indent = style.indent else { return }
    bytes.append(0x0a)
    bytes += repeatElement(0x20, count: indent * depth)
  }
}
