import Templates

/// How messages become a prompt for one model, and how its answer is read.
package struct ChatFormat: Sendable {
  /// The kinds of format.
  enum Kind: Sendable {
    case harmony(HarmonyTokens)
    case template(JinjaTemplate, ControlText)
    /// The model has none; rendering is refused.
    case none(family: String)
  }

  let kind: Kind
  let tokenizer: Tokenizer

  /// The format of a model.
  ///
  /// - Parameters:
  ///   - template: The model's own Jinja template; nil takes the one that came with the tokenizer.
  ///   - family: The model's architecture. `gpt_oss` (or `gpt-oss`) speaks Harmony, whatever its template
  ///     says, since only then text of users can never become a control token.
  /// - Throws: `ChatFormatError` if the template cannot be read here.
  package static func make(
    template: String? = nil, family: String, tokenizer: Tokenizer
  ) throws(ChatFormatError) -> ChatFormat {
    if ["gpt_oss", "gpt-oss"].contains(family) {
      // A vocabulary without Harmony's tokens (a test's, say) falls back to its own template.
      if let tokens = try? HarmonyTokens(tokenizer) {
        return ChatFormat(kind: .harmony(tokens), tokenizer: tokenizer)
      }
    }
    guard let text = template ?? tokenizer.chatTemplate else {
      return ChatFormat(kind: .none(family: family), tokenizer: tokenizer)
    }
    do {
      return ChatFormat(
        kind: .template(try JinjaTemplate(text), ControlText(tokenizer)), tokenizer: tokenizer)
    } catch { throw ChatFormatError(error) }
  }

  /// What ends a generation in this format.
  package var stopTokens: Set<Token> {
    switch kind {
    case .harmony(let tokens): tokens.stops
    case .template, .none: tokenizer.specialTokens.eos
    }
  }

  /// A reader for one generation.
  package func makeOutputParser() -> ChatOutputParser {
    switch kind {
    case .harmony(let tokens):
      let parser = HarmonyParser(tokenizer, tokens, role: "assistant")
      return ChatOutputParser(.harmony(HarmonyOutput(parser)))
    case .template, .none:
      return ChatOutputParser(.plain(TextDecoder(tokenizer, skipSpecial: true)))
    }
  }
}
