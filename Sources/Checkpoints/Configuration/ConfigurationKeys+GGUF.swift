/// GGUF's names: one table for all architectures, since the format has one.
///
/// They are those of gguf-py, without the architecture before them; `Tests/References/configurations` keeps its list.
extension ConfigurationKeys {
  /// Names behind `<architecture>.` that every decoder here reads.
  static let gguf = ConfigurationKeys(
    used: Dictionary(
      uniqueKeysWithValues: [
        "block_count", "embedding_length", "attention.head_count", "attention.head_count_kv",
        "attention.key_length", "attention.value_length", "feed_forward_length", "context_length",
        "attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon",
        "attention.sliding_window", "attention.sliding_window_pattern", "rope.dimension_count",
        "rope.freq_base", "rope.scaling.type", "rope.scaling.factor", "rope.scale_linear",
        "rope.scaling.attn_factor", "rope.scaling.original_context_length",
        "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "vocab_size",
      ].map { ($0, .none) }),
    fixed: [
      "attention.causal": [.bool(true)], "use_parallel_residual": [.bool(false)],
      "attention.max_alibi_bias": [.number(0)], "attention.clamp_kqv": [.number(0)],
      "attention.scale": [.number(0)], "attention.output_scale": [.number(0), .number(1)],
      "attention.temperature_scale": [.number(0)], "attention.temperature_length": [.integer(0)],
      "attention.shared_kv_layers": [.integer(0)], "attn_logit_softcapping": [.number(0)],
      "router_logit_softcapping": [.number(0)], "final_logit_softcapping": [.number(0)],
      "logit_scale": [.number(0), .number(1)], "residual_scale": [.number(0), .number(1)],
      "embedding_scale": [.number(0), .number(1)], "expert_count": [.integer(0)],
      "expert_used_count": [.integer(0)], "expert_shared_count": [.integer(0)],
      "expert_weights_scale": [.number(0), .number(1)], "leading_dense_block_count": [.integer(0)],
      "nextn_predict_layers": [.integer(0)], "rope.scaling.alpha": [.number(0)],
      "rope.scaling.yarn_log_multiplier": [.number(0)],
      "rope.scaling.yarn_ext_factor": [.number(1), .number(-1)],
      "rope.scaling.yarn_attn_factor": [.number(1)],
      "tensor_data_layout": [.string("Meta AI original pth")],
    ],
    idle: ["rope.scaling.finetuned", "pooling_type"])

  /// Names of one family besides.
  static let ggufOfFamily: [String: ConfigurationKeys] = [
    "gemma3_text": gguf.with(
      used: ["final_logit_softcapping": nil, "rope.freq_base_swa": nil],
      // llama.cpp reads no cap of the scores for Gemma 3, as transformers does not.
      idle: ["attn_logit_softcapping"]),
    "gemma2": gguf.with(used: [
      "final_logit_softcapping": nil, "attn_logit_softcapping": nil, "rope.freq_base_swa": nil,
    ]),
    "olmo3": gguf.with(used: ["rope.freq_base_swa": nil]),
    "granite": gguf.with(
      used: [
        "logit_scale": nil, "residual_scale": nil, "embedding_scale": nil, "attention.scale": nil,
      ],
      // llama.cpp reads it as whether a Granite rotates at all.
      fixed: ["rope.scaling.finetuned": [.bool(true)]]),
    // What llama.cpp, too, sees by the tensors.
    "stablelm": gguf.with(idle: ["use_parallel_residual"]),
    "cohere": gguf.with(used: ["logit_scale": nil]),
    "cohere2": gguf.with(used: ["logit_scale": nil]),
    "mixtral": gguf.with(used: ["expert_count": nil, "expert_used_count": nil]),
    "qwen2_moe": gguf.with(used: [
      "expert_count": nil, "expert_used_count": nil, "expert_feed_forward_length": nil,
      "expert_shared_feed_forward_length": nil,
    ]),
    "qwen3_moe": gguf.with(used: [
      "expert_count": nil, "expert_used_count": nil, "expert_feed_forward_length": nil,
    ]),
    "gpt_oss": gguf.with(used: [
      "expert_count": nil, "expert_used_count": nil, "expert_feed_forward_length": nil,
      "rope.freq_base_swa": nil,
    ]),
  ]

  /// Prefixes of names that tell about the file, its makers, its parts or how to sample.
  static let ggufIdle = ["general.", "split.", "quantize.", "imatrix.", "adapter.", "clip."]

  /// Names behind `tokenizer.`: those that are read, those that a tokenizer is refused for, and those of tokens that
  /// only other programs' features need.
  static let ggufTokenizer: Set<String> = Set(
    [
      "model", "pre", "tokens", "token_type", "token_type_count", "scores", "merges",
      "bos_token_id", "eos_token_id", "eot_token_id", "eom_token_id", "unknown_token_id",
      "seperator_token_id", "separator_token_id", "padding_token_id", "cls_token_id",
      "mask_token_id", "add_bos_token", "add_eos_token", "add_sep_token", "add_space_prefix",
      "remove_extra_whitespaces", "precompiled_charsmap", "prefix_token_id", "suffix_token_id",
      "middle_token_id", "fim_pre_token_id", "fim_suf_token_id", "fim_mid_token_id",
      "fim_pad_token_id", "fim_rep_token_id", "fim_sep_token_id", "added_tokens",
    ].map { "ggml." + $0 } + ["chat_template", "chat_templates", "huggingface.json", "rwkv.world"])

  /// True for names that have nothing to do with one architecture, and are known.
  static func isCommon(_ name: String) -> Bool {
    guard name.hasPrefix("tokenizer.") else { return ggufIdle.contains(where: name.hasPrefix) }
    let short = String(name.dropFirst("tokenizer.".count))
    return ggufTokenizer.contains(short) || short.hasPrefix("chat_template.")
  }

  /// Accounts for a GGUF file's names.
  ///
  /// A name that gguf-py knows and nothing here reads belongs to another architecture or to arithmetic that this
  /// program has not: it is refused unless it changes nothing.
  static func account(for gguf: GGUFFile, _ traits: Architecture.Traits, _ architecture: String)
    throws(CheckpointError) -> [String]
  {
    let keys = ggufOfFamily[traits.name] ?? Self.gguf
    var unknown: [String] = []
    for name in gguf.fields.keys.sorted() {
      guard name.hasPrefix(architecture + ".") else {
        if !isCommon(name) { unknown.append(name) }
        continue
      }
      let short = String(name.dropFirst(architecture.count + 1))
      if let values = keys.fixed[short] {
        let found = try gguf.value(name)
        try keys.check(name, found?.widened(like: values), values, gguf.mapping.path)
      } else if !keys.knows(short), ggufElsewhere.contains(short) {
        throw CheckpointError(
          .unsupported, file: gguf.mapping.path, .field(name),
          expected: "none in a model of this family", found: try gguf.value(name)?.text ?? "none")
      } else if !keys.knows(short) {
        unknown.append(name)
      }
    }
    return unknown
  }

  /// Names of other architectures' arithmetic, which no decoder here has.
  static let ggufElsewhere: Set<String> = [
    "embedding_length_out", "features_length", "expert_feed_forward_length",
    "expert_shared_feed_forward_length", "expert_chunk_feed_forward_length", "expert_group_count",
    "expert_group_used_count", "expert_weights_norm", "expert_gating_func", "expert_group_scale",
    "experts_per_group", "moe_every_n_layers", "moe_latent_size", "n_deepstack_layers",
    "decoder_start_token_id", "decoder_block_count", "swin_norm", "rescale_every_n_layers",
    "time_mix_extra_dim", "time_decay_extra_dim", "token_shift_count",
    "interleave_moe_layer_step", "full_attention_interval", "activation_sparsity_scale",
    "altup.active_idx", "altup.num_inputs", "embedding_length_per_layer_input",
    "swiglu_clamp_exp", "swiglu_clamp_shexp", "attention.group_norm_epsilon",
    "attention.group_norm_groups", "attention.q_lora_rank", "attention.kv_lora_rank",
    "attention.decay_lora_rank", "attention.iclr_lora_rank",
    "attention.value_residual_mix_lora_rank", "attention.gate_lora_rank",
    "attention.relative_buckets_count", "attention.key_length_mla", "attention.value_length_mla",
    "attention.key_length_swa", "attention.value_length_swa", "attention.indexer.head_count",
    "attention.indexer.key_length", "attention.indexer.top_k", "rope.dimension_count_swa",
    "rope.dimension_sections", "rope.freq_base_swa", "ssm.conv_kernel", "ssm.inner_size",
    "ssm.state_size", "ssm.time_step_rank", "ssm.group_count", "ssm.dt_b_c_rms", "kda.head_dim",
    "wkv.head_size", "posnet.embedding_length", "posnet.block_count",
    "convnext.embedding_length", "convnext.block_count", "classifier.output_labels",
    "shortconv.l_cache",
  ]
}

extension ConfigurationFields.Value {
  /// A whole number as a number with a fraction, where the values it is held against are such.
  fileprivate func widened(like values: [Self]) -> Self {
    guard case .integer(let whole) = self, case .number? = values.first else { return self }
    return .number(Double(whole))
  }
}
