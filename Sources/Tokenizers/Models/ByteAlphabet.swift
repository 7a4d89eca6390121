/// The 256 printable characters that stand for bytes in byte-level vocabularies.
///
/// Bytes that print stand for themselves; the others are moved to U+0100 and on, in order. So a space is
/// `Ġ` and a newline `Ċ`.
///
/// - Standard: the `bytes_to_unicode` table published with GPT-2.
enum ByteAlphabet {
  /// The character of each byte.
  static let scalars: [Unicode.Scalar] = {
    var moved: UInt32 = 0x100
    return (0...255).map { (byte: UInt8) in
      switch byte {
      case 33...126, 161...172, 174...255: return Unicode.Scalar(byte)
      default:
        defer { moved += 1 }
        return Unicode.Scalar(moved) ?? "?"
      }
    }
  }()

  /// The UTF-8 of each byte's character.
  private static let spellings: [[UInt8]] = scalars.map { Array(String($0).utf8) }

  /// The byte of each character below U+0144, or -1.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
    return bytes
  }()

  /// Spells bytes in the alphabet.
  static func spell(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.underestimatedCount * 2)
    for byte in bytes { text += spellings[Int(byte)] }
    return text
  }

  /// The bytes of a spelling, or nil if a character is not of the alphabet.
  static func bytes(of spelling: ArraySlice<UInt8>) -> [UInt8]? {
    var found: [UInt8] = []
    for scalar in String(decoding: spelling, as: UTF8.self).unicodeScalars {
      guard scalar.value < 0x144, bytes[Int(scalar.value)] >= 0 else { return nil }
      found.append(UInt8(truncatingIfNeeded: bytes[Int(scalar.value)]))
    }
    return found
  }

  /// `<0xNN>`, as SentencePiece vocabularies spell a byte.
  static func hexSpelling(of byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      + Array(">".utf8)
  }

  /// The byte of a `<0xNN>` spelling.
  static func byte(ofHex spelling: ArraySlice<UInt8>) -> UInt8? {
    guard spelling.count == 6, spelling.starts(with: Array("<0x".utf8)),
      spelling.last == UInt8(ascii: ">")
    else { return nil }
    let digits = String(decoding: spelling.dropFirst(3).prefix(2), as: UTF8.self)
    return digits.allSatisfy(\.isHexDigit) ? UInt8(digits, radix: 16) : nil
  }
}
