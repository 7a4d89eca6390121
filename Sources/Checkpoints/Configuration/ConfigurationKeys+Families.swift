/// The families' own names and defaults, as their configuration classes in transformers have them.
extension ConfigurationKeys {
  static let llama = rotaryDecoder.with(
    used: [
      "vocab_size": 32_000, "intermediate_size": 11_008, "max_position_embeddings": 2_048,
      "bos_token_id": .orNull(.integer(1)), "eos_token_id": .orNull(.integer(2)),
      "attention_bias": false, "mlp_bias": false,
    ],
    // How the products are cut over devices while training; no pass depends on it.
    idle: ["pretraining_tp"])

  static let mistral = rotaryDecoder.with(used: [
    "vocab_size": 32_000, "intermediate_size": 14_336, "max_position_embeddings": 131_072,
    "num_key_value_heads": 8, "bos_token_id": .orNull(.integer(1)),
    "eos_token_id": .orNull(.integer(2)), "sliding_window": .orNull(.integer(4_096)),
  ])

  /// Names of families with routed experts; those that take a number say it.
  private static let routed = ConfigurationKeys(
    used: ["num_experts_per_tok": 2], idle: ["router_aux_loss_coef", "output_router_logits"])

  static let mixtral = mistral.with(routed).with(
    used: [
      "num_local_experts": 8, "rms_norm_eps": 1e-5, "sliding_window": nil,
    ],
    aliases: ["num_experts": "num_local_experts"],
    // Noise of training.
    idle: ["router_jitter_noise"])

  /// Names of Qwen's mixtures.
  private static let qwenMoE = rotaryDecoder.with(routed).with(
    used: [
      "vocab_size": 151_936, "hidden_size": 2_048, "num_hidden_layers": 24,
      "max_position_embeddings": 32_768, "head_dim": .derived, "use_sliding_window": false,
      "sliding_window": .orNull(.integer(4_096)), "norm_topk_prob": false,
      // Layers without experts, and their width.
      "decoder_sparse_step": 1, "mlp_only_layers": nil, "intermediate_size": 5_632,
    ])

  static let qwen2MoE = qwenMoE.with(used: [
    "num_attention_heads": 16, "num_key_value_heads": .orNull(.integer(16)),
    "moe_intermediate_size": 1_408, "shared_expert_intermediate_size": 5_632, "num_experts": 60,
    "num_experts_per_tok": 4, "max_window_layers": 28, "layer_types": nil, "qkv_bias": true,
  ])

  static let qwen3MoE = qwenMoE.with(
    used: [
      "num_key_value_heads": 4, "intermediate_size": 6_144, "moe_intermediate_size": 768,
      "num_local_experts": 128,
      "num_experts_per_tok": 8, "attention_bias": false,
    ],
    aliases: ["num_experts": "num_local_experts"],
    // Its class reads neither: a window holds in all layers or in none.
    idle: ["max_window_layers", "layer_types"])

  static let smollm3 = rotaryDecoder.with(used: [
    "vocab_size": 128_256, "hidden_size": 2_048, "intermediate_size": 11_008,
    "num_hidden_layers": 36, "num_attention_heads": 16,
    "num_key_value_heads": .orNull(.integer(4)), "head_dim": .derived,
    "max_position_embeddings": 32_768, "bos_token_id": .orNull(.integer(128_000)),
    "eos_token_id": .orNull(.integer(128_001)), "tie_word_embeddings": true,
    "attention_bias": false, "mlp_bias": false, "use_sliding_window": false,
    "sliding_window": nil, "layer_types": nil, "no_rope_layers": nil, "no_rope_layer_interval": 4,
  ])

  static let granite = llama.with(used: [
    "head_dim": .derived, "embedding_multiplier": 1.0, "logits_scaling": 1.0,
    "residual_multiplier": 1.0, "attention_multiplier": 1.0,
  ])

  static let qwen2 = rotaryDecoder.with(used: [
    "vocab_size": 151_936, "intermediate_size": 22_016, "max_position_embeddings": 32_768,
    "num_key_value_heads": .orNull(.integer(32)), "use_sliding_window": false,
    "sliding_window": .orNull(.integer(4_096)), "max_window_layers": 28, "layer_types": nil,
    "head_dim": .derived,
  ])

  static let qwen3 = qwen2.with(used: ["head_dim": 128, "attention_bias": false])

  static let gpt2 = anyModel.with(
    used: [
      "vocab_size": 50_257, "n_positions": 1_024, "n_embd": 768, "n_layer": 12, "n_head": 12,
      "n_inner": nil, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
      "scale_attn_weights": true, "scale_attn_by_inverse_layer_idx": false,
      "tie_word_embeddings": true, "bos_token_id": .orNull(.integer(50_256)),
      "eos_token_id": .orNull(.integer(50_256)),
    ],
    aliases: [
      "hidden_size": "n_embd", "max_position_embeddings": "n_positions",
      "num_attention_heads": "n_head", "num_hidden_layers": "n_layer",
    ],
    idle: [
      "resid_pdrop", "embd_pdrop", "attn_pdrop", "summary_type", "summary_use_proj",
      "summary_activation", "summary_proj_to_labels", "summary_first_dropout",
      // Which of two orders of float32 operations mixed precision takes; here all is float32.
      "reorder_and_upcast_attn",
      // Published files repeat n_positions so; nothing reads it.
      "n_ctx",
    ])

  static let gemma3Text = rotaryDecoder.without(
    "hidden_act", "original_max_position_embeddings"
  ).with(
    used: [
      "vocab_size": 262_208, "hidden_size": 2_304, "intermediate_size": 9_216,
      "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
      "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 131_072,
      "tie_word_embeddings": true, "bos_token_id": .orNull(.integer(2)),
      "eos_token_id": .orNull(.integer(1)), "attention_bias": false, "query_pre_attn_scalar": 256,
      "sliding_window": .orNull(.integer(4_096)), "layer_types": nil,
      "sliding_window_pattern": 6, "rope_local_base_freq": nil, "final_logit_softcapping": nil,
    ],
    fixed: ["use_bidirectional_attention": [.bool(false)]],
    idle: [
      // transformers keeps both and reads neither: Gemma 3 has no cap on its attention scores.
      "attn_logit_softcapping", "_sliding_window_pattern",
    ])

  static let gemma2 = rotaryDecoder.without("hidden_act").with(
    used: [
      "vocab_size": 256_000, "hidden_size": 2_304, "intermediate_size": 9_216,
      "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
      "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 8_192,
      "tie_word_embeddings": true, "bos_token_id": .orNull(.integer(2)),
      "eos_token_id": .orNull(.integer(1)), "attention_bias": false, "query_pre_attn_scalar": 256,
      "sliding_window": .orNull(.integer(4_096)), "layer_types": nil,
      "final_logit_softcapping": .orNull(.number(30)),
      "attn_logit_softcapping": .orNull(.number(50)),
    ],
    fixed: ["use_bidirectional_attention": [.bool(false)]],
    // Published files name the activation twice; transformers reads the other name.
    idle: ["hidden_act"])

  static let olmo2 = rotaryDecoder.with(used: [
    "head_dim": .derived,
    "vocab_size": 50_304, "intermediate_size": 11_008, "max_position_embeddings": 2_048,
    "eos_token_id": .orNull(.integer(50_279)), "rms_norm_eps": 1e-5, "attention_bias": false,
  ])

  // Its two kinds of layers say their original contexts in sets of their own; one around those is not read.
  static let olmo3 = olmo2.without("original_max_position_embeddings").with(used: [
    "sliding_window": .orNull(.integer(4_096)), "layer_types": nil,
  ])

  static let phi3 = rotaryDecoder.with(
    used: [
      "head_dim": .derived,
      "vocab_size": 32_064, "hidden_size": 3_072, "intermediate_size": 8_192,
      "max_position_embeddings": 4_096, "original_max_position_embeddings": 4_096,
      "rms_norm_eps": 1e-5, "bos_token_id": .orNull(.integer(1)),
      "eos_token_id": .orNull(.integer(32_000)), "sliding_window": nil,
    ],
    idle: ["resid_pdrop", "embd_pdrop"])

  static let gptOSS = rotaryDecoder.without("hidden_act").with(
    used: [
      "num_hidden_layers": 36, "num_local_experts": 128, "vocab_size": 201_088,
      "hidden_size": 2_880, "intermediate_size": 2_880, "head_dim": 64,
      "num_attention_heads": 64, "num_key_value_heads": 8,
      "sliding_window": .orNull(.integer(128)), "max_position_embeddings": 131_072,
      "rms_norm_eps": 1e-5, "num_experts_per_tok": 4, "swiglu_alpha": 1.702, "swiglu_limit": 7.0,
      "layer_types": nil, "attention_bias": true,
    ],
    aliases: ["num_experts": "num_local_experts"],
    idle: [
      // Its experts have one clamped gate, whatever stands here.
      "hidden_act", "router_aux_loss_coef", "output_router_logits",
    ])

  /// What stands around a text model inside a multimodal one.
  static let wrapper = anyModel.with(
    used: ["tie_word_embeddings": nil, "bos_token_id": nil, "eos_token_id": nil],
    idle: [
      "vision_config", "audio_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index",
      "image_token_index", "image_token_id", "boi_token_id", "eoi_token_id", "video_token_id",
      "projector_hidden_act", "multimodal_projector_bias", "spatial_merge_size",
      "vision_feature_layer",
    ])
}
