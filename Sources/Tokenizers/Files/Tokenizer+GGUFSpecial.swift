/// Control tokens out of GGUF metadata.
extension Tokenizer {
  /// The tokens that are cut out of the text first.
  static func addedTokens(_ fields: GGUFTokenizerFields) throws(TokenizerError) -> [AddedToken] {
    guard fields.tokenTypes.isEmpty || fields.tokenTypes.count == fields.tokens.count else {
      throw fault(
        "token_type", expected: "\(fields.tokens.count) types",
        found: "\(fields.tokenTypes.count)")
    }
    return GGUFTokenRules(fields).addedTokens()
  }

  /// The tokens that metadata names by number.
  static func specialTokens(
    _ fields: GGUFTokenizerFields
  ) throws(TokenizerError) -> SpecialTokens {
    let named: [(String, Token?)] = [
      ("bos_token_id", fields.bos), ("eos_token_id", fields.eos), ("eot_token_id", fields.eot),
      ("eom_token_id", fields.eom), ("unknown_token_id", fields.unknown),
      ("padding_token_id", fields.pad),
    ]
    for (key, token) in named {
      guard let token, token < 0 || Int(token) >= fields.tokens.count else { continue }
      throw fault(
        key, expected: "a token below \(fields.tokens.count)", found: String(token))
    }
    var special = SpecialTokens()
    special.bos = fields.bos
    special.primaryEOS = fields.eos
    special.eos = Set([fields.eos, fields.eot, fields.eom].compactMap(\.self))
    special.unknown = fields.unknown
    special.pad = fields.pad
    return special
  }
}
