/// Turns a stream of bytes, cut anywhere, into text that never splits a character.
///
/// A tail that may still become a character is held back; bytes that cannot are replaced by one U+FFFD for
/// each maximal subpart. So the text shown so far is always a prefix of the final text.
///
/// - Standard: The Unicode Standard, chapter 3, table 3-7 and "Substitution of maximal subparts".
struct UTF8Repair: Sendable, Equatable {
  /// The beginning of a character that has not ended yet: at most three bytes.
  private var held: [UInt8] = []

  /// Takes the next bytes and returns the text that is certain now.
  mutating func append(_ bytes: some Sequence<UInt8>) -> String {
    var certain: [UInt8] = []
    for byte in bytes { take(byte, into: &certain) }
    return String(decoding: certain, as: UTF8.self)
  }

  /// Ends the stream: a held tail will never become a character.
  mutating func finish() -> String {
    defer { held.removeAll() }
    return held.isEmpty ? "" : "\u{FFFD}"
  }

  private mutating func take(_ byte: UInt8, into certain: inout [UInt8]) {
    if !held.isEmpty {
      if Self.range(after: held).contains(byte) {
        held.append(byte)
        if held.count == Self.length(lead: held[0]) {
          certain += held
          held.removeAll(keepingCapacity: true)
        }
        return
      }
      certain += Self.replacement
      held.removeAll(keepingCapacity: true)
    }
    switch Self.length(lead: byte) {
    case 1: certain.append(byte)
    case 0: certain += Self.replacement
    default: held.append(byte)
    }
  }

  /// U+FFFD in UTF-8.
  private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

  /// How many bytes a character takes that begins with this byte; 0 if none can.
  private static func length(lead: UInt8) -> Int {
    switch lead {
    case 0x00...0x7F: 1
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 0
    }
  }

  /// The bytes that may follow a held beginning (which is never empty).
  private static func range(after held: [UInt8]) -> ClosedRange<UInt8> {
    guard held.count == 1 else { return 0x80...0xBF }
    switch held[0] {
    case 0xE0: return 0xA0...0xBF
    case 0xED: return 0x80...0x9F
    case 0xF0: return 0x90...0xBF
    case 0xF4: return 0x80...0x8F
    default: return 0x80...0xBF
    }
  }
}
