internal import Engine
internal import Tokenizers

extension Fields {
  /// The `prompt` of the routes that take nothing but a text, and its tokens, of which there is at least one.
  func plainPrompt(_ model: LoadedModel) throws(Refusal) -> (text: String, tokens: [Token]) {
    guard let text = try string("prompt"), !text.isEmpty else { throw .missing(field: "prompt") }
    let tokens = try model.tokens(ofPrompt: text, field: "prompt")
    guard !tokens.isEmpty else { throw .engine(.emptyPrompt) }
    return (text, tokens)
  }
}
