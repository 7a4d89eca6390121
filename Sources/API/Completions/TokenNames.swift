internal import Tokenizers

extension Tokenizer {
  /// How a token is named where tokens are listed: its text, or `bytes:\\xf0\\x9f` where that is no whole text.
  func name(of token: Token) -> String {
    let bytes = bytes(of: token)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return bytes.reduce(into: "bytes:") { name, byte in
      name += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
  }

  /// Names of several tokens, no two alike: of tokens with the same text the later ones are `token:ID`.
  func names(of tokens: [Token]) -> [String] {
    var taken: Set<String> = []
    return tokens.map { token in
      let name = name(of: token)
      if taken.insert(name).inserted { return name }
      taken.insert("token:\(token)")
      return "token:\(token)"
    }
  }
}
