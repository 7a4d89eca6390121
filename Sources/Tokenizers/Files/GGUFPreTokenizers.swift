import Patterns

/// The values of `tokenizer.ggml.pre` and the splits they stand for.
///
/// One line for each group of names that split alike. A name that is not here is refused: a wrong split
/// shows only as a model that answers a little worse.
enum GGUFPreTokenizers {
  /// How text is prepared before the byte alphabet.
  struct Entry: Sendable {
    var names: [String]
    /// Expressions whose matches, and what lies between, become pieces, one after the other.
    var patterns: [String]
    var composes = false
    var ignoreMerges = false
    /// Whether llama.cpp puts the beginning-of-text token in front when the file does not say.
    var addsBOS = false
  }

  static let all: [Entry] = [
    Entry(
      names: [
        "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "mpt", "olmo", "jais",
        "trillion", "exaone4",
      ], patterns: [gpt2]),
    Entry(
      names: [
        "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
      ], patterns: [digit, gpt2]),
    Entry(
      names: ["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0"],
      patterns: [llama3], ignoreMerges: true, addsBOS: true),
    Entry(names: ["dbrx", "smaug-bpe", "lfm2"], patterns: [llama3]),
    Entry(
      names: ["qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez"],
      patterns: [KnownSplit.qwen2.pattern], composes: true),
    Entry(names: ["gpt-4o", "llama4"], patterns: [KnownSplit.o200k.pattern]),
    Entry(names: ["tekken"], patterns: [tekken], ignoreMerges: true, addsBOS: true),
    Entry(names: ["deepseek-v3"], patterns: [#"\p{N}{1,3}"#, kana, deepSeek]),
    Entry(names: ["falcon"], patterns: [#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, "[0-9][0-9][0-9]"]),
    Entry(
      names: ["default"],
      patterns: [#"[\p{P}\$\+<=>\^~\|]+"#, gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]"]),
  ]

  fileprivate static let digit = #"\p{N}"#
  private static let gpt2 = KnownSplit.gpt2.pattern
  private static let llama3 = KnownSplit.llama3.pattern
  private static let tekken: String = {
    let lead = #"[^\r\n\p{L}\p{N}]?"#
    let high = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    let low = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    return lead + high + "*" + low + "+|" + lead + high + "+" + low + "*"
      + #"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }()
  private static let kana = "[\u{4E00}-\u{9FA5}\u{3040}-\u{309F}\u{30A0}-\u{30FF}]+"
  private static let deepSeek: String =
    ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"##
    + #"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// The entry of a name; a file without one means `default`.
  static func named(_ name: String?) throws(TokenizerError) -> Entry {
    if let entry = all.first(where: { $0.names.contains(name ?? "default") }) { return entry }
    throw Tokenizer.fault(
      "pre", expected: all.flatMap(\.names).joined(separator: ", "), found: name ?? "nothing")
  }
}

extension GGUFPreTokenizers.Entry {
  var normalizer: Normalizer? { composes ? .nfc : nil }

  /// The splits, by hand-written scanners where there are some.
  func steps() throws(TokenizerError) -> [PreTokenizer] {
    var steps: [PreTokenizer] = []
    for pattern in patterns {
      if pattern == GGUFPreTokenizers.digit {
        steps.append(.digits(individual: true))
        continue
      }
      do {
        let known = KnownSplit(pattern: pattern).map { TextPattern.known($0) }
        let found = try known ?? .expression(try RegularExpression(pattern))
        steps.append(.split(found, .isolated, inverted: false))
      } catch {
        throw Tokenizer.fault("pre", expected: "an expression", found: "\(error)")
      }
    }
    return steps
  }
}
