import Patterns

/// Text to tokens and back, as one model's files define it.
///
/// Made from a Hugging Face folder (`open`) or from GGUF metadata (`init(gguf:)`); after that it is a
/// constant that any number of threads may use.
package final class Tokenizer: Sendable {
  /// One more than the largest token.
  package let vocabularySize: Int
  package let specialTokens: SpecialTokens
  /// Equal for tokenizers that encode and decode alike; recordings carry it to be replayed truthfully.
  package let hash: String
  /// The chat template that came with the model, if any.
  package let chatTemplate: String?

  let vocabulary: Vocabulary
  let model: any PieceModel
  let normalizer: Normalizer?
  let preTokenizer: PreTokenizer?
  let postProcessor: PostProcessor
  let decoder: PieceDecoder
  /// Tokens cut out of the raw text, and those cut out of the normalised text.
  let rawMatcher: AddedTokenMatcher
  let normalizedMatcher: AddedTokenMatcher
  /// What one token can stand for; nil where that has no bound.
  let reach: TokenReach?
  /// Added tokens by their number.
  let added: [Token: AddedToken]

  /// What a tokenizer is made of.
  struct Parts {
    var vocabulary: Vocabulary
    var model: any PieceModel
    var normalizer: Normalizer?
    var preTokenizer: PreTokenizer?
    var postProcessor = PostProcessor()
    var decoder = PieceDecoder()
    var added: [AddedToken] = []
    var special = SpecialTokens()
    var chatTemplate: String?
  }

  /// - Throws: `TokenizerError` if the parts could make a short text a very long one, or take too long over it.
  init(_ parts: Parts) throws(TokenizerError) {
    try parts.checkBounds()
    vocabulary = parts.vocabulary
    model = parts.model
    normalizer = parts.normalizer
    preTokenizer = parts.preTokenizer
    postProcessor = parts.postProcessor
    decoder = parts.decoder
    chatTemplate = parts.chatTemplate
    let normalizer = parts.normalizer
    var all = parts.added
    if let normalizer {
      var budget = PatternBudget(bytes: all.reduce(0) { $0 + $1.text.utf8.count })
      for index in all.indices where all[index].normalized {
        do {
          all[index].text = try normalizer.apply(to: all[index].text, &budget)
        } catch { throw TokenizerError(error) }
      }
    }
    rawMatcher = AddedTokenMatcher(all.filter { !$0.normalized })
    normalizedMatcher = AddedTokenMatcher(all.filter(\.normalized))
    added = Dictionary(all.map { ($0.token, $0) }) { _, last in last }
    let largest = parts.added.map { Int($0.token) + 1 }.max() ?? 0
    vocabularySize = max(parts.vocabulary.size, largest)
    var special = parts.special
    if !special.namesAllEnds {
      special.eos.formUnion(SpecialTokens.knownEnds(among: parts.added))
    }
    specialTokens = special
    hash = Self.hash(of: parts)
    reach = TokenReach(parts, largestAdded: parts.added.map(\.text.utf8.count).max() ?? 0)
  }

  private static func hash(of parts: Parts) -> String {
    var hash = StableHash()
    parts.vocabulary.combine(into: &hash)
    parts.model.combine(into: &hash)
    for token in parts.added {
      hash.combine(token.text.utf8)
      hash.combine(UInt64(bitPattern: Int64(token.token)))
    }
    // Enumerations print their contents, the same in every run.
    let pipeline = "\(parts.normalizer as Any)\(parts.preTokenizer as Any)\(parts.decoder)"
    hash.combine(pipeline.utf8)
    hash.combine("\(parts.postProcessor)".utf8)
    return hash.text
  }

  /// The token that is spelt exactly so: an added token or an entry of the vocabulary.
  package func token(spelt text: String) -> Token? {
    added.values.first { $0.text.utf8.elementsEqual(text.utf8) }?.token
      ?? vocabulary.token(Array(text.utf8))
  }
}
