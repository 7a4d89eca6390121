/// Base64 with padding (RFC 4648, section 4): the handshake's keys, and frames inside server-sent events.
package enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The two letters of twelve bits, the first in the low byte.
  private static let pairs: [UInt16] = alphabet.flatMap { first in
    alphabet.map { second in UInt16(first) | UInt16(second) << 8 }
  }

  /// The characters of encoded bytes, four for each three.
  package static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    append(bytes, to: &text)
    return text
  }

  /// Adds the characters of bytes to text.
  package static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
    let start = text.count
    text.append(contentsOf: repeatElement(0, count: (bytes.count + 2) / 3 * 4))
    text.withUnsafeMutableBufferPointer { text in
      bytes.withUnsafeBytes { write($0, to: text[start...]) }
    }
  }

  private static func write(
    _ bytes: UnsafeRawBufferPointer, to output: Slice<UnsafeMutableBufferPointer<UInt8>>
  ) {
    let target = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: output))
    let groups = bytes.count / 3
    pairs.withUnsafeBufferPointer { pairs in
      for group in 0..<groups {
        let first = UInt32(bytes[group * 3])
        let second = UInt32(bytes[group * 3 + 1])
        let third = UInt32(bytes[group * 3 + 2])
        let letters =
          UInt32(pairs[Int(first << 4 | second >> 4)])
          | UInt32(pairs[Int((second & 15) << 8 | third)]) << 16
        target.storeBytes(of: letters.littleEndian, toByteOffset: group * 4, as: UInt32.self)
      }
    }
    let rest = bytes.count - groups * 3
    guard rest > 0 else { return }
    let first = bytes[groups * 3]
    let second = rest > 1 ? bytes[groups * 3 + 1] : 0
    let padding = UInt8(ascii: "=")
    target[groups * 4] = alphabet[Int(first >> 2)]
    target[groups * 4 + 1] = alphabet[Int((first & 3) << 4 | second >> 4)]
    target[groups * 4 + 2] = rest > 1 ? alphabet[Int((second & 15) << 2)] : padding
    target[groups * 4 + 3] = padding
  }

  /// The bytes of padded text, or nil when it is none: wrong letters, length, padding, or left-over bits.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    let letters = Array(text)
    guard letters.count % 4 == 0 else { return nil }
    let padding = letters.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    var output: [UInt8] = []
    output.reserveCapacity(letters.count / 4 * 3)
    var group: UInt32 = 0
    for (index, letter) in letters.dropLast(padding).enumerated() {
      guard let value = value(letter) else { return nil }
      group = group << 6 | value
      if index % 4 == 3 {
        output += [UInt8(group >> 16), UInt8(group >> 8 & 0xff), UInt8(group & 0xff)]
        group = 0
      }
    }
    switch padding {
    case 1:
      guard group & 3 == 0 else { return nil }
      output += [UInt8(group >> 10), UInt8(group >> 2 & 0xff)]
    case 2:
      guard group & 15 == 0 else { return nil }
      output.append(UInt8(group >> 4))
    default: break
    }
    return output
  }

  private static func value(_ letter: UInt8) -> UInt32? {
    switch letter {
    case 0x41...0x5a: UInt32(letter - 0x41)
    case 0x61...0x7a: UInt32(letter - 0x61 + 26)
    case 0x30...0x39: UInt32(letter - 0x30 + 52)
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
