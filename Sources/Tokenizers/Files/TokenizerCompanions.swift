import Foundation
import JSON

/// The small files beside `tokenizer.json`, as far as they are there.
struct TokenizerCompanions {
  private let directory: URL
  private let tokenizerConfig: JSONValue
  private let specialTokensMap: JSONValue
  private let generationConfig: JSONValue
  private let config: JSONValue

  init(_ directory: URL) throws(TokenizerError) {
    self.directory = directory
    tokenizerConfig = try Self.read("tokenizer_config.json", in: directory)
    specialTokensMap = try Self.read("special_tokens_map.json", in: directory)
    generationConfig = try Self.read("generation_config.json", in: directory)
    config = try Self.read("config.json", in: directory)
  }

  private static func exists(_ name: String, in directory: URL) -> Bool {
    FileManager.default.fileExists(atPath: directory.appending(path: name).path)
  }

  private static func read(_ name: String, in directory: URL) throws(TokenizerError) -> JSONValue {
    guard exists(name, in: directory) else { return .null }
    let bytes = try Tokenizer.read(name, in: directory)
    return try JSONValue(parsing: bytes, JSONRules(allowsInfinities: true)) {
      TokenizerError(file: name, $0)
    }
  }

  /// The text of a named token: a string, or an object with `content`.
  private func text(_ name: String) -> String? {
    for file in [tokenizerConfig, specialTokensMap] {
      if let text = file[name]?.string ?? file[name]?["content"]?.string { return text }
    }
    return nil
  }

  func specialTokens(_ parts: Tokenizer.Parts) -> SpecialTokens {
    func token(_ name: String) -> Token? {
      guard let text = text(name) else { return nil }
      return parts.added.first { $0.text.utf8.elementsEqual(text.utf8) }?.token
        ?? parts.vocabulary.token(Array(text.utf8))
    }
    var special = SpecialTokens()
    special.bos = token("bos_token") ?? numbers(config["bos_token_id"]).first
    special.pad = token("pad_token")
    special.unknown = token("unk_token")
    let listed = numbers(generationConfig["eos_token_id"])
    let named = listed + numbers(config["eos_token_id"])
    special.primaryEOS = token("eos_token") ?? named.first
    // What transformers generates with: the list of `generation_config.json` is the whole of it.
    special.namesAllEnds = !listed.isEmpty
    special.eos = Set(listed.isEmpty ? named : listed)
    guard listed.isEmpty else { return special }
    if let end = token("eos_token") { special.eos.insert(end) }
    return special
  }

  /// One token or a list of them.
  private func numbers(_ value: JSONValue?) -> [Token] {
    let list = value?.array ?? value.map { [$0] } ?? []
    return list.compactMap { $0.integer.flatMap { Token(exactly: $0) } }.filter { $0 >= 0 }
  }

  /// The chat template: a file of its own, a text, or a list of named texts of which `default` counts.
  func chatTemplate() throws(TokenizerError) -> String? {
    if Self.exists("chat_template.jinja", in: directory) {
      let bytes = try Tokenizer.read("chat_template.jinja", in: directory)
      return String(decoding: bytes, as: UTF8.self)
    }
    let found = tokenizerConfig["chat_template"]
    if let text = found?.string { return text }
    let named = found?.array?.first { $0["name"]?.string == "default" }
    return named?["template"]?.string
  }
}
