import Patterns

/// Tokenizers out of GGUF metadata.
extension Tokenizer {
  /// Builds the tokenizer that GGUF metadata describes.
  ///
  /// - Throws: `TokenizerError` naming the metadata key that is missing, contradictory or unknown.
  package convenience init(gguf fields: GGUFTokenizerFields) throws(TokenizerError) {
    var parts: Parts =
      switch fields.model {
      case "gpt2", "gemma4": try Self.bytePair(fields)
      case "llama": try Self.sentencePiece(fields)
      case "t5": try Self.unigram(fields)
      case "bert": try Self.wordPiece(fields)
      default:
        throw Self.fault("model", expected: "gpt2, gemma4, llama, t5 or bert", found: fields.model)
      }
    parts.added = try Self.addedTokens(fields)
    parts.special = try Self.specialTokens(fields)
    parts.chatTemplate = fields.chatTemplate
    if fields.addBOS ?? Self.addsBOS(fields), let bos = fields.bos {
      parts.postProcessor.before = [bos]
    }
    if fields.addEOS ?? (fields.model == "t5"), let eos = fields.eos {
      parts.postProcessor.after = [eos]
    }
    // BERT's two marks are around every text, whatever the file says of its ends.
    if fields.model == "bert" {
      parts.postProcessor = PostProcessor(
        before: [fields.bos].compactMap(\.self), after: [fields.separator].compactMap(\.self))
    }
    try self.init(parts)
  }

  static func fault(_ key: String, expected: String, found: String) -> TokenizerError {
    TokenizerError(
      file: "GGUF", field: "tokenizer.ggml." + key, expected: expected, found: found)
  }

  /// llama.cpp's habit for files that do not say.
  private static func addsBOS(_ fields: GGUFTokenizerFields) -> Bool {
    switch fields.model {
    case "llama", "gemma4": true
    case "gpt2":
      GGUFPreTokenizers.all.first { $0.names.contains(fields.pre ?? "") }?.addsBOS ?? false
    default: false
    }
  }

  private static func bytePair(_ fields: GGUFTokenizerFields) throws(TokenizerError) -> Parts {
    let vocabulary = try vocabulary(fields)
    var merges = MergeTable(capacity: fields.merges.count)
    for (rank, text) in fields.merges.enumerated() {
      let bytes = Array(text.utf8)
      // The blank in the middle: a token may begin with one, but not be empty.
      guard let blank = bytes.dropFirst().firstIndex(of: 0x20) else {
        throw fault("merges[\(rank)]", expected: "two tokens and a blank", found: text)
      }
      let left = bytes[..<blank]
      let right = bytes[(blank + 1)...]
      guard let first = vocabulary.token(left), let second = vocabulary.token(right),
        let joined = vocabulary.token(left + right), let rank = Int32(exactly: rank)
      else {
        throw fault("merges[\(rank)]", expected: "tokens of the vocabulary", found: text)
      }
      if merges.merge(first, second) == nil {
        merges.insert(first, second, MergeTable.Merge(rank: rank, joined: joined))
      }
    }
    let pre = try GGUFPreTokenizers.named(fields.model == "gemma4" ? "gemma4" : fields.pre)
    var model = BytePairModel(merges: merges)
    model.ignoreMerges = pre.ignoreMerges
    if pre.isSpaced { return try spaced(vocabulary, model, pre) }
    var parts = Parts(vocabulary: vocabulary, model: model)
    // `add_space_prefix` has no part in this: llama.cpp reads it, and puts no blank in front of these.
    parts.preTokenizer = .sequence(
      try pre.steps() + [.byteLevel(addPrefixSpace: false, splits: false)])
    parts.decoder.steps = [.byteLevel]
    return parts
  }

  /// Byte-pair encoding over characters, with blanks and bytes spelt as SentencePiece spells them.
  private static func spaced(
    _ vocabulary: Vocabulary, _ model: BytePairModel, _ pre: GGUFPreTokenizers.Entry
  ) throws(TokenizerError) -> Parts {
    var model = model
    model.byteFallback = true
    model.wholeLineRuns = pre.names.contains("gemma4")
    var parts = Parts(vocabulary: vocabulary, model: model)
    parts.normalizer = .replace(.literal(" "), with: "\u{2581}")
    parts.preTokenizer = .sequence(try pre.steps())
    parts.decoder.steps = [.byteFallback, .replace("\u{2581}", with: " ")]
    return parts
  }

  private static func sentencePiece(
    _ fields: GGUFTokenizerFields
  ) throws(TokenizerError) -> Parts {
    let vocabulary = try vocabulary(fields)
    guard fields.scores.count == fields.tokens.count else {
      throw fault(
        "scores", expected: "\(fields.tokens.count) scores", found: "\(fields.scores.count)")
    }
    guard fields.scores.allSatisfy(\.isFinite) else {
      throw fault("scores", expected: "finite scores", found: "one that is not")
    }
    let model = ScoredMergeModel(
      scores: fields.scores, unspelt: unspelt(fields), unknown: fields.unknown)
    return metaspaceParts(vocabulary, model, fields)
  }

  private static func unigram(_ fields: GGUFTokenizerFields) throws(TokenizerError) -> Parts {
    let vocabulary = try vocabulary(fields)
    guard fields.scores.count == fields.tokens.count, fields.scores.allSatisfy(\.isFinite),
      let unknown = fields.unknown
    else {
      throw fault(
        "scores", expected: "a finite score for each of \(fields.tokens.count) tokens",
        found: "\(fields.scores.count) scores")
    }
    let rules = GGUFTokenRules(fields)
    // What users define is taken before anything that was learnt.
    let scores = fields.scores.enumerated().map { index, score in
      rules.type(of: index) == 4 ? 0 : Double(score)
    }
    let learnt = scores.indices.lazy.filter { rules.type(of: $0) == 1 }.map { scores[$0] }
    let model = UnigramModel(
      scores: scores, unknownScore: UnigramModel.score(ofUnknownBeside: learnt),
      singlePrecision: false, unknown: unknown, byteFallback: fields.tokenTypes.contains(6),
      unspelt: unspelt(fields), longest: vocabulary.longestSpelling)
    var parts = metaspaceParts(vocabulary, model, fields)
    let prefix = fields.addSpacePrefix ?? false
    let merges = fields.removeExtraWhitespaces ?? false
    parts.normalizer = .sequence(
      try charsmap(fields) + [.markedBlanks(prefix: prefix, merges: merges)])
    parts.decoder.leadingStrip =
      prefix || merges ? PieceDecoder.LeadingStrip(character: " ", left: 1) : nil
    return parts
  }

  private static func charsmap(
    _ fields: GGUFTokenizerFields
  ) throws(TokenizerError) -> [Normalizer] {
    if fields.precompiledCharsmap.isEmpty { return [] }
    do {
      return [.charsmap(try Charsmap(fields.precompiledCharsmap), byCharacters: false)]
    } catch {
      throw fault(
        "precompiled_charsmap", expected: "SentencePiece's compiled rules",
        found: "\(fields.precompiledCharsmap.count) bytes: \(error)")
    }
  }

  /// BERT's: every beginning of a word is spelt with U+2581 before it, and its other parts without a mark.
  private static func wordPiece(_ fields: GGUFTokenizerFields) throws(TokenizerError) -> Parts {
    let vocabulary = try vocabulary(fields)
    guard let unknown = fields.unknown else {
      throw fault("unknown_token_id", expected: "a token", found: "nothing")
    }
    var rules = BertRules()
    rules.lowercases = fields.lowercases ?? true
    rules.stripsAccents = fields.stripsAccents ?? rules.lowercases
    rules.isSimple = true
    let marker = "\u{2581}"
    let model = WordPieceModel(
      unknown: unknown, wordPrefix: Array(marker.utf8), continuingPrefix: [], mostCharacters: .max,
      longest: vocabulary.longestSpelling)
    var parts = Parts(vocabulary: vocabulary, model: model)
    parts.normalizer = .bert(rules)
    parts.preTokenizer = .sequence([.whitespaceSplit, .punctuation(.isolated)])
    parts.decoder.steps = [.replace(marker, with: " ")]
    parts.decoder.leadingStrip = .init(character: " ", left: 1)
    return parts
  }

  /// Unknown (2), control (3) and byte (6) tokens: text never spells them.
  private static func unspelt(_ fields: GGUFTokenizerFields) -> Set<Token> {
    let rules = GGUFTokenRules(fields)
    return Set(
      fields.tokens.indices.filter { [2, 3, 6].contains(rules.type(of: $0)) }.map { Token($0) })
  }

  /// Blanks as `▁`, one put in front, and taken away again when decoding.
  private static func metaspaceParts(
    _ vocabulary: Vocabulary, _ model: any PieceModel, _ fields: GGUFTokenizerFields
  ) -> Parts {
    var parts = Parts(vocabulary: vocabulary, model: model)
    let prefix = fields.addSpacePrefix ?? true
    parts.normalizer = .sequence(
      (prefix ? [.prepend(" ")] : []) + [.replace(.literal(" "), with: "\u{2581}")])
    parts.decoder.steps = [.byteFallback, .replace("\u{2581}", with: " ")]
    if prefix { parts.decoder.leadingStrip = .init(character: " ", left: 1) }
    return parts
  }

  private static func vocabulary(
    _ fields: GGUFTokenizerFields
  ) throws(TokenizerError) -> Vocabulary {
    guard !fields.tokens.isEmpty, fields.tokens.count <= Int(Vocabulary.largestToken) else {
      throw fault(
        "tokens", expected: "1 to \(Vocabulary.largestToken) tokens",
        found: "\(fields.tokens.count)")
    }
    var vocabulary = Vocabulary(capacity: fields.tokens.count)
    for (index, text) in fields.tokens.enumerated() {
      guard let token = Token(exactly: index),
        vocabulary.insertUnlisted(Array(text.utf8), token)
      else { throw fault("tokens[\(index)]", expected: "a shorter vocabulary", found: text) }
    }
    return vocabulary
  }
}
