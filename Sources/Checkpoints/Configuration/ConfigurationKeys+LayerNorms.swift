/// Names and defaults of rotary decoders with LayerNorms.
extension ConfigurationKeys {
  private static let layerNormDecoder = rotaryDecoder.without("rms_norm_eps")

  static let stablelm = layerNormDecoder.with(
    used: [
      "vocab_size": 50_304, "hidden_size": 2_560, "intermediate_size": 6_912,
      "num_key_value_heads": 32, "max_position_embeddings": 4_096, "layer_norm_eps": 1e-5,
      "use_qkv_bias": false, "qk_layernorm": false, "use_parallel_residual": false,
      "bos_token_id": .orNull(.integer(0)), "eos_token_id": .orNull(.integer(0)),
    ],
    idle: ["hidden_dropout"])

  /// Names of both generations of Cohere's Command.
  private static let command = layerNormDecoder.with(
    used: [
      "vocab_size": 256_000, "hidden_size": 8_192, "intermediate_size": 22_528,
      "num_hidden_layers": 40, "num_attention_heads": 64, "max_position_embeddings": 8_192,
      "layer_norm_eps": 1e-5, "logit_scale": 0.0625, "attention_bias": false,
      "tie_word_embeddings": true, "head_dim": .derived, "bos_token_id": .orNull(.integer(5)),
      "eos_token_id": .orNull(.integer(255_001)),
    ])

  static let cohere = command.with(
    used: [
      "layer_norm_eps": .needed(.number(1e-5)), "logit_scale": .needed(.number(0.0625)),
      "use_qk_norm": .orNull(.bool(false)),
    ],
    // What the longest prompt of its makers' service is.
    idle: ["model_max_length"])

  static let cohere2 = command.with(
    used: [
      "sliding_window": .orNull(.integer(4_096)), "layer_types": nil, "sliding_window_pattern": 4,
    ],
    // Published files say so of themselves what its class always does.
    fixed: [
      "order_of_interleaved_layers": [.string("local_attn_first")],
      "position_embedding_type": [.string("rope_gptj")], "rotary_pct": [.number(1), .integer(1)],
      "use_embedding_sharing": [.bool(true)], "use_gated_activation": [.bool(true)],
      "use_parallel_block": [.bool(true)], "use_parallel_embedding": [.bool(true)],
    ])
}
