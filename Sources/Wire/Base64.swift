/// Base64 with padding (RFC 4648, section 4): the handshake's keys, and frames inside server-sent events.
package enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The characters of encoded bytes, four for each three.
  package static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    let count = (bytes.count + 2) / 3 * 4
    return [UInt8](unsafeUninitializedCapacity: count) { output, written in
      alphabet.withUnsafeBufferPointer { letters in
        var target = 0
        for start in stride(from: 0, to: bytes.count, by: 3) {
          let rest = bytes.count - start
          let group =
            UInt32(bytes[start]) << 16 | (rest > 1 ? UInt32(bytes[start + 1]) << 8 : 0)
            | (rest > 2 ? UInt32(bytes[start + 2]) : 0)
          output[target] = letters[Int(group >> 18)]
          output[target + 1] = letters[Int(group >> 12 & 63)]
          output[target + 2] = rest > 1 ? letters[Int(group >> 6 & 63)] : UInt8(ascii: "=")
          output[target + 3] = rest > 2 ? letters[Int(group & 63)] : UInt8(ascii: "=")
          target += 4
        }
      }
      written = count
    }
  }

  /// The characters of encoded bytes, four for each three.
  package static func encode(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBytes { encode($0) }
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
