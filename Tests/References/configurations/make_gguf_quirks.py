#!/usr/bin/env python3
"""GGUF files whose metadata are quirky, and what transformers computes with the same weights.

The F32 files of `make_references.py` are taken, with the keys that change the arithmetic varied by rule; transformers is given the
same weights and the configuration that means the same. A case with `refusal` must be refused: no configuration means it, or
llama.cpp itself does not load it. The files are in two parts, so that all cases of a family share their tensors.

    python make_gguf_quirks.py --refs REFS --out REFS/quirks
"""
from __future__ import annotations

import argparse
import copy
import json
import math
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers as T  # noqa: E402
from gguf import GGUFReader, GGUFValueType, GGUFWriter  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from reference_models.gguf_files import gguf_state_dict  # noqa: E402

FAMILIES = ["llama3", "mistral", "qwen2", "qwen3", "gpt2", "gemma2", "gemma3", "olmo2", "olmo3", "phi3", "mixtral",
            "qwen2_moe", "granite", "smollm3", "gpt_oss", "phi4", "stablelm", "stablelm_parallel", "cohere", "cohere_plus", "cohere2"]
LAYER_NORMS = ("gpt2", "stablelm", "stablelm_parallel", "cohere", "cohere_plus", "cohere2")
SHORT, LENGTH = 14, 40
U32, F32, STR, BOOL = GGUFValueType.UINT32, GGUFValueType.FLOAT32, GGUFValueType.STRING, GGUFValueType.BOOL
REFUSED = "no configuration means it"


def metadata(reader) -> dict:
    """Every key with its value and type, arrays with that of their elements."""
    out = {}
    for name, field in reader.fields.items():
        if name.startswith("GGUF."):
            continue
        kind = field.types[0]
        out[name] = (field.contents(), kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
    return out


def write(path: Path, fields: dict, count: int, tensors=(), number=0, more: dict | None = None):
    """One of two parts; `more` are tensors by name, as numpy holds them."""
    writer = GGUFWriter(str(path), None)
    writer.kv_data = [{}]
    for name, (value, kind, element) in fields.items():
        writer.add_key_value(name, value, kind, element)
    for name, value, kind in [
            ("split.no", number, GGUFValueType.UINT16), ("split.count", 2, GGUFValueType.UINT16),
            ("split.tensors.count", count, GGUFValueType.INT32)]:
        writer.add_key_value(name, value, kind)
    for name, values in (more or {}).items():
        writer.add_tensor(name, values)
    for t in tensors:
        writer.add_tensor(t.name, t.data, raw_dtype=t.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def roped(config, members: dict | None = None, **outer):
    """Changes of the rotary set of full attention."""
    c = copy.deepcopy(config)
    rope = c.rope_parameters
    full = rope.get("full_attention", rope)
    if members is not None:
        kept = {k: full[k] for k in ("rope_theta", "partial_rotary_factor") if k in full}
        full.clear()
        full.update({**kept, **members})
    full.update(outer)
    return c


def changed(config, **values):
    c = copy.deepcopy(config)
    for name, value in values.items():
        setattr(c, name, value)
    return c


def original(config, context: int):
    c = roped(config, original_max_position_embeddings=context, attention_factor=math.sqrt(
        1 + math.log(config.max_position_embeddings / config.original_max_position_embeddings)
        / math.log(config.original_max_position_embeddings)))
    c.original_max_position_embeddings = context
    return c


def magnitude(factor: float) -> float:
    return 0.1 * math.log(factor) + 1 if factor > 1 else 1.0


def cases(family: str, arch: str, fields: dict, config) -> list:
    """(name, changes of keys with None for removal, configuration or the reason of a refusal)."""
    key = lambda name: f"{arch}.{name}"
    out = [("as it is", {}, config)]

    def add(name, changes, meaning):
        out.append((name, {key(k): v for k, v in changes.items()}, meaning))

    rms = f"attention.layer_norm_{'' if family in LAYER_NORMS else 'rms_'}epsilon"
    epsilon = "layer_norm_epsilon" if family == "gpt2" else "layer_norm_eps" if family in LAYER_NORMS else "rms_norm_eps"
    is_cohere, is_stable = family.startswith("cohere"), family.startswith("stablelm")
    for value in (1e-6, 1e-2, 0.5):
        add(f"{rms} {value}", {rms: (value, F32)}, changed(config, **{epsilon: float(np.float32(value))}))
    add(f"{rms} as a double", {rms: (0.25, GGUFValueType.FLOAT64)}, changed(config, **{epsilon: 0.25}))
    add(f"no {rms}", {rms: None}, REFUSED)
    for wrong in ((float("nan"), F32), (-1.0, F32), ("1e-5", STR), (True, BOOL)):
        add(f"{rms} {wrong[0]!r}", {rms: wrong}, REFUSED)
    blocks = fields[key("block_count")][0]
    for count in (blocks - 1, blocks + 1, 0):
        add(f"block_count {count}", {"block_count": (count, U32)}, REFUSED)
    for size in ("embedding_length", "attention.head_count", "feed_forward_length", "context_length"):
        if key(size) in fields and family not in ("qwen2_moe",):
            value = fields[key(size)][0]
            for kind in (GGUFValueType.INT64, GGUFValueType.UINT64, GGUFValueType.INT32):
                add(f"{size} as {kind.name}", {size: (value, kind)}, config)
            for wrong in ((0, U32), (-3, GGUFValueType.INT32), (str(value), STR), (2 ** 63, GGUFValueType.UINT64)):
                add(f"{size} {wrong[0]!r}", {size: wrong}, REFUSED)
            # gpt-oss has experts alone, whose width is another key.
            add(f"no {size}", {size: None}, config if (family, size) == ("gpt_oss", "feed_forward_length") else REFUSED)
    heads = fields[key("attention.head_count")][0]
    add("twice the heads", {"attention.head_count": (2 * heads, U32)}, REFUSED if family != "gpt2" else changed(config, n_head=2 * heads))
    if key("attention.key_length") in fields:
        length = fields[key("attention.key_length")][0]
        add("attention.value_length another", {"attention.value_length": (length // 2, U32)}, REFUSED)
    for name, value, kind in (("attention.clamp_kqv", 3.0, F32), ("attention.max_alibi_bias", 8.0, F32),
                              ("attention.causal", False, BOOL), ("use_parallel_residual", True, BOOL),
                              ("attention.kv_lora_rank", 16, U32), ("router_logit_softcapping", 5.0, F32),
                              ("expert_group_count", 2, U32), ("attention.temperature_scale", 0.5, F32),
                              ("leading_dense_block_count", 1, U32), ("nextn_predict_layers", 1, U32),
                              ("rope.scaling.yarn_ext_factor", 0.5, F32), ("ssm.conv_kernel", 4, U32)):
        # A StableLM's tensors tell whether it is parallel.
        add(f"{name} {value}", {name: (value, kind)}, config if is_stable and name.startswith("use") else REFUSED)
    for name, value, kind in (("attention.clamp_kqv", 0.0, F32), ("attention.causal", True, BOOL),
                              ("use_parallel_residual", False, BOOL), ("nobody.knows", 3, U32)):
        add(f"{name} {value}", {name: (value, kind)}, config)
    if family != "granite":
        for name in ("attention.scale", "residual_scale", "embedding_scale", *(() if is_cohere else ("logit_scale",))):
            add(f"{name} 0.5", {name: (0.5, F32)}, REFUSED)
    if not family.startswith("gemma"):
        add("attn_logit_softcapping 5", {"attn_logit_softcapping": (5.0, F32)}, REFUSED)
        add("final_logit_softcapping 5", {"final_logit_softcapping": (5.0, F32)}, REFUSED)
    if family == "gpt2":
        return out

    if family != "llama3":                     # whose tensor of factors belongs to its base
        add("rope.freq_base 50", {"rope.freq_base": (50.0, F32)}, roped(config, rope_theta=50.0))
        add("no rope.freq_base", {"rope.freq_base": None}, roped(config, rope_theta=10000.0))
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    for count in (size // 2, size - 1, 2 * size, 0):
        name, change = f"rope.dimension_count {count}", {"rope.dimension_count": (count, U32)}
        if count == size // 2 and (family == "phi3" or is_stable):
            add(name, change, roped(config, partial_rotary_factor=0.5))
        elif count != size // 2 or arch in ("llama", "granite", "smollm3", "command-r", "cohere2"):
            add(name, change, REFUSED)
    if family not in ("phi3", "phi4", "olmo3", "gpt_oss"):
        none = {"rope.scaling.type": None, "rope.scaling.factor": None, "rope.scaling.original_context_length": None}
        # Llama 3's stretch lies in a tensor.
        scaled = family != "llama3"
        if scaled:
            linear = roped(config, {"rope_type": "linear", "factor": 3.0})
            add("linear", {**none, "rope.scaling.type": ("linear", STR), "rope.scaling.factor": (3.0, F32)}, linear)
            add("a factor alone", {**none, "rope.scaling.factor": (3.0, F32)}, linear)
            add("scale_linear", {**none, "rope.scale_linear": (3.0, F32)}, linear)
            add("none with a factor", {**none, "rope.scaling.type": ("none", STR), "rope.scaling.factor": (3.0, F32)}, config)
            for members, extra in (({}, {}), ({"beta_fast": 16.0, "beta_slow": 2.0}, {
                    "rope.scaling.yarn_beta_fast": (16.0, F32), "rope.scaling.yarn_beta_slow": (2.0, F32)}),
                    ({"attention_factor": 1.5 * magnitude(4.0)}, {"rope.scaling.attn_factor": (1.5, F32)})):
                add(f"yarn {extra}", {**none, "rope.scaling.type": ("yarn", STR), "rope.scaling.factor": (4.0, F32),
                                      "rope.scaling.original_context_length": (16, U32), **extra},
                    roped(config, {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, **members}))
        for kind in ("longrope", "nonsense", "dynamic"):
            add(f"rope.scaling.type {kind}", {**none, "rope.scaling.type": (kind, STR), "rope.scaling.factor": (3.0, F32)}, REFUSED)
        for factor in (0.0, -2.0, float("inf")):
            add(f"linear by {factor}", {**none, "rope.scaling.type": ("linear", STR), "rope.scaling.factor": (factor, F32)}, REFUSED)
    if family == "phi4":                       # whose two sets of factors are tensors
        for kind in ("longrope", "none"):
            add(f"rope.scaling.type {kind}", {"rope.scaling.type": (kind, STR)}, config)
        for kind in ("linear", "yarn", "nonsense"):
            add(f"rope.scaling.type {kind}", {"rope.scaling.type": (kind, STR)}, REFUSED)
        add("a factor beside the tensors", {"rope.scaling.factor": (2.0, F32)}, REFUSED)
        add("attn_factor 1.5", {"rope.scaling.attn_factor": (1.5, F32)}, roped(config, attention_factor=1.5))
        # llama.cpp takes 1 where there is none; its converter always writes one.
        add("no attn_factor", {"rope.scaling.attn_factor": None}, roped(config, attention_factor=1.0))
        add("another original context", {"rope.scaling.original_context_length": (32, U32)}, original(config, 32))
    if family == "mistral":
        add("sliding_window 8", {"attention.sliding_window": (8, U32)}, changed(config, sliding_window=8))
        add("sliding_window 0", {"attention.sliding_window": (0, U32)}, config)
    if is_cohere:
        for value in (0.75, 2.0, -1.0):
            add(f"logit_scale {value}", {"logit_scale": (value, F32)}, changed(config, logit_scale=value))
        add("no logit_scale", {"logit_scale": None}, REFUSED if family == "cohere2" else changed(config, logit_scale=1.0))
    if family == "cohere2":
        for window in (0, None):
            add(f"sliding_window {window}", {"attention.sliding_window": window if window is None else (window, U32)}, REFUSED)
        add("every second layer slides", {"attention.sliding_window_pattern": (2, U32)}, changed(
            config, layer_types=["full_attention" if i % 2 else "sliding_attention" for i in range(config.num_hidden_layers)]))
    if family in ("gemma2", "gemma3", "gpt_oss", "olmo3", "cohere2"):
        for window in (3, 20):
            add(f"sliding_window {window}", {"attention.sliding_window": (window, U32)}, changed(config, sliding_window=window))
    if family.startswith("gemma"):
        caps = [("final_logit_softcapping", "final_logit_softcapping")]
        if family == "gemma2":
            caps.append(("attn_logit_softcapping", "attn_logit_softcapping"))
        for name, field in caps:
            add(f"{name} 2", {name: (2.0, F32)}, changed(config, **{field: 2.0}))
            add(f"no {name}", {name: None}, changed(config, **{field: {"gemma2": {"final_logit_softcapping": 30.0,
                "attn_logit_softcapping": 50.0}[field]}.get(family)}))
    if family in ("mixtral", "qwen2_moe", "gpt_oss"):
        for chosen in (1, 3):
            add(f"expert_used_count {chosen}", {"expert_used_count": (chosen, U32)}, changed(config, num_experts_per_tok=chosen))
        for wrong in (0, 99):
            add(f"expert_used_count {wrong}", {"expert_used_count": (wrong, U32)}, REFUSED)
        if family != "mixtral":
            add("no experts", {"expert_count": (0, U32)}, REFUSED)
        add("other experts", {"expert_count": (3, U32)}, REFUSED)
    if family == "granite":
        for name, field in (("logit_scale", "logits_scaling"), ("residual_scale", "residual_multiplier"),
                            ("embedding_scale", "embedding_multiplier"), ("attention.scale", "attention_multiplier")):
            add(f"{name} 0.75", {name: (0.75, F32)}, changed(config, **{field: 0.75}))
            plain = config.head_dim ** -0.5 if getattr(config, "head_dim", None) else size ** -0.5
            add(f"no {name}", {name: None}, changed(config, **{field: plain if field.startswith("att") else 1.0}))
    return out


ONE, LONG, SHORTER = "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"


def factors(family: str, arch: str, fields: dict, config, held: set) -> list:
    """Tensors of rotary factors: (name, changes of keys, configuration, REFUSED or the tensor that is refused, tensors).

    llama.cpp reads one set for `llama` and `granite`, two where those say longrope, two for `phi3`, and loads no file of
    any other architecture that has one (each of these was tried with it).
    """
    out = []
    key = lambda name: f"{arch}.{name}"
    rotating = (fields.get(key("rope.dimension_count")) or fields.get(key("attention.key_length"))
                or (fields[key("embedding_length")][0] // fields[key("attention.head_count")][0],))[0]
    pairs = rotating // 2
    one, other = (np.linspace(1, top, pairs).astype(np.float32) for top in (3, 5))
    data = {ONE: one, LONG: one, SHORTER: other}
    context = 16

    def stretched(short, long):
        c = roped(config, {"rope_type": "longrope", "short_factor": short.tolist(), "long_factor": long.tolist(), "factor": 1.0,
                           "attention_factor": 1.0, "original_max_position_embeddings": context})
        if hasattr(c, "original_max_position_embeddings"):   # Phi's class has it outside, and looks there
            c.original_max_position_embeddings = context
        return c

    for kind in (None, "none", "longrope"):
        changes = {key("rope.scaling.type"): kind and (kind, STR), key("rope.scaling.original_context_length"): (context, U32)}
        both = arch == "phi3" or (kind == "longrope" and arch in ("llama", "granite"))
        known = [LONG, SHORTER] if both else [ONE] if arch in ("llama", "granite") else []
        for names in ([ONE], [LONG, SHORTER], [LONG], [SHORTER], [ONE, LONG, SHORTER]):
            names = [n for n in names if n not in held]
            there = set(names) | (held & set(data))
            if not names:
                continue
            unread = [n for n in data if n in there and n not in known]
            if unread:
                meaning = unread[0]
            elif len(there) < len(known):
                meaning = next(n for n in known if n not in there)
            else:
                meaning = stretched(other if both else one, one)
            out.append((f"{' and '.join(names)}, {kind}", changes, meaning, {n: data[n] for n in names}))
    known = {"llama": [ONE], "granite": [ONE], "phi3": [LONG, SHORTER]}.get(arch, [])
    if known and not held & set(data):
        base = {n: data[n] for n in known}
        for wrong in (one[:-1], np.append(one, one[-1:]), one * 0, -one, one * np.float32("nan"), one * np.float32("inf")):
            out.append((f"{known[0]} of {wrong}", {}, known[0], {**base, known[0]: wrong}))
        if known == [ONE]:
            for name, value, kind in (("rope.scaling.attn_factor", 1.5, F32), ("rope.scaling.factor", 2.0, F32),
                                      ("rope.scaling.type", "linear", STR), ("rope.scaling.type", "yarn", STR)):
                out.append((f"{name} {value} beside it", {key(name): (value, kind)}, REFUSED, base))
    return out


def logits(config, sd: dict, ids: list[int]):
    config = copy.deepcopy(config)
    config._attn_implementation = "eager"
    model = T.AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager")
    missing, strange = model.load_state_dict(sd, strict=False)
    assert not strange and all(k == "lm_head.weight" or k.endswith(".attn.bias") for k in missing), (missing, strange)
    model.tie_weights()
    model.eval()
    with torch.no_grad():
        rows = [model(torch.tensor([ids[:n]]), use_cache=False).logits[0, -1] for n in (SHORT, LENGTH)]
    both = torch.stack(rows)
    assert torch.isfinite(both).all()
    return both.contiguous()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--refs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--family", default=",".join(FAMILIES))
    args = parser.parse_args()
    torch.set_num_threads(1)
    for family in args.family.split(","):
        source = args.refs / family / "gguf" / "model-F32.gguf"
        config = T.AutoConfig.from_pretrained(str(args.refs / family / "hf-f32"))
        sd, reader = gguf_state_dict(source, family, config)
        fields = metadata(reader)
        arch = fields["general.architecture"][0]
        folder = args.out / f"{family}-gguf"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

        def shared(more: int) -> Path:           # each part says how many tensors all parts have
            path = folder / f"tensors-and-{more}.part"
            if not path.exists():
                write(path, {"general.architecture": (arch, STR, None)}, len(reader.tensors) + more, reader.tensors, number=1)
            return path

        ids = np.random.default_rng(1).integers(3, config.vocab_size, LENGTH).tolist()
        rows, answers = [], {}
        held = {t.name for t in reader.tensors}
        every = [(*case, {}) for case in cases(family, arch, fields, config)] + factors(family, arch, fields, config, held)
        for number, (name, changes, meaning, more) in enumerate(every):
            at = folder / f"{number:04d}"
            at.mkdir()
            own = dict(fields)
            for key, value in changes.items():
                if value is None:
                    own.pop(key, None)
                else:
                    own[key] = (*value, None)
            write(at / "m-00001-of-00002.gguf", own, len(reader.tensors) + len(more), more=more)
            os.link(shared(len(more)), at / "m-00002-of-00002.gguf")
            row = {"name": name, "folder": at.name}
            if isinstance(meaning, str):
                row["refusal"] = REFUSED
                if meaning != REFUSED:
                    row["tensor"] = meaning
            else:
                answers[at.name] = logits(meaning, sd, ids)
            rows.append(row)
        save_file(answers, str(folder / "answers.safetensors"))
        (folder / "cases.json").write_text(json.dumps({"family": f"{family} GGUF", "ids": ids, "short": SHORT, "cases": rows}))
        print(family, len(rows), "GGUF cases,", len(answers), "computed", flush=True)


if __name__ == "__main__":
    main()
