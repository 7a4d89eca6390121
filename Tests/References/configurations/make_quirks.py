#!/usr/bin/env python3
"""Checkpoints whose configuration is quirky, and what transformers computes with them.

For each family a tiny checkpoint of random weights is made once; each case is the same weights under a configuration in
which one key (or two that belong together) is changed, left out, null, of another type or out of range. Cases are made by
rule from the keys of transformers' own configuration classes. The answer is the last position's logits and those of a
cached decode step, or that transformers refuses.

    python make_quirks.py --out DIR [--family llama,...] [--seed N] [--together N]

With `--together` each case has several changes at once, drawn by the seed: keys that mean something to each other meet there.
"""
from __future__ import annotations

import argparse
import copy
import json
import logging
import os
import random
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
sys.path.insert(0, str(Path(__file__).parent.parent))

import torch  # noqa: E402
import transformers as T  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers.models.auto.configuration_auto import CONFIG_MAPPING  # noqa: E402

from reference_models.shapes import MIXTURES, randomise  # noqa: E402

logging.disable(logging.WARNING)

FAMILIES = {"llama": "llama", "mistral": "mistral", "qwen2": "qwen2", "qwen3": "qwen3", "gpt2": "gpt2",
            "gemma3": "gemma3_text", "olmo2": "olmo2", "phi3": "phi3", "gpt_oss": "gpt_oss", "mixtral": "mixtral",
            "qwen2_moe": "qwen2_moe", "qwen3_moe": "qwen3_moe", "smollm3": "smollm3", "granite": "granite",
            "gemma2": "gemma2", "olmo3": "olmo3", "stablelm": "stablelm", "cohere": "cohere", "cohere2": "cohere2"}
LAYERS, HIDDEN, HEADS, VOCAB, POSITIONS = 3, 32, 4, 64, 64
# Tokens of the shorter and of the longer prompt: one below the original contexts of 16, one beyond.
SHORT, LENGTH = 14, 24
ACTIVATIONS = ["relu", "gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python", "gelu_accurate",
               "gelu_python_tanh", "quick_gelu", "silu", "swish", "relu2", "mish", "tanh", "sigmoid", "nonsense"]


def base(family: str) -> dict:
    """The configuration around which the quirks are: small, and with every part of the family in use."""
    rotary = dict(num_hidden_layers=LAYERS, hidden_size=HIDDEN, intermediate_size=48, num_attention_heads=HEADS,
                  num_key_value_heads=2, vocab_size=VOCAB, max_position_embeddings=POSITIONS, head_dim=8,
                  rms_norm_eps=1e-4, rope_theta=1000.0, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2,
                  pad_token_id=None)
    own = {"mistral": dict(sliding_window=8), "phi3": dict(), "gpt_oss": dict(
        num_local_experts=4, num_experts_per_tok=2, sliding_window=8,
        rope_scaling={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}),
        "qwen2": dict(use_sliding_window=True, sliding_window=8, max_window_layers=1),
        "qwen3": dict(use_sliding_window=True, sliding_window=8, max_window_layers=1),
        "mixtral": dict(num_local_experts=4, num_experts_per_tok=2, sliding_window=8),
        "qwen2_moe": dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24,
                          shared_expert_intermediate_size=40, use_sliding_window=True, sliding_window=8,
                          max_window_layers=2),
        "qwen3_moe": dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24, use_sliding_window=True,
                          sliding_window=8, norm_topk_prob=True),
        "smollm3": dict(use_sliding_window=True, sliding_window=8, no_rope_layer_interval=2),
        "granite": dict(embedding_multiplier=2.0, logits_scaling=3.0, residual_multiplier=0.5,
                        attention_multiplier=0.25),
        "gemma2": dict(sliding_window=8, query_pre_attn_scalar=16, attn_logit_softcapping=4.0,
                       final_logit_softcapping=6.0),
        "stablelm": dict(use_qkv_bias=True, qk_layernorm=True, partial_rotary_factor=0.5),
        "cohere": dict(logit_scale=0.5, use_qk_norm=True),
        "cohere2": dict(logit_scale=0.5, sliding_window=8, sliding_window_pattern=3),
        "olmo3": dict(sliding_window=8, layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
        "gemma3": dict(sliding_window=8, query_pre_attn_scalar=16, sliding_window_pattern=3,
                       rope_local_base_freq=100.0)}
    if family == "gpt2":
        return dict(model_type="gpt2", n_layer=LAYERS, n_embd=HIDDEN, n_head=HEADS, n_inner=48, vocab_size=VOCAB,
                    n_positions=POSITIONS, layer_norm_epsilon=1e-4, tie_word_embeddings=True, bos_token_id=1,
                    eos_token_id=2)
    if family in ("stablelm", "cohere", "cohere2"):
        rotary["layer_norm_eps"] = rotary.pop("rms_norm_eps")
        if family != "cohere":                     # whose heads are as wide as their number says
            rotary.pop("head_dim")
    return {"model_type": FAMILIES[family], **rotary, **own.get(family, {})}


def ropes(family: str) -> list[tuple[str, dict]]:
    """Sets of rotary parameters by rule: every kind, whole, with each member changed, and with each left out."""
    pairs = 2 if family == "stablelm" else 4
    kinds = {
        "linear": {"factor": 3.0},
        "dynamic": {"factor": 3.0},
        "llama3": {"factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16},
        "yarn": {"factor": 4.0, "original_max_position_embeddings": 16},
        "longrope": {"short_factor": [1.0, 1.1, 1.3, 1.7][:pairs], "long_factor": [1.0, 2.0, 3.0, 4.0][:pairs],
                     "original_max_position_embeddings": 16},
        "default": {}, "nonsense": {"factor": 2.0}, "proportional": {},
    }
    more = {
        "yarn": {"beta_fast": [16.0, 0, 8], "beta_slow": [2.0, 0], "attention_factor": [1.5], "mscale": [0.7],
                 "mscale_all_dim": [0.5], "truncate": [False, True], "factor": [8.0, 1.0, None]},
        "longrope": {"factor": [3.0, 1.0], "attention_factor": [1.25, 2], "original_max_position_embeddings": [8, 32]},
        "llama3": {"factor": [2.0], "low_freq_factor": [2.0], "high_freq_factor": [8.0],
                   "original_max_position_embeddings": [32]},
        "linear": {"factor": [1.0, 2, 0.5]}, "dynamic": {"factor": [1.0]},
    }
    sets = []
    for kind, members in kinds.items():
        whole = {"rope_type": kind, **members}
        sets += [(f"{kind}", whole), (f"{kind} by its older name", {"type": kind, **members}),
                 (f"{kind} with its own base", {**whole, "rope_theta": 300.0}),
                 (f"{kind} of a part", {**whole, "partial_rotary_factor": 0.5}),
                 (f"{kind} with a stranger", {**whole, "mystery": 3})]
        for name, values in more.get(kind, {}).items():
            sets += [(f"{kind} {name} {v}", {**whole, name: v}) for v in values]
        sets += [(f"{kind} without {name}", {k: v for k, v in whole.items() if k != name}) for name in members]
        if kind == "yarn":
            sets += [("yarn with both scales", {**whole, "mscale": 0.7, "mscale_all_dim": 0.5}),
                     ("yarn with betas", {**whole, "beta_fast": 8.0, "beta_slow": 0.5, "truncate": False})]
    return sets


def values_of(key: str, value, family: str) -> list:
    """Other values of a key, by its name and by the type of what it is."""
    if key in ("hidden_act", "hidden_activation", "activation_function"):
        return ACTIVATIONS
    if key == "layer_types":
        f, s = "full_attention", "sliding_attention"
        return [[f] * LAYERS, [s] * LAYERS, [s, f, s], [f, s, f], [f], [f, s, "linear_attention"]]
    if key in ("num_hidden_layers", "n_layer"):
        return [1, 2, 4]
    if key in ("sliding_window", "max_window_layers", "sliding_window_pattern"):
        return [None, 1, 2, 3, 5, 20]
    if key in ("num_attention_heads", "num_key_value_heads", "n_head", "head_dim", "hidden_size", "n_embd",
               "intermediate_size", "n_inner", "num_local_experts", "num_experts", "moe_intermediate_size",
               "shared_expert_intermediate_size"):
        # PyTorch's grouped products for experts need rows of 16 bytes.
        return [None, 4, 8, 16] if family in MIXTURES and not key.startswith("num") else [None, 1, 2, 3, 4, 8, 16]
    if key == "vocab_size":
        return [None, VOCAB + 1, 2 * VOCAB]
    if key == "no_rope_layers":
        return [[1, 1, 0], [0, 0, 0], [1, 0, 1, 0], [1, 0], [1, 1, 1]]
    if key == "mlp_only_layers":
        return [[], [1], [0, 2], [0, 1, 2], [7]]
    if key == "decoder_sparse_step":
        return [1, 2, 3, 4, 0]
    if key == "no_rope_layer_interval":
        return [1, 2, 3, 0]
    if key == "logit_scale":
        return [0.25, 1.0, -2.0]
    if key.endswith(("_multiplier", "logits_scaling")):
        return [0.5, 1, 2.0]
    if key == "num_experts_per_tok":
        return [1, 3, 4, 5]
    if key in ("max_position_embeddings", "n_positions", "original_max_position_embeddings"):
        return [32, 128] if key == "n_positions" else [16, 32, 128]
    if key.endswith("softcapping"):
        return [0.5, 2.0, 30.0]
    if key.endswith(("eps", "epsilon")):
        return [1e-6, 1e-2, 0.5]
    if key == "rope_theta" or key.endswith("base_freq"):
        return [50.0, 10000, 500000.0]
    if key == "query_pre_attn_scalar":
        return [4, 8, 64]
    if key.startswith("swiglu"):
        return [0.5, 1.0, 3.0]
    if key == "partial_rotary_factor":
        return [0.5, 1.0, 0.25]
    if isinstance(value, bool):
        return [not value, value]
    if isinstance(value, float):
        return [value * 2 + 0.1, 0.0]
    if isinstance(value, int):
        return [value + 1, 0]
    return []


WRONG = ["3", "nonsense", -1, 0, 1e30, [1], {"a": 1}, True]


def cases(family: str) -> list[tuple[str, dict]]:
    start = base(family)
    cls = CONFIG_MAPPING[FAMILIES[family]]
    known = cls().to_dict()
    skip = {"model_type", "transformers_version", "architectures", "dtype", "rope_parameters", "id2label", "label2id",
            "per_layer_config", "_name_or_path", "problem_type", "chunk_size_feed_forward",
            # How the library hands out its answer, and padding, which no single prompt has.
            "return_dict", "pad_token_id"}
    keys = [k for k in known if k not in skip]
    keys += [k for k in start if k not in keys and k not in skip]
    keys += [k for k in ("rope_theta", "partial_rotary_factor", "original_max_position_embeddings", "head_dim",
                         "attention_bias", "mlp_bias", "sliding_window", "layer_types", "use_sliding_window",
                         "final_logit_softcapping", "attn_logit_softcapping", "query_pre_attn_scalar",
                         "hidden_act", "rope_local_base_freq") if k not in keys]
    out: list[tuple[str, dict]] = [("as it is", start)]
    for key in keys:
        value = start.get(key, known.get(key))
        for other in values_of(key, value, family):
            out.append((f"{key} = {json.dumps(other)}", {**start, key: other}))
        if key in start:
            out.append((f"{key} left out", {k: v for k, v in start.items() if k != key}))
            # Null for a name that the class has not says nothing.
            if start[key] is not None and (key in known or key == "rope_theta"):
                out.append((f"{key} = null", {**start, key: None}))
    for alias, target in getattr(cls, "attribute_map", {}).items():
        if target in start:
            rest = {k: v for k, v in start.items() if k != target}
            out += [(f"{alias} for {target}", {**rest, alias: start[target]}),
                    (f"{alias} beside {target}", {**start, alias: start[target]})]
    if family != "gpt2":
        plain = {k: v for k, v in start.items() if k != "rope_scaling"}
        for name, members in ropes(family):
            out.append((f"rope_scaling: {name}", {**plain, "rope_scaling": members}))
            if family in ("gemma3", "olmo3"):
                for kind in ("full_attention", "sliding_attention"):
                    out.append((f"rope_parameters.{kind}: {name}", {**plain, "rope_parameters": {kind: members}}))
            else:
                out.append((f"rope_parameters: {name}", {**plain, "rope_parameters": members}))
        # What stands around a set belongs to it, and to each of two.
        for kind in ("linear", "dynamic", "llama3", "yarn", "longrope", "default"):
            members = dict(ropes(family))[kind]
            for share in (0.5, 1.0) if kind in ("linear", "default") else (0.5,):
                around = {**plain, "partial_rotary_factor": share}
                out.append((f"{share} around rope_scaling: {kind}", {**around, "rope_scaling": members}))
                if family in ("gemma3", "olmo3"):
                    for layers in ("full_attention", "sliding_attention"):
                        sets = {layers: members}
                        out.append((f"{share} around rope_parameters.{layers}: {kind}", {**around, "rope_parameters": sets}))
                        sets = {"full_attention": {"rope_type": "default", "partial_rotary_factor": 1.0}} | sets
                        out.append((f"{share} around two sets, {layers} {kind}", {**around, "rope_parameters": sets}))
        out.append(("no rope_scaling", plain))
        out.append(("both names", {**plain, "rope_scaling": {"rope_type": "linear", "factor": 2.0},
                                   "rope_parameters": {"rope_type": "linear", "factor": 5.0, "rope_theta": 200.0}}))
        for outer in (8, 32):
            for kind in ("yarn", "llama3", "longrope"):
                members = dict(ropes(family))[kind]
                out.append((f"{kind} with original_max_position_embeddings {outer} outside",
                            {**plain, "rope_scaling": members, "original_max_position_embeddings": outer}))
    if family == "gpt2":
        for scale in (True, False):
            for by_layer in (True, False):
                for reorder in (True, False):
                    out.append((f"scales {scale}, {by_layer}, {reorder}", {
                        **start, "scale_attn_weights": scale, "scale_attn_by_inverse_layer_idx": by_layer,
                        "reorder_and_upcast_attn": reorder}))
    return out


def together(family: str, count: int, seed: int) -> list[tuple[str, dict]]:
    """Configurations with two to five of those changes, of different keys."""
    start, draw = base(family), random.Random(f"{family} {seed}")
    singles: dict[str, list[tuple[str, dict]]] = {}
    for name, config in cases(family)[1:]:
        changes = {k: config.get(k, GONE) for k in {*start, *config} if config.get(k, GONE) != start.get(k, GONE)}
        # Sizes left out are those of whole models; one of them alone is large enough.
        if changes and not any(v is GONE and isinstance(start[k], int) and start[k] > 1 for k, v in changes.items()):
            singles.setdefault(min(changes), []).append((name, changes))
    out = []
    for _ in range(count):
        config, names = dict(start), []
        for key in draw.sample(sorted(singles), draw.randint(2, 5)):
            name, changes = draw.choice(singles[key])
            config |= changes
            names.append(name)
        out.append(("; ".join(names), {k: v for k, v in config.items() if v is not GONE}))
    return out


GONE = object()


def wrong_types(family: str) -> list[tuple[str, str, dict]]:
    """Values that no configuration may have: (name, key, configuration); the engine refuses them by the key."""
    start = base(family)
    numbers = [k for k, v in start.items() if isinstance(v, (int, float)) and not isinstance(v, bool)
               and not k.endswith("token_id")]
    out = []
    for key in numbers:
        for value in WRONG:
            if value == 0 and key in ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "max_window_layers"):
                continue
            if value in (0, -1) and key == "logit_scale":
                continue
            if value == 1e30 and key == "rope_theta":
                continue
            out.append((f"{key} is {json.dumps(value)}", key, {**start, key: value}))
        for text in ("NaN", "Infinity"):
            out.append((f"{key} is {text}", key, {**start, key: float(text.lower().replace("infinity", "inf"))}))
    flags = [k for k, v in {**CONFIG_MAPPING[FAMILIES[family]]().to_dict(), **start}.items() if isinstance(v, bool)
             and k in ("tie_word_embeddings", "attention_bias", "mlp_bias", "use_sliding_window", "scale_attn_weights",
                       "scale_attn_by_inverse_layer_idx", "add_cross_attention", "is_encoder_decoder",
                       "use_bidirectional_attention", "use_qkv_bias", "qk_layernorm", "use_parallel_residual",
                       "use_qk_norm")]
    for key in flags:
        for value in ("true", 1, "nonsense", [True]):
            out.append((f"{key} is {json.dumps(value)}", key, {**start, key: value}))
    return out


def shaped(config: dict) -> T.PreTrainedModel | None:
    cls = CONFIG_MAPPING[config["model_type"]]
    c = cls.from_dict(copy.deepcopy(config))
    c._attn_implementation = "eager"
    return T.AutoModelForCausalLM.from_config(c, dtype=torch.float32, attn_implementation="eager")


def answer(folder: Path, ids: list[int], config: dict, weights: dict | None) -> torch.Tensor | str:
    """Logits of a prompt's last position and of the whole prompt's, [2, vocabulary], or why there are none.

    With weights in the very shapes of the configuration the model is filled directly; else the library loads the folder,
    so that its own rules for names decide.
    """
    try:
        with torch.no_grad():
            if weights is not None:
                model = shaped(config)
                missing, strange = model.load_state_dict(weights, strict=False)
                model.tie_weights()
                missing = [k for k in missing if not (k == "lm_head.weight" and model.config.tie_word_embeddings)]
                if missing or strange:
                    return f"missing {missing[:2]}, unexpected {strange[:2]}"
                return logits(model, ids)
            model, info = T.AutoModelForCausalLM.from_pretrained(
                str(folder), dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
            missing = [k for k in info["missing_keys"]]
            strange = [k for k in info["unexpected_keys"] if "inv_freq" not in k]
            if missing or strange or info["mismatched_keys"]:
                return f"missing {missing[:2]}, unexpected {strange[:2]}, mismatched {list(info['mismatched_keys'])[:2]}"
            return logits(model, ids)
    except Exception as error:  # whatever the judge refuses with
        return f"{type(error).__name__}: {error}"[:200]


def logits(model, ids: list[int]) -> torch.Tensor | str:
    model.eval()
    # One forward each: what a cache from before a change of factors holds is not asked.
    rows = [model(torch.tensor([ids[:count]]), use_cache=False).logits[0, -1] for count in (SHORT, LENGTH)]
    both = torch.stack(rows)
    return both if torch.isfinite(both).all() else "logits that are no numbers"


def weights_for(config: dict, family: str, seed: int, cache: dict) -> dict:
    """Random weights in the shapes of a configuration; the plain one's where the configuration has no shapes."""
    try:
        model = shaped(config)
    except Exception:
        model = None
    if model is None:
        return cache["base"]
    state = {k: v for k, v in model.state_dict().items()}
    shape = (model.config.tie_word_embeddings, *((k, tuple(v.shape)) for k, v in sorted(state.items())))
    if shape not in cache:
        randomise(model, family, seed)
        sd = {k: v.detach().clone().contiguous() for k, v in model.state_dict().items()}
        if model.config.tie_word_embeddings:
            sd.pop("lm_head.weight", None)
        cache[shape] = sd
    return cache[shape]


def tensor_cases(family: str, weights: dict) -> list[tuple[str, dict, dict]]:
    """The same configuration over other tensors: a bias too many, a name mistyped, a head left out or of its own."""
    start = base(family)
    out = []
    first = next(k for k in sorted(weights) if k.endswith(("q_proj.weight", "qkv_proj.weight", "c_attn.weight")))
    extra = dict(weights)
    extra[first.replace(".weight", ".strange")] = torch.ones(3)
    out.append(("a stranger's tensor", start, extra))
    biased = dict(weights)
    name = next((k for k in sorted(weights) if k.endswith("mlp.down_proj.weight")), None)
    if name:
        biased[name.replace(".weight", ".bias")] = torch.ones(weights[name].shape[0])
        out.append(("a bias too many", start, biased))
    headless = {k: v for k, v in weights.items() if not k.startswith("lm_head")}
    embedding = next(k for k in weights if k.endswith(("embed_tokens.weight", "wte.weight")))
    for tied in (True, False, None):
        config = {**start, "tie_word_embeddings": tied}
        if tied is None:
            config.pop("tie_word_embeddings")
        out.append((f"no head, tied {tied}", config, headless))
        out.append((f"a head like the embedding, tied {tied}", config,
                    {**headless, "lm_head.weight": weights[embedding].clone()}))
        out.append((f"a head of its own, tied {tied}", config,
                    {**headless, "lm_head.weight": torch.flip(weights[embedding], [0]).contiguous()}))
        out.append((f"a head mistyped, tied {tied}", config,
                    {**headless, "lm_heda.weight": torch.flip(weights[embedding], [0]).contiguous()}))
    for key in sorted(weights):
        if ".1." in key:
            out.append((f"without {key}", start, {k: v for k, v in weights.items() if k != key}))
    return out


def link(source: Path, target: Path):
    if target.exists():
        target.unlink()
    os.link(source, target)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--family", default=",".join(FAMILIES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--together", type=int, default=0, help="so many cases of several changes, and no others")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for family in args.family.split(","):
        folder = args.out / (family + ("-together" if args.together else ""))
        stores = folder / "weights"
        stores.mkdir(parents=True, exist_ok=True)
        ids = torch.randint(3, VOCAB, (LENGTH,), generator=torch.Generator().manual_seed(args.seed)).tolist()
        cache: dict = {}
        model = shaped(base(family))
        randomise(model, family, args.seed)
        cache["base"] = {k: v.detach().clone().contiguous() for k, v in model.state_dict().items()
                         if not (k == "lm_head.weight" and base(family)["tie_word_embeddings"])}
        saved: dict[int, Path] = {}
        rows, answers = [], {}

        def add(name, config, weights, field=None, direct=True):
            number = len(rows)
            at = folder / f"{number:04d}"
            at.mkdir(exist_ok=True)
            if id(weights) not in saved:
                saved[id(weights)] = stores / f"{len(saved)}.safetensors"
                save_file(weights, str(saved[id(weights)]), metadata={"format": "pt"})
            link(saved[id(weights)], at / "model.safetensors")
            (at / "config.json").write_text(json.dumps(config))
            row = {"name": name, "folder": at.name}
            if field:
                row["field"] = field
            else:
                result = answer(at, ids, config, weights if direct else None)
                if isinstance(result, str):
                    row["refusal"] = result
                else:
                    answers[at.name] = result.contiguous()
            rows.append(row)

        kept = []  # so that no two sets of weights ever have one identity
        for name, config in together(family, args.together, args.seed) if args.together else cases(family):
            weights = weights_for(config, family, args.seed, cache)
            kept.append(weights)
            add(name, config, weights)
        for name, config, weights in [] if args.together else tensor_cases(family, cache["base"]):
            kept.append(weights)
            add(name, config, weights, direct=False)
        for name, field, config in [] if args.together else wrong_types(family):
            add(name, config, cache["base"], field=field)
        save_file(answers, str(folder / "answers.safetensors"))
        (folder / "cases.json").write_text(json.dumps({"family": family, "ids": ids, "short": SHORT, "cases": rows,
                                                       "together": args.together > 0}))
        print(family, len(rows), "cases,", len(answers), "computed,", sum("refusal" in r for r in rows), "refused,",
              sum("field" in r for r in rows), "wrong types", flush=True)


if __name__ == "__main__":
    main()
