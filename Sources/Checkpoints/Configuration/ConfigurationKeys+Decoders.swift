/// What the configuration classes of transformers have in common.
extension ConfigurationKeys {
  /// Names of every configuration class, and of what savers add to the file.
  static let anyModel = ConfigurationKeys(
    used: [
      "model_type": nil, "architectures": nil, "quantization_config": nil, "quantization": nil,
      "text_config": nil,
    ],
    fixed: [
      "is_encoder_decoder": [.bool(false)], "add_cross_attention": [.bool(false)],
      // Another configuration for some layers.
      "per_layer_config": [], "pruned_heads": [.other("an object without members")],
    ],
    idle: [
      "transformers_version", "transformers_weights", "_name_or_path", "name_or_path",
      "_commit_hash", "dtype", "torch_dtype", "use_cache", "output_hidden_states",
      "output_attentions", "return_dict", "use_return_dict", "chunk_size_feed_forward", "id2label",
      "label2id", "num_labels", "problem_type", "auto_map", "custom_pipelines",
      "attn_implementation", "_attn_implementation", "_attn_implementation_autoset",
      "experts_implementation", "initializer_range", "is_decoder", "cross_attention_hidden_size",
      "tie_encoder_decoder", "finetuning_task", "task_specific_params", "tokenizer_class",
      "torchscript", "use_bfloat16", "tf_legacy_loss", "pad_token_id", "sep_token_id",
      "unk_token_id", "decoder_start_token_id", "prefix", "unsloth_fixed", "unsloth_version",
    ]
  ).with(idle: sampling)

  /// Names of the generation configuration that older files keep here; sampling is the request's.
  static let sampling: Set<String> = [
    "max_length", "max_new_tokens", "min_length", "min_new_tokens", "early_stopping", "max_time",
    "do_sample", "num_beams", "num_beam_groups", "penalty_alpha", "temperature", "top_k", "top_p",
    "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff", "diversity_penalty",
    "repetition_penalty", "encoder_repetition_penalty", "length_penalty", "no_repeat_ngram_size",
    "bad_words_ids", "renormalize_logits", "forced_bos_token_id", "forced_eos_token_id",
    "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens",
    "begin_suppress_tokens", "sequence_bias", "guidance_scale", "num_return_sequences",
    "output_scores", "output_logits", "return_dict_in_generate", "encoder_no_repeat_ngram_size",
    "cache_implementation", "cache_config", "stop_strings", "token_healing", "low_memory",
    "return_legacy_cache", "watermarking_config", "prompt_lookup_num_tokens",
    "max_matching_ngram_size", "num_assistant_tokens", "num_assistant_tokens_schedule",
    "assistant_confidence_threshold", "assistant_early_exit", "assistant_lookbehind",
    "target_lookbehind", "is_assistant", "compile_config", "disable_compile",
    "constraints", "force_words_ids", "generation_kwargs", "continuous_batching_config",
  ]

  /// Names of `generation_config.json` besides those.
  static let ofGeneration: Set<String> = [
    "_from_model_config", "transformers_version", "bos_token_id", "eos_token_id", "pad_token_id",
    "decoder_start_token_id", "use_cache", "output_attentions", "output_hidden_states",
    "use_model_defaults", "prefill_chunk_size", "trust_remote_code", "use_mtp",
    "assistant_ensemble_weight", "speculation_type", "dola_layers", "max_cache_len",
  ]

  /// Names of every decoder with rotary positions and root-mean-square norms; those that take a number say it.
  static let rotaryDecoder = anyModel.with(
    used: [
      "num_hidden_layers": 32, "hidden_size": 4_096, "num_attention_heads": 32,
      "num_key_value_heads": nil, "head_dim": nil, "rms_norm_eps": 1e-6, "hidden_act": "silu",
      "tie_word_embeddings": false, "bos_token_id": nil, "eos_token_id": nil,
      "rope_theta": nil, "rope_scaling": nil, "rope_parameters": nil, "partial_rotary_factor": nil,
      "original_max_position_embeddings": nil,
    ],
    idle: ["attention_dropout"])
}
