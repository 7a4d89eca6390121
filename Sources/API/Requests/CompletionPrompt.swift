internal import Engine
internal import JSON
internal import Tokenizers

/// What a text completion goes on from.
struct CompletionPrompt: Sendable {
  let tokens: [Token]
  /// What is repeated where that is asked for.
  let text: String
  /// Where each token's text begins in it, in code points.
  let offsets: [Int]

  /// Answers of one request at most.
  static let limit = 1024

  /// The prompts of a body: a text or its tokens, or several of these.
  static func prompts(
    _ fields: Fields, of model: LoadedModel, member: String = "prompt"
  ) throws(Refusal) -> [CompletionPrompt] {
    guard let value = fields[member] else { throw .missing(field: fields.name(member)) }
    guard let list = value.array else { return [try CompletionPrompt(value, member, model)] }
    guard !list.isEmpty else {
      throw .outOfRange(field: member, found: "an empty array", allowed: "at least one text")
    }
    if list.first?.integer != nil { return [try CompletionPrompt(value, member, model)] }
    guard list.count <= limit else {
      throw .outOfRange(
        field: member, found: "\(list.count) texts", allowed: "at most \(limit)")
    }
    var prompts: [CompletionPrompt] = []
    for (index, one) in list.enumerated() {
      prompts.append(try CompletionPrompt(one, "\(member)[\(index)]", model))
    }
    return prompts
  }

  /// A text, or the ids of its tokens.
  init(_ value: JSONValue, _ field: String, _ model: LoadedModel) throws(Refusal) {
    self.init(try Self.tokens(value, field, model), text: value.string, model.tokenizer)
  }

  /// The tokens of a text, or those whose ids are given.
  static func tokens(
    _ value: JSONValue, _ field: String, _ model: LoadedModel
  ) throws(Refusal) -> [Token] {
    if let text = value.string { return try model.tokens(ofPrompt: text, field: field) }
    guard let list = value.array else {
      throw .wrongType(
        field: field, expected: "a string or an array of token ids", found: value.kind)
    }
    guard !list.isEmpty else {
      throw .outOfRange(field: field, found: "no tokens", allowed: "at least one token")
    }
    var tokens: [Token] = []
    for (index, element) in list.enumerated() {
      guard let id = element.integer else {
        throw .wrongType(
          field: "\(field)[\(index)]", expected: "a token id", found: element.kind)
      }
      guard id >= 0, id < Int64(model.info.vocabularySize) else {
        throw .outOfRange(
          field: "\(field)[\(index)]", found: element.kind,
          allowed: "from 0 to \(max(model.info.vocabularySize - 1, 0))")
      }
      tokens.append(Token(id))
    }
    return tokens
  }

  /// - Parameter text: what the tokens were made of; what the model wants around it is then no part of it.
  private init(_ tokens: [Token], text: String?, _ tokenizer: Tokenizer) {
    self.tokens = tokens
    var decoder = TextDecoder(tokenizer, skipSpecial: false)
    var decoded = ""
    var count = 0
    var offsets: [Int] = []
    var isWithin = text == nil
    for token in tokens {
      offsets.append(count)
      if !isWithin, tokenizer.isSpecial(token), let text,
        !text.hasPrefix(tokenizer.piece(token))
      {
        continue
      }
      isWithin = true
      let piece = decoder.append(token)
      decoded += piece
      count += piece.unicodeScalars.count
    }
    self.text = text ?? decoded + decoder.finish()
    self.offsets = offsets
  }
}
