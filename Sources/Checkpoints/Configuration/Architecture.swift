/// The canonical names of the families this room can describe, and every other spelling of them.
enum Architecture {
  /// What sets a family's files apart, as far as configurations leave it unsaid.
  struct Traits {
    var name: String
    /// `model_type` and `architectures` of Hugging Face, `general.architecture` of GGUF.
    var spellings: [String]
    /// `tie_word_embeddings` where the file is silent.
    var isTied = false
    var hasAttentionBias = false
    var activation = ModelConfiguration.Activation.silu
  }

  static let all: [Traits] = [
    Traits(name: "llama", spellings: ["llama", "LlamaForCausalLM"]),
    Traits(name: "mistral", spellings: ["mistral", "MistralForCausalLM"]),
    Traits(name: "qwen2", spellings: ["qwen2", "Qwen2ForCausalLM"], hasAttentionBias: true),
    Traits(name: "qwen3", spellings: ["qwen3", "Qwen3ForCausalLM"]),
    Traits(
      name: "gpt2", spellings: ["gpt2", "GPT2LMHeadModel"], isTied: true, hasAttentionBias: true,
      activation: .geluTanh),
    Traits(
      name: "gemma3_text",
      spellings: ["gemma3_text", "gemma3", "Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"],
      isTied: true, activation: .geluTanh),
    Traits(name: "olmo2", spellings: ["olmo2", "Olmo2ForCausalLM"]),
    Traits(name: "phi3", spellings: ["phi3", "Phi3ForCausalLM"]),
    Traits(
      name: "gpt_oss", spellings: ["gpt_oss", "gpt-oss", "GptOssForCausalLM"],
      hasAttentionBias: true),
  ]

  static func traits(of spelling: String) -> Traits? {
    all.first { $0.spellings.contains(spelling) }
  }
}
