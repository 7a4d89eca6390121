import Patterns

/// The values of `tokenizer.ggml.pre` and the splits they stand for.
///
/// One line for each group of names that split alike. A name that is not here is refused: a wrong split
/// shows only as a model that answers a little worse.
///
/// The judge is llama.cpp, with which users of such files compare, also where the model's own `tokenizer.json`
/// says otherwise: it composes no accents (`qwen2`), knows the cases of ASCII letters only and takes no marks into
/// words (`gpt-4o`, `tekken`), and folds no U+017F in contractions. Expected are the ids of version b9190, but for
/// `~`, which it takes for no symbol and newer ones do; newer names follow the source.
///
/// - Source: `src/llama-vocab.cpp` and `src/unicode.cpp` of llama.cpp.
enum GGUFPreTokenizers {
  /// How text is prepared for merging.
  struct Entry: Sendable {
    var names: [String]
    /// Expressions whose matches, and what lies between, become pieces, one after the other.
    var patterns: [String]
    var ignoreMerges = false
    /// Whether llama.cpp puts the beginning-of-text token in front when the file does not say.
    var addsBOS = false
    /// Characters as they are, with U+2581 for blanks and `<0xNN>` for bytes, instead of the byte alphabet.
    var isSpaced = false
  }

  static let all: [Entry] = [
    Entry(
      names: [
        "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de",
        "jina-v2-code", "roberta-bpe", "modern-bert", "gigachat", "a.x-4.0", "mellum", "mpt",
        "olmo", "jais", "trillion", "exaone4", "granite-docling",
      ], patterns: [gpt2]),
    Entry(
      names: [
        "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
        "mellum2",
      ], patterns: [digit, gpt2]),
    Entry(
      names: [
        "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
        "jina-v5-nano",
      ],
      patterns: [llama3], ignoreMerges: true, addsBOS: true),
    Entry(names: ["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], patterns: [llama3]),
    Entry(
      names: [
        "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "hunyuan", "megrez",
        "solar-open", "grok-2",
      ], patterns: [qwen2]),
    Entry(names: ["qwen35"], patterns: [KnownSplit.qwen35ASCII.pattern]),
    Entry(
      names: ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
      patterns: [KnownSplit.gpt4o.pattern]),
    Entry(names: ["tekken"], patterns: [Published.tekken], ignoreMerges: true, addsBOS: true),
    Entry(
      names: ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
      patterns: [#"\p{N}{1,3}"#, Published.kana, Published.deepSeek(trail: #"[\r\n]*"#)]),
    Entry(
      names: ["spark2_5"],
      patterns: [#"\p{N}{1,3}"#, Published.kana, Published.spark, #"\p{N}"#]),
    Entry(names: ["deepseek-llm"], patterns: Published.deepSeekLLM),
    Entry(names: ["deepseek-coder"], patterns: Published.deepSeekCoder),
    Entry(names: ["falcon"], patterns: [#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, "[0-9][0-9][0-9]"]),
    Entry(
      names: ["default"],
      patterns: [#"[\p{P}\$\+<=>\^~\|]+"#, gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]"]),
    Entry(names: ["jais-2"], patterns: [Published.jais2]),
    Entry(names: ["poro-chat", "bloom", "gpt3-finnish"], patterns: [Published.bloom]),
    Entry(names: ["viking"], patterns: [Published.bloom, digit]),
    Entry(names: ["chameleon"], patterns: Published.chameleon + [gpt2], addsBOS: true),
    Entry(names: ["youtu"], patterns: Published.youtu, ignoreMerges: true),
    Entry(
      names: ["granite-embed-multi-97m"], patterns: [Published.graniteMultilingual],
      ignoreMerges: true),
    Entry(
      names: ["tiny_aya", "cohere2moe"],
      patterns: [KnownSplit.digitGroups.pattern, Published.markedWords(digits: "{1,3}")]),
    Entry(names: ["kimi-k2"], patterns: [Published.kimi]),
    Entry(names: ["superbpe"], patterns: [#"\p{N}+"#, Published.groups]),
    Entry(names: ["bailingmoe", "bailingmoe2", "llada-moe"], patterns: [Published.bailing]),
    Entry(names: ["seed-coder"], patterns: [Published.seedCoder]),
    Entry(names: ["ufakzeka"], patterns: [Published.words]),
    Entry(names: ["afmoe"], patterns: Published.afmoe),
    Entry(names: ["laguna"], patterns: [Published.lines, qwen2]),
    Entry(names: ["exaone-moe"], patterns: [Published.exaone]),
    Entry(
      names: ["minicpm5"], patterns: [#"\p{N}{1,3}"#, Published.miniCPM], ignoreMerges: true),
    Entry(
      names: ["gemma4", "granite-embed-multi-311m"], patterns: [Published.lines], addsBOS: true,
      isSpaced: true),
    Entry(names: ["sarvam-moe"], patterns: [Published.lines], isSpaced: true),
  ]

  static let digit = #"\p{N}"#
  private static let gpt2 = KnownSplit.gpt2.pattern
  private static let llama3 = KnownSplit.llama3ASCII.pattern
  private static let qwen2 = KnownSplit.qwen2ASCII.pattern

  /// The entry of a name; a file without one means `default`.
  static func named(_ name: String?) throws(TokenizerError) -> Entry {
    let wanted = name.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
    if let entry = all.first(where: { $0.names.contains(wanted) }) { return entry }
    throw Tokenizer.fault(
      "pre", expected: all.flatMap(\.names).joined(separator: ", "), found: wanted)
  }
}

extension GGUFPreTokenizers.Entry {
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
