/// Bytes from hexadecimal text, blanks allowed; nil when it is not hexadecimal.
package func bytes(hex text: String) -> [UInt8]? {
  let digits = text.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
  guard digits.count == text.filter({ !$0.isWhitespace }).count, digits.count % 2 == 0 else {
    return nil
  }
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// Lower-case hexadecimal text of bytes.
package func hex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { byte in
    let text = String(byte, radix: 16)
    return text.count == 1 ? "0" + text : text
  }.joined()
}
