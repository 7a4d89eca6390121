"""Shapes and configurations of the tiny models, and weights that are nowhere trivial."""
from __future__ import annotations

import copy
import math


# Every key can be changed with --set key=value (applies to the chosen families).
BASE = dict(hidden=64, layers=4, heads=4, kv_heads=2, head_dim=16, inter=128, vocab=512,
            max_pos=256, window=8, experts=4, topk=2, theta=10000.0, eps=1e-5)

SHAPES = {
    "gpt_oss": dict(BASE, hidden=64, heads=8, kv_heads=2, head_dim=32, inter=128, theta=150000.0,
                    max_pos=8192, yarn_factor=32.0, yarn_orig=256),
    "llama": dict(BASE, theta=100000.0),                       # SmolLM2-like: tied, GQA
    "llama3": dict(BASE, heads=4, kv_heads=1, head_dim=32, theta=500000.0, max_pos=2048),
    "llama_k": dict(BASE, hidden=256, inter=512, heads=8, kv_heads=2, head_dim=32, layers=2),
    "mistral": dict(BASE, head_dim=32),
    "qwen2": dict(BASE, theta=1000000.0, eps=1e-6),
    "qwen3": dict(BASE, head_dim=32, theta=1000000.0, eps=1e-6),
    "gpt2": dict(BASE, hidden=64, heads=4, max_pos=64),
    "gemma3": dict(BASE, head_dim=32, kv_heads=1, layers=7, eps=1e-6),
    "olmo2": dict(BASE, kv_heads=4, eps=1e-6),
    "phi3": dict(BASE, kv_heads=2),
    # Phi-4-mini's rotation: a part of each head, stretched by LongRoPE; prompt 0 lies beyond the original context
    "phi4": dict(BASE, kv_heads=2, hidden=128, inter=64, max_pos=128, original=16),
    "mixtral": dict(BASE, inter=64, layers=3),
    "qwen2_moe": dict(BASE, inter=64, shared=96, experts=6, topk=3, layers=3, eps=1e-6),
    "qwen3_moe": dict(BASE, inter=64, head_dim=32, experts=6, topk=3, layers=3, eps=1e-6),
    "smollm3": dict(BASE, layers=5, theta=2000000.0, eps=1e-6),
    "olmo3": dict(BASE, layers=5, eps=1e-6, theta=500000.0, original=64),
    "gemma2": dict(BASE, head_dim=32, layers=4, eps=1e-6),
    "granite": dict(BASE),
    "stablelm": dict(BASE),
    # StableLM 2 12B: both parts of a block read one norm, and each head of q and k has its own
    "stablelm_parallel": dict(BASE, layers=3),
    "cohere": dict(BASE, theta=500000.0),
    "cohere_plus": dict(BASE, layers=3, theta=500000.0),       # Command R+: a norm for each head of q and k
    "cohere2": dict(BASE, layers=5),
    # layers without experts between those that have them
    "qwen2_moe_mixed": dict(BASE, inter=64, shared=96, experts=6, topk=3, layers=4, eps=1e-6),
    "qwen3_moe_mixed": dict(BASE, inter=64, head_dim=32, experts=6, topk=3, layers=4, eps=1e-6),
}
MIXTURES = {"gpt_oss", "mixtral", "qwen2_moe", "qwen3_moe", "qwen2_moe_mixed", "qwen3_moe_mixed"}
# Families whose blocks add attention and feed-forward part together.
PARALLEL = {"stablelm_parallel", "cohere", "cohere_plus", "cohere2"}
# Families of which neither mlx-lm nor llama.cpp's converter knows all.
HF_ALONE = {"qwen2_moe_mixed", "qwen3_moe_mixed"}
# Families of which some formats are enough: their arithmetic is new, their formats are others' too.
MLX_JOBS = {f: ["mlx-bf16", "mlx-q4-g32"] for f in
            ("phi4", "mixtral", "qwen2_moe", "qwen3_moe", "smollm3", "olmo3", "gemma2", "granite", "stablelm",
             "stablelm_parallel", "cohere", "cohere_plus", "cohere2")}
DEFAULT_FAMILIES = ["gpt_oss", "llama", "llama3", "llama_k", "mistral", "qwen2", "qwen3", "gpt2",
                    "gemma3", "olmo2", "phi3", "phi4", "mixtral", "qwen2_moe", "qwen3_moe", "smollm3", "olmo3",
                    "gemma2", "granite", "stablelm", "stablelm_parallel", "cohere", "cohere_plus", "cohere2",
                    "qwen2_moe_mixed", "qwen3_moe_mixed"]
# which pre-tokenizer (and GGUF tokenizer.ggml.pre) the little tokenizer of a family uses
PRE = {"gpt_oss": ("o200k", "gpt-4o"), "llama": ("smollm", "smollm"), "llama3": ("llama3", "llama-bpe"),
       "llama_k": ("llama3", "llama-bpe"), "mistral": ("llama3", "llama-bpe"), "qwen2": ("qwen2", "qwen2"),
       "qwen3": ("qwen2", "qwen2"), "gpt2": ("gpt2", "gpt-2"), "gemma3": ("gpt2", "gpt-2"),
       "olmo2": ("gpt2", "gpt-2"), "phi3": ("gpt2", "gpt-2"), "phi4": ("gpt2", "gpt-2"),
       "mixtral": ("llama3", "llama-bpe"), "qwen2_moe": ("qwen2", "qwen2"), "qwen3_moe": ("qwen2", "qwen2"),
       "smollm3": ("llama3", "llama-bpe"), "olmo3": ("gpt2", "gpt-2"), "gemma2": ("gpt2", "gpt-2"),
       "granite": ("gpt2", "gpt-2"), "stablelm": ("gpt2", "gpt-2"), "stablelm_parallel": ("gpt2", "gpt-2"),
       "cohere": ("gpt2", "gpt-2"), "cohere_plus": ("gpt2", "gpt-2"), "cohere2": ("gpt2", "gpt-2"),
       "qwen2_moe_mixed": ("qwen2", "qwen2"), "qwen3_moe_mixed": ("qwen2", "qwen2")}
GGUF_TYPES = {"default": ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"],
              "llama_k": ["F32", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q4_K_M", "Q5_K_M", "IQ4_NL", "IQ4_XS"],
              "gpt_oss": ["F32", "MXFP4"],
              **{f: ["F32", "Q8_0", "Q4_0"] for f in MLX_JOBS}, "phi3": ["F32", "Q8_0"]}
FTYPE = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K": 12,
         "Q4_K": 14, "Q4_K_M": 15, "Q5_K": 16, "Q5_K_M": 17, "Q6_K": 18, "IQ4_NL": 25, "IQ4_XS": 30, "BF16": 32}
PURE = {"Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "IQ4_NL", "IQ4_XS"}


def make_config(family: str, s: dict):
    import transformers as T
    com = dict(vocab_size=s["vocab"], hidden_size=s["hidden"], intermediate_size=s["inter"],
               num_hidden_layers=s["layers"], num_attention_heads=s["heads"], num_key_value_heads=s["kv_heads"],
               max_position_embeddings=s["max_pos"], rms_norm_eps=s["eps"], bos_token_id=s["vocab"] - 3,
               eos_token_id=s["vocab"] - 3, pad_token_id=None)
    dflt = {"rope_type": "default", "rope_theta": s["theta"]}
    if family == "gpt_oss":
        return T.GptOssConfig(**com, head_dim=s["head_dim"], num_local_experts=s["experts"],
                              num_experts_per_tok=s["topk"], sliding_window=s["window"],
                              rope_parameters={"rope_type": "yarn", "rope_theta": s["theta"],
                                               "factor": s["yarn_factor"], "beta_fast": s.get("beta_fast", 32.0),
                                               "beta_slow": s.get("beta_slow", 1.0), "truncate": bool(s.get("truncate", 0)),
                                               "original_max_position_embeddings": s["yarn_orig"]})
    if family in ("llama", "llama_k"):
        return T.LlamaConfig(**com, head_dim=s["head_dim"], tie_word_embeddings=True, rope_parameters=dflt)
    if family == "llama3":
        return T.LlamaConfig(**com, head_dim=s["head_dim"], tie_word_embeddings=False,
                             rope_parameters={"rope_type": "llama3", "rope_theta": s["theta"], "factor": 8.0,
                                              "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                              "original_max_position_embeddings": s["max_pos"] // 8})
    if family == "mistral":
        return T.MistralConfig(**com, head_dim=s["head_dim"], tie_word_embeddings=False, sliding_window=None,
                               rope_parameters=dflt)
    if family == "qwen2":
        return T.Qwen2Config(**com, tie_word_embeddings=True, use_sliding_window=False, rope_parameters=dflt)
    if family == "qwen3":
        return T.Qwen3Config(**com, head_dim=s["head_dim"], tie_word_embeddings=False, attention_bias=False,
                             use_sliding_window=False, rope_parameters=dflt)
    if family == "mixtral":
        return T.MixtralConfig(**com, head_dim=s["head_dim"], num_local_experts=s["experts"],
                               num_experts_per_tok=s["topk"], sliding_window=None, rope_parameters=dflt)
    if family.startswith(("qwen2_moe", "qwen3_moe")):
        com["moe_intermediate_size"] = com.pop("intermediate_size")
        moe = dict(**com, intermediate_size=192, num_experts=s["experts"], num_experts_per_tok=s["topk"],
                   tie_word_embeddings=False, rope_parameters=dflt)
        if family.endswith("mixed"):               # only layer 1 has experts
            moe |= dict(decoder_sparse_step=2, mlp_only_layers=[3])
        if family.startswith("qwen2_moe"):
            return T.Qwen2MoeConfig(**moe, shared_expert_intermediate_size=s["shared"], norm_topk_prob=False)
        return T.Qwen3MoeConfig(**moe, head_dim=s["head_dim"], norm_topk_prob=True)
    if family.startswith(("stablelm", "cohere")):
        com["layer_norm_eps"] = com.pop("rms_norm_eps")
    if family.startswith("stablelm"):
        is_parallel = family == "stablelm_parallel"
        return T.StableLmConfig(**com, tie_word_embeddings=False, use_qkv_bias=not is_parallel,
                                use_parallel_residual=is_parallel, qk_layernorm=is_parallel,
                                partial_rotary_factor=0.25, rope_parameters={**dflt, "partial_rotary_factor": 0.25})
    if family in ("cohere", "cohere_plus"):
        return T.CohereConfig(**com, tie_word_embeddings=True, logit_scale=0.3, rope_parameters=dflt,
                              use_qk_norm=family == "cohere_plus")
    if family == "cohere2":
        return T.Cohere2Config(**com, tie_word_embeddings=True, logit_scale=0.3, rope_parameters=dflt,
                               sliding_window=s["window"])
    if family == "smollm3":
        return T.SmolLM3Config(**com, tie_word_embeddings=True, rope_parameters=dflt)
    if family == "granite":
        return T.GraniteConfig(**com, tie_word_embeddings=True, rope_parameters=dflt, embedding_multiplier=3.0,
                               logits_scaling=2.5, residual_multiplier=0.4, attention_multiplier=0.11)
    if family == "olmo3":
        full = {"rope_type": "yarn", "rope_theta": s["theta"], "factor": 4.0, "beta_fast": 32.0, "beta_slow": 1.0,
                "original_max_position_embeddings": s["original"]}
        return T.Olmo3Config(**com, tie_word_embeddings=False, sliding_window=s["window"],
                             rope_parameters={"full_attention": full, "sliding_attention": dflt})
    if family == "gemma2":
        return T.Gemma2Config(**com, head_dim=s["head_dim"], sliding_window=s["window"],
                              query_pre_attn_scalar=s["head_dim"], attn_logit_softcapping=5.0,
                              final_logit_softcapping=8.0)
    if family == "phi4":
        pairs = s["hidden"] // s["heads"] * 3 // 4 // 2
        return T.Phi3Config(**com, tie_word_embeddings=True, sliding_window=None,
                            original_max_position_embeddings=s["original"], partial_rotary_factor=0.75,
                            rope_parameters={"rope_type": "longrope", "rope_theta": s["theta"],
                                             "partial_rotary_factor": 0.75,
                                             "short_factor": [1.0 + 0.05 * i for i in range(pairs)],
                                             "long_factor": [1.0 + 0.5 * i for i in range(pairs)],
                                             "original_max_position_embeddings": s["original"]})
    if family == "olmo2":
        return T.Olmo2Config(**com, tie_word_embeddings=False, rope_parameters=dflt)
    if family == "phi3":
        return T.Phi3Config(**com, tie_word_embeddings=False, sliding_window=None, rope_parameters=dflt,
                            original_max_position_embeddings=s["max_pos"])
    if family == "gemma3":
        return T.Gemma3TextConfig(**com, head_dim=s["head_dim"], sliding_window=s["window"],
                                  query_pre_attn_scalar=s["head_dim"],
                                  layer_types=["full_attention" if (i + 1) % 6 == 0 else "sliding_attention"
                                               for i in range(s["layers"])])
    if family == "gpt2":
        return T.GPT2Config(vocab_size=s["vocab"], n_positions=s["max_pos"], n_embd=s["hidden"], n_layer=s["layers"],
                            n_head=s["heads"], n_inner=None, layer_norm_epsilon=s["eps"],
                            bos_token_id=s["vocab"] - 3, eos_token_id=s["vocab"] - 3)
    raise SystemExit(f"unknown family {family}")


def randomise(model, family: str, seed: int):
    """Non-trivial weights: biases, sinks and norms all away from their usual 0/1."""
    import torch
    g = torch.Generator().manual_seed(seed)

    def n(p, std, mean=0.0):
        p.data.copy_(torch.randn(p.shape, generator=g, dtype=torch.float32) * std + mean)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            conv1d = family == "gpt2" and p.ndim == 2 and ".h." in name
            fan_in = p.shape[0] if conv1d else p.shape[-1]
            if "norm" in name or ".ln_" in name:
                base = 0.0 if family in ("gemma2", "gemma3") else 1.0
                n(p, 0.3, base) if name.endswith("weight") else n(p, 0.2)
            elif name.endswith("sinks"):
                n(p, 1.5)
            elif "embed_tokens" in name or "wte" in name:
                n(p, 1.0 / math.sqrt(fan_in) if family in ("gemma2", "gemma3") else 1.0)
            elif "wpe" in name:
                n(p, 0.5)
            elif name.endswith("bias"):
                n(p, 0.5)
            elif "gate_up_proj" in name and family == "gpt_oss":   # [E, hidden, 2*inter]; clamp at 7 gets used
                n(p, 2.5 / math.sqrt(p.shape[-2]))
            elif "experts.down_proj" in name:
                n(p, 0.5 / math.sqrt(p.shape[-2]))
            elif "router" in name or "lm_head" in name or name.endswith((".mlp.gate.weight", "shared_expert_gate.weight")):
                n(p, 2.0 / math.sqrt(fan_in))
            elif any(k in name for k in ("q_proj", "k_proj", "c_attn", "qkv_proj")):
                n(p, 1.5 / math.sqrt(fan_in))
            else:
                n(p, 1.0 / math.sqrt(fan_in))
        if family == "gpt_oss":                    # the MXFP4 release stores biases as their own tensors
            for name, p in model.named_parameters():
                if name.endswith("_bias"):
                    n(p, 0.5)
    model.tie_weights()
    return model


def to_v4_config(cfg: dict, dtype: str) -> dict:
    """The older config.json spelling that published checkpoints have (rope_theta / rope_scaling / torch_dtype)."""
    c = copy.deepcopy(cfg)
    c.pop("dtype", None)
    c["torch_dtype"] = dtype
    rp = c.pop("rope_parameters", None)
    if c["model_type"] == "cohere2":               # as published
        c |= {"rotary_pct": 1.0, "sliding_window_pattern": 4, "use_parallel_block": True}
        c.pop("layer_types")
    if c["model_type"] == "stablelm":
        c["partial_rotary_factor"] = rp.pop("partial_rotary_factor")
    if "num_local_experts" in c and c["model_type"] == "qwen3_moe":
        c["num_experts"] = c.pop("num_local_experts")
    if rp and "rope_type" in rp:
        c["rope_theta"] = rp.pop("rope_theta", 10000.0)
        c["rope_scaling"] = rp if rp["rope_type"] != "default" else None
        if c["rope_scaling"] is None:
            c.pop("rope_scaling")
        elif rp["rope_type"] == "longrope":
            c["rope_scaling"] = {"type": "longrope", "short_factor": rp["short_factor"], "long_factor": rp["long_factor"]}
            c["partial_rotary_factor"] = rp["partial_rotary_factor"]
    elif rp and cfg["model_type"] == "olmo3":      # as published: the older name holds for full attention
        c["rope_theta"] = rp["full_attention"].pop("rope_theta")
        c["rope_scaling"] = rp["full_attention"]
    elif rp:                                       # gemma3: one entry a layer type
        c["rope_theta"] = rp["full_attention"]["rope_theta"]
        c["rope_local_base_freq"] = rp["sliding_attention"]["rope_theta"]
        c["rope_scaling"] = None
        c["sliding_window_pattern"] = 6
    return c


def published_names(sd: dict, family: str) -> dict:
    """Experts as Mixtral's and Qwen's published files hold them: a matrix for each."""
    out = {}
    mixtral = family == "mixtral"
    for k, v in sd.items():
        if mixtral:
            k = k.replace(".mlp.", ".block_sparse_moe.")
        if k.endswith("experts.gate_up_proj"):
            gate, up = v.chunk(2, dim=1)
            names = (("w1", gate), ("w3", up)) if mixtral else (("gate_proj", gate), ("up_proj", up))
        elif k.endswith("experts.down_proj"):
            names = (("w2" if mixtral else "down_proj", v),)
        else:
            out[k] = v
            continue
        base = k.rsplit(".", 1)[0]
        for name, w in names:
            out.update({f"{base}.{e}.{name}.weight": w[e].contiguous() for e in range(w.shape[0])})
    return out
