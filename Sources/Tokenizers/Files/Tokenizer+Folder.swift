package import Foundation

/// Tokenizers out of Hugging Face folders.
extension Tokenizer {
  /// Opens the tokenizer of a checkpoint folder.
  ///
  /// `tokenizer.json` decides ids and text; `tokenizer_config.json`, `special_tokens_map.json`,
  /// `generation_config.json` and `config.json`, as far as they are there, name the special tokens, and
  /// `chat_template.jinja` or `tokenizer_config.json` holds the chat template.
  ///
  /// - Throws: `TokenizerError` naming the file and the field.
  package static func open(directory: URL) throws(TokenizerError) -> Tokenizer {
    let file = try TokenizerFile(try read("tokenizer.json", in: directory), name: "tokenizer.json")
    var parts = try parts(of: file)
    let companions = try TokenizerCompanions(directory)
    parts.special = companions.specialTokens(parts)
    parts.chatTemplate = try companions.chatTemplate()
    return try Tokenizer(parts)
  }

  /// The tokenizer of a `tokenizer.json` that stands alone.
  convenience init(file: TokenizerFile) throws(TokenizerError) {
    try self.init(try Self.parts(of: file))
  }

  private static func parts(of file: TokenizerFile) throws(TokenizerError) -> Parts {
    var parts = Parts(vocabulary: file.vocabulary, model: try file.readModel())
    parts.normalizer = try file.readNormalizer()
    parts.preTokenizer = try file.readPreTokenizer()
    parts.postProcessor = try file.readPostProcessor()
    parts.decoder = try file.readDecoder()
    parts.added = try file.readAddedTokens()
    for token in parts.added where parts.vocabulary.spelling(of: token.token) == nil {
      guard parts.vocabulary.insertUnlisted(Array(token.text.utf8), token.token) else {
        throw file.fault("added_tokens", expected: "a smaller token", found: "\(token.token)")
      }
    }
    return parts
  }

  /// Reads a file of the folder; a missing one is an error.
  static func read(_ name: String, in directory: URL) throws(TokenizerError) -> [UInt8] {
    do {
      return Array(try Data(contentsOf: directory.appending(path: name)))
    } catch {
      throw TokenizerError(
        file: name, field: "file", expected: "a readable file", found: error.localizedDescription)
    }
  }
}
