import JSON
import OrderedCollections

/// Added tokens, the model and the post-processor out of `tokenizer.json`.
extension TokenizerFile {
  func readAddedTokens() throws(TokenizerError) -> [AddedToken] {
    guard let value = top["added_tokens"], !value.isNull else { return [] }
    guard let list = value.array else {
      throw fault("added_tokens", expected: "a list", found: value.kind)
    }
    var tokens: [AddedToken] = []
    for (index, value) in list.enumerated() {
      let part = Part(file: self, path: "added_tokens[\(index)]", value: value)
      guard let id = value["id"]?.integer, let token = Token(exactly: id), token >= 0,
        token < Vocabulary.largestToken
      else { throw part.fault("id", expected: "a token", found: value["id"]) }
      let special = try part.flag("special", default: false)
      var added = AddedToken(token: token, text: try part.text("content"), special: special)
      added.stripsLeft = try part.flag("lstrip", default: false)
      added.stripsRight = try part.flag("rstrip", default: false)
      added.singleWord = try part.flag("single_word", default: false)
      added.normalized = try part.flag("normalized", default: !special)
      tokens.append(added)
    }
    return tokens
  }

  /// The model; files written before 2020 do not name its type.
  func readModel() throws(TokenizerError) -> any PieceModel {
    let part = Part(file: self, path: "model", value: .object(model))
    guard vocabulary.count > 0 else {
      throw fault("model.vocab", expected: "a vocabulary", found: "nothing")
    }
    switch part.value["type"]?.string ?? (scores.isEmpty ? "BPE" : "Unigram") {
    case "BPE": return try bytePair(part)
    case "Unigram": return try unigram(part)
    case "WordPiece": return try wordPiece(part)
    case "WordLevel": return WordLevelModel(unknown: try unknown(part))
    default:
      throw part.fault(
        "type", expected: "BPE, Unigram, WordPiece or WordLevel", found: part.value["type"])
    }
  }

  private func bytePair(_ part: Part) throws(TokenizerError) -> BytePairModel {
    if let dropout = part.value["dropout"], !dropout.isNull, dropout.integer != 0 {
      throw part.fault("dropout", expected: "none", found: dropout)
    }
    guard scores.isEmpty else {
      throw part.fault("vocab", expected: "an object", found: .string("a list"))
    }
    var model = BytePairModel(merges: merges)
    model.ignoreMerges = try part.flag("ignore_merges", default: false)
    model.byteFallback = try part.flag("byte_fallback", default: false)
    model.fuseUnknown = try part.flag("fuse_unk", default: false)
    model.continuingPrefix = Array((part.value["continuing_subword_prefix"]?.string ?? "").utf8)
    model.endOfWordSuffix = Array((part.value["end_of_word_suffix"]?.string ?? "").utf8)
    if let text = part.value["unk_token"]?.string {
      guard let unknown = vocabulary.token(Array(text.utf8)) else {
        throw part.fault(
          "unk_token", expected: "a token of the vocabulary", found: .string(text))
      }
      model.unknown = unknown
    }
    return model
  }

  private func unigram(_ part: Part) throws(TokenizerError) -> UnigramModel {
    guard !scores.isEmpty, let id = part.value["unk_id"]?.integer, let unknown = Token(exactly: id),
      vocabulary.spelling(of: unknown) != nil
    else { throw part.fault("unk_id", expected: "a token", found: part.value["unk_id"]) }
    return UnigramModel(
      scores: scores, unknownScore: UnigramModel.score(ofUnknownBeside: scores),
      singlePrecision: false, unknown: unknown,
      byteFallback: try part.flag("byte_fallback", default: false),
      longest: scores.indices.compactMap { vocabulary.spelling(of: Token($0))?.count }.max() ?? 1)
  }

  private func wordPiece(_ part: Part) throws(TokenizerError) -> WordPieceModel {
    let most = part.value["max_input_chars_per_word"]
    guard let most = most == nil ? 100 : most?.integer, (1...1 << 20).contains(most) else {
      throw part.fault("max_input_chars_per_word", expected: "a count", found: most)
    }
    var model = WordPieceModel(
      unknown: try unknown(part), mostCharacters: Int(most), longest: vocabulary.longestSpelling)
    if let prefix = part.value[present: "continuing_subword_prefix"] {
      guard let text = prefix.string else {
        throw part.fault("continuing_subword_prefix", expected: "a text", found: prefix)
      }
      model.continuingPrefix = Array(text.utf8)
    }
    return model
  }

  /// The token of `unk_token`, which these models cannot do without.
  private func unknown(_ part: Part) throws(TokenizerError) -> Token {
    let text = try part.text("unk_token")
    guard scores.isEmpty, let unknown = vocabulary.token(Array(text.utf8)) else {
      throw part.fault("unk_token", expected: "a token of the vocabulary", found: .string(text))
    }
    return unknown
  }

  func readPostProcessor() throws(TokenizerError) -> PostProcessor {
    guard let value = top["post_processor"], !value.isNull else { return PostProcessor() }
    return try postProcessor(Part(file: self, path: "post_processor", value: value))
  }

  private func postProcessor(_ part: Part) throws(TokenizerError) -> PostProcessor {
    switch part.type {
    case "ByteLevel": return PostProcessor()
    case "TemplateProcessing": return try template(part)
    case "BertProcessing", "RobertaProcessing":
      return PostProcessor(before: [try pair(part, "cls")], after: [try pair(part, "sep")])
    case "Sequence":
      var all = PostProcessor()
      for step in try part.parts("processors") {
        let next = try postProcessor(step)
        all.before = next.before + all.before
        all.after += next.after
      }
      return all
    default:
      throw part.fault("type", expected: "a known post-processor", found: part.value["type"])
    }
  }

  /// A text and its token: `["<s>", 0]`.
  private func pair(_ part: Part, _ field: String) throws(TokenizerError) -> Token {
    guard let id = part.value[field]?.array?.last?.integer, let token = Token(exactly: id),
      token >= 0
    else { throw part.fault(field, expected: "a text and its token", found: part.value[field]) }
    return token
  }

  /// The form for one text: special tokens around the sequence `A`.
  private func template(_ part: Part) throws(TokenizerError) -> PostProcessor {
    var found = PostProcessor()
    var passed = false
    for step in try part.parts("single") {
      if step.value["Sequence"] != nil {
        guard !passed else {
          throw part.fault("single", expected: "one Sequence", found: part.value["single"])
        }
        passed = true
        continue
      }
      let name = step.value["SpecialToken"]?["id"]?.string ?? ""
      let ids = part.value["special_tokens"]?[name]?["ids"]?.array ?? []
      for id in ids {
        guard let whole = id.integer, let token = Token(exactly: whole), token >= 0 else {
          throw part.fault("special_tokens[\"\(name)\"].ids", expected: "tokens", found: id)
        }
        passed ? found.after.append(token) : found.before.append(token)
      }
      if ids.isEmpty {
        throw part.fault("special_tokens[\"\(name)\"]", expected: "ids", found: nil)
      }
    }
    return found
  }
}
