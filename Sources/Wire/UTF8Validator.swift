/// Checks UTF-8 that arrives in pieces and refuses it at the first byte that cannot be.
///
/// - Standard: RFC 3629; RFC 6455, section 8.1.
struct UTF8Validator: Hashable, Sendable {
  /// Continuation bytes still to come.
  private var missing = 0
  /// What the next of them may be; narrower for the second byte, so that surrogates, overlong forms and
  /// numbers past U+10FFFF show at once.
  private var lower: UInt8 = 0x80
  private var upper: UInt8 = 0xbf

  /// Whether the text so far ends at a character.
  var isComplete: Bool { missing == 0 }

  /// Takes more bytes; false once they cannot be text.
  mutating func accept(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var index = 0
    while index < bytes.count {
      if missing == 0 {
        // Eight plain characters at a time.
        while index + 8 <= bytes.count,
          bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
          index += 8
        }
        guard index < bytes.count else { return true }
      }
      guard accept(bytes[index]) else { return false }
      index += 1
    }
    return true
  }

  private mutating func accept(_ byte: UInt8) -> Bool {
    guard missing == 0 else {
      guard lower <= byte, byte <= upper else { return false }
      missing -= 1
      (lower, upper) = (0x80, 0xbf)
      return true
    }
    switch byte {
    case 0x00...0x7f: return true
    case 0xc2...0xdf: expect(1)
    case 0xe0: expect(2, from: 0xa0)
    case 0xed: expect(2, to: 0x9f)
    case 0xe1...0xef: expect(2)
    case 0xf0: expect(3, from: 0x90)
    case 0xf1...0xf3: expect(3)
    case 0xf4: expect(3, to: 0x8f)
    default: return false
    }
    return true
  }

  private mutating func expect(_ count: Int, from lower: UInt8 = 0x80, to upper: UInt8 = 0xbf) {
    missing = count
    self.lower = lower
    self.upper = upper
  }
}
