/// The values of `tokenizer.ggml.pre` and the splits they stand for.
///
/// One line for each group of names that split alike. A name that is not here is refused: a wrong split
/// shows only as a model that answers a little worse.
enum GGUFPreTokenizers {
  /// How text is prepared before the byte alphabet.
  struct Entry: Sendable {
    var names: [String]
    var normalizer: Normalizer?
    var steps: [PreTokenizer]
    var ignoreMerges = false
    /// Whether llama.cpp puts the beginning-of-text token in front when the file does not say.
    var addsBOS = false
  }

  static let all: [Entry] = [
    Entry(
      names: ["gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "mpt", "olmo"],
      steps: [known(.gpt2)]),
    Entry(
      names: ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone"],
      steps: [.digits(individual: true), known(.gpt2)]),
    Entry(
      names: ["llama3", "llama-v3", "llama-bpe", "falcon3"], steps: [known(.llama3)],
      ignoreMerges: true, addsBOS: true),
    Entry(names: ["dbrx", "smaug-bpe"], steps: [known(.llama3)]),
    Entry(
      names: ["qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez"], normalizer: .nfc,
      steps: [known(.qwen2)]),
    Entry(names: ["gpt-4o", "llama4"], steps: [known(.o200k)]),
  ]

  private static func known(_ split: KnownSplit) -> PreTokenizer {
    .split(.known(split), .isolated, inverted: false)
  }

  static func named(_ name: String?) throws(TokenizerError) -> Entry {
    if let entry = all.first(where: { $0.names.contains(name ?? "default") }) { return entry }
    throw Tokenizer.fault(
      "pre", expected: all.flatMap(\.names).joined(separator: ", "), found: name ?? "nothing")
  }

  static func addsBOS(_ name: String?) -> Bool {
    all.first { $0.names.contains(name ?? "default") }?.addsBOS ?? false
  }
}
