internal import Tensors

/// The canonical names of the families this room can describe, and every other spelling of them.
enum Architecture {
  /// What sets a family's files apart, as far as configurations leave it unsaid.
  struct Traits {
    var name: String
    /// `model_type` and `architectures` of Hugging Face, `general.architecture` of GGUF.
    var spellings: [String]
    /// Every name of its `config.json`, with transformers' defaults.
    var keys: ConfigurationKeys
    /// Biases that its class always has, whatever the configuration says: on q, k and v, and behind the heads.
    var biases = Biases.configured
    /// What its GGUF files, which do not name it, mean.
    var activation = ActivationFunction.silu
    /// Whether Hugging Face's files store its norm weights less one.
    var normWeightOffset: Float = 0
    /// The base of rotary positions where nothing says it.
    var theta = 10_000.0
    /// Its rotary positions where a file has neither `rope_scaling` nor `rope_parameters`, as members of the latter.
    var rope: [String: ConfigurationFields.Value] = [:]
    /// Whether a part of each head may stay as it is (`partial_rotary_factor`).
    var rotatesPartly = false
    /// The part of each head that turns where nothing says it.
    var rotatedShare = 1.0
    /// Whether the elements 2i and 2i + 1 of a head turn together, not i and i + half.
    var turnsNeighbours = false
    /// Whether its class knows no stretch but LongRoPE, under older names too.
    var onlyLongrope = false
    /// Whether layers that see everything keep no position.
    var unrotatesFullLayers = false
    /// The base of sliding layers' positions, in families whose two kinds of layers have a set each.
    var slidingTheta: Double?
    /// Which layers slide where no list says it.
    var windows = Windows.all
  }

  /// Which layers slide, given a window and no `layer_types`.
  enum Windows: Equatable {
    case all
    /// Those from `max_window_layers` on (Qwen 2 and 3).
    case fromLayer
    /// Every second one, beginning with the first, below `max_window_layers` (Qwen 2 MoE).
    case alternateBelowLayer
    /// All but each so-many-eth.
    case allBut(every: Int)
    /// Those that do not rotate (SmolLM 3).
    case unrotated
  }

  /// Which of the projections around attention have biases.
  enum Biases {
    /// All four as `attention_bias` says, none where there is no such name.
    case configured
    /// Those of q, k and v, always (Qwen 2).
    case queryKeyValue
    /// Everything, the feed-forward part's too (GPT-2).
    case all
  }

  static let all: [Traits] = [
    Traits(name: "llama", spellings: ["llama", "LlamaForCausalLM"], keys: .llama),
    Traits(name: "mistral", spellings: ["mistral", "MistralForCausalLM"], keys: .mistral),
    // GGUF calls it llama; its experts tell.
    Traits(
      name: "mixtral", spellings: ["mixtral", "MixtralForCausalLM"], keys: .mixtral,
      theta: 1_000_000),
    Traits(
      name: "qwen2", spellings: ["qwen2", "Qwen2ForCausalLM"], keys: .qwen2, biases: .queryKeyValue,
      windows: .fromLayer),
    Traits(
      name: "qwen3", spellings: ["qwen3", "Qwen3ForCausalLM"], keys: .qwen3, windows: .fromLayer),
    Traits(
      name: "qwen2_moe", spellings: ["qwen2_moe", "qwen2moe", "Qwen2MoeForCausalLM"],
      keys: .qwen2MoE, windows: .alternateBelowLayer),
    Traits(
      name: "qwen3_moe", spellings: ["qwen3_moe", "qwen3moe", "Qwen3MoeForCausalLM"],
      keys: .qwen3MoE),
    Traits(
      name: "smollm3", spellings: ["smollm3", "SmolLM3ForCausalLM"], keys: .smollm3,
      theta: 2_000_000, windows: .unrotated),
    Traits(name: "granite", spellings: ["granite", "GraniteForCausalLM"], keys: .granite),
    Traits(
      name: "gpt2", spellings: ["gpt2", "GPT2LMHeadModel"], keys: .gpt2, biases: .all,
      activation: .geluTanh),
    Traits(
      name: "gemma3_text",
      spellings: ["gemma3_text", "gemma3", "Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"],
      keys: .gemma3Text, activation: .geluTanh, normWeightOffset: 1, theta: 1_000_000,
      slidingTheta: 10_000, windows: .allBut(every: 6)),
    Traits(
      name: "gemma2", spellings: ["gemma2", "Gemma2ForCausalLM"], keys: .gemma2,
      activation: .geluTanh, normWeightOffset: 1, windows: .allBut(every: 2)),
    Traits(name: "olmo2", spellings: ["olmo2", "Olmo2ForCausalLM"], keys: .olmo2),
    // GGUF calls it olmo2; its windows tell.
    Traits(
      name: "olmo3", spellings: ["olmo3", "Olmo3ForCausalLM"], keys: .olmo3, theta: 500_000,
      slidingTheta: 500_000, windows: .allBut(every: 4)),
    Traits(
      name: "phi3", spellings: ["phi3", "Phi3ForCausalLM"], keys: .phi3, rotatesPartly: true,
      onlyLongrope: true),
    Traits(
      name: "stablelm", spellings: ["stablelm", "StableLmForCausalLM"], keys: .stablelm,
      rotatesPartly: true, rotatedShare: 0.25),
    Traits(
      name: "cohere", spellings: ["cohere", "command-r", "CohereForCausalLM"], keys: .cohere,
      theta: 500_000, turnsNeighbours: true),
    Traits(
      name: "cohere2", spellings: ["cohere2", "Cohere2ForCausalLM"], keys: .cohere2,
      turnsNeighbours: true, unrotatesFullLayers: true, windows: .allBut(every: 4)),
    Traits(
      name: "gpt_oss", spellings: ["gpt_oss", "gpt-oss", "GptOssForCausalLM"], keys: .gptOSS,
      theta: 150_000,
      rope: [
        "rope_type": .string("yarn"), "factor": .number(32), "beta_fast": .number(32),
        "beta_slow": .number(1), "truncate": .bool(false),
        "original_max_position_embeddings": .integer(4_096),
      ], windows: .allBut(every: 2)),
  ]

  static func traits(of spelling: String) -> Traits? {
    all.first { $0.spellings.contains(spelling) }
  }
}
