/// A chunk-size line with its extensions.
///
/// - Standard: RFC 9112, section 7.1.
struct ChunkLine {
  /// Bytes of data that follow; `.max` when the number is too large for an `Int`.
  var size: Int
  /// Bytes of extensions.
  var extensionBytes: Int

  /// Judges a line without its CRLF.
  init(_ line: [UInt8]) throws(BrokenRule) {
    var rest = line[...]
    size = 0
    while let byte = rest.first, let digit = Grammar.hexDigit(byte) {
      let (product, overflow) = size.multipliedReportingOverflow(by: 16)
      let (sum, carry) = product.addingReportingOverflow(Int(digit))
      size = overflow || carry ? .max : sum
      rest.removeFirst()
    }
    guard rest.count < line.count else { throw BrokenRule(.chunkSize) }
    extensionBytes = rest.count
    while !rest.isEmpty { try Self.takeExtension(&rest) }
  }

  /// `BWS ";" BWS name [ BWS "=" BWS (token / quoted-string) ]`.
  private static func takeExtension(_ rest: inout ArraySlice<UInt8>) throws(BrokenRule) {
    rest = rest.drop(while: Grammar.isBlank)
    guard rest.popFirst() == UInt8(ascii: ";") else { throw BrokenRule(.chunkSize) }
    try takeToken(&rest)
    let afterName = rest.drop(while: Grammar.isBlank)
    guard afterName.first == UInt8(ascii: "=") else { return }
    rest = afterName.dropFirst().drop(while: Grammar.isBlank)
    if rest.first == UInt8(ascii: "\"") { try takeQuoted(&rest) } else { try takeToken(&rest) }
  }

  private static func takeToken(_ rest: inout ArraySlice<UInt8>) throws(BrokenRule) {
    rest = rest.drop(while: Grammar.isBlank)
    let token = rest.prefix(while: Grammar.isTokenCharacter)
    guard !token.isEmpty else { throw BrokenRule(.chunkExtension) }
    rest = rest[token.endIndex...]
  }

  private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) throws(BrokenRule) {
    rest.removeFirst()
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return }
      if byte == UInt8(ascii: "\\"), rest.popFirst() == nil { break }
    }
    throw BrokenRule(.chunkExtension)
  }
}
