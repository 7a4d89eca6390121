internal import JSON

/// How a model's makers would have its tokens drawn, as its files say.
///
/// Nothing applies it by itself. Of `generation_config.json` it is what transformers' `generate` makes of the file: the
/// best token unless `do_sample` is true, and then its own defaults where the file says nothing. A GGUF file has
/// `general.sampling.*`; what it leaves out is nil.
package struct SamplingDefaults: Sendable, Equatable {
  /// 0 takes the best token.
  package var temperature: Double?
  /// 0 keeps all.
  package var topK: Int?
  package var topP: Double?
  package var minP: Double?
  package var repetitionPenalty: Double?
  /// Names that are set and would change which tokens are drawn, but that this program does not do.
  package var notApplied: [String] = []

  /// Reads `generation_config.json`, or the same names in an older `config.json`.
  ///
  /// - Returns: nil where the file says nothing of sampling.
  init?(_ json: JSONValue, file: String) throws(CheckpointError) {
    guard Self.names.contains(where: { json[present: $0] != nil }) else { return nil }
    let fields = ConfigurationFields(json, file: file)
    let draws = try fields.bool("do_sample") ?? false
    let heat = try fields.number("temperature", in: 0...100)
    let count = try fields.integer("top_k", in: 0...1_000_000)
    let share = try fields.number("top_p", in: 0...1)
    let least = try fields.number("min_p", in: 0...1)
    temperature = draws ? heat ?? 1 : 0
    topK = draws ? count ?? 50 : 0
    topP = draws ? share ?? 1 : 1
    minP = draws ? least ?? 0 : 0
    repetitionPenalty = try fields.number("repetition_penalty", in: 0.01...10) ?? 1
    notApplied = Self.others.filter { name, idle in
      json[present: name].map { !Self.means(idle, $0) } ?? false
    }.map(\.0)
    if temperature ?? 0 > Self.hottest { notApplied.append("temperature") }
  }

  /// Reads `general.sampling.*`, which llama.cpp takes where its user says nothing.
  init?(_ gguf: GGUFFile) throws(CheckpointError) {
    let prefix = "general.sampling."
    guard gguf.fields.keys.contains(where: { $0.hasPrefix(prefix) }) else { return nil }
    let fields = ConfigurationFields(
      file: gguf.mapping.path,
      look: { (key: String) throws(CheckpointError) in try gguf.value(prefix + key) },
      isLenient: false)
    temperature = try fields.number("temp", in: 0...100)
    topK = try fields.integer("top_k", in: 0...1_000_000)
    topP = try fields.number("top_p", in: 0...1)
    minP = try fields.number("min_p", in: 0...1)
    repetitionPenalty = try fields.number("penalty_repeat", in: 0.01...10)
    let known = ["temp", "top_k", "top_p", "min_p", "penalty_repeat"].map { prefix + $0 }
    for key in gguf.fields.keys.sorted() where key.hasPrefix(prefix) && !known.contains(key) {
      switch try gguf.value(key) {
      case .integer(0), .number(0): continue
      default: notApplied.append(key)
      }
    }
    if temperature ?? 0 > Self.hottest { notApplied.append(prefix + "temp") }
  }

  /// The highest temperature that a request may ask for.
  private static let hottest = 2.0

  private static let names = [
    "do_sample", "temperature", "top_k", "top_p", "min_p", "repetition_penalty",
  ]

  /// A value with which a name changes nothing.
  private enum Idle { case zero, one, off, empty }

  private static func means(_ idle: Idle, _ value: JSONValue) -> Bool {
    switch (idle, ConfigurationFields.Value(value)) {
    case (_, nil), (.zero, .integer(0)?), (.zero, .number(0)?), (.one, .integer(1)?),
      (.one, .number(1)?), (.off, .bool(false)?), (.empty, .integers([])?):
      true
    default: false
    }
  }

  /// Names that change which tokens are drawn, and the values with which they do not.
  private static let others: [(String, Idle)] = [
    ("num_beams", .one), ("num_beam_groups", .one), ("diversity_penalty", .zero),
    ("penalty_alpha", .zero), ("typical_p", .one), ("epsilon_cutoff", .zero), ("eta_cutoff", .zero),
    ("top_h", .zero), ("encoder_repetition_penalty", .one), ("no_repeat_ngram_size", .zero),
    ("encoder_no_repeat_ngram_size", .zero), ("bad_words_ids", .empty), ("min_length", .zero),
    ("min_new_tokens", .zero), ("forced_bos_token_id", .empty), ("forced_eos_token_id", .empty),
    ("exponential_decay_length_penalty", .empty), ("suppress_tokens", .empty),
    ("begin_suppress_tokens", .empty), ("sequence_bias", .empty), ("guidance_scale", .one),
    ("stop_strings", .empty), ("constraints", .empty), ("force_words_ids", .empty),
    ("watermarking_config", .empty),
  ]
}
