/// The text of one generation, token by token.
///
/// A token may carry a part of a character. What is returned is always whole characters; the concatenation
/// of everything returned is `Tokenizer.decode` of all tokens.
package struct TextDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecial: Bool
  private var repair = UTF8Repair()
  /// Leading characters that the vocabulary's decoder still strips.
  private var strip: PieceDecoder.LeadingStrip?
  private var isFirst = true

  package init(_ tokenizer: Tokenizer, skipSpecial: Bool) {
    self.tokenizer = tokenizer
    self.skipSpecial = skipSpecial
    self.strip = tokenizer.decoder.leadingStrip
  }

  /// Takes one token and returns the text that is certain now, perhaps none.
  package mutating func append(_ token: Token) -> String {
    if skipSpecial, tokenizer.isSpecial(token) { return "" }
    defer { isFirst = false }
    return stripped(repair.append(tokenizer.bytes(of: token, isFirst: isFirst)))
  }

  /// Ends the text; a broken character at the end becomes U+FFFD.
  package mutating func finish() -> String { stripped(repair.finish()) }

  private mutating func stripped(_ text: String) -> String {
    guard strip != nil else { return text }
    return strip?.apply(to: text) ?? text
  }
}
