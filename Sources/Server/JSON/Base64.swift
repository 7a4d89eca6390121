/// Binary data as text.
///
/// - Standard: RFC 4648, section 4, with padding.
package enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The text of some bytes; four characters for every three of them.
  package static func encode(_ data: some RandomAccessCollection<UInt8>) -> [UInt8] {
    let source = Array(data)
    return Array(unsafeUninitializedCapacity: (source.count + 2) / 3 * 4) { target, count in
      var read = 0
      while read + 2 < source.count {
        let bits =
          UInt32(source[read]) << 16 | UInt32(source[read + 1]) << 8 | UInt32(source[read + 2])
        for place in 0..<4 { target[count + place] = letter(bits, place) }
        count += 4
        read += 3
      }
      guard read < source.count else { return }
      let isPair = read + 1 < source.count
      let bits = UInt32(source[read]) << 16 | (isPair ? UInt32(source[read + 1]) << 8 : 0)
      target[count] = letter(bits, 0)
      target[count + 1] = letter(bits, 1)
      target[count + 2] = isPair ? letter(bits, 2) : UInt8(ascii: "=")
      target[count + 3] = UInt8(ascii: "=")
      count += 4
    }
  }

  private static func letter(_ bits: UInt32, _ place: Int) -> UInt8 {
    alphabet[Int(bits >> UInt32(18 - 6 * place)) & 63]
  }
}
