"""Write a checkpoint as a Hugging Face directory (bfloat16)."""
import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from model import Config

NAMES = {"embed_tokens": "model.embed_tokens", "layers": "model.layers", "norm": "model.norm"}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--checkpoint", type=Path, required=True)
    p.add_argument("--tokenizer", type=Path, required=True, help="directory made by make_tokenizer.py")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--average", action="store_true", help="the running average of the weights (for a look before the decay)")
    p.add_argument("--run", type=Path, help="write steps, tokens and parameters here")
    a = p.parse_args()
    c = torch.load(a.checkpoint)
    flat = c["ema" if a.average else "flat"]
    out = {}
    for name, shape, start in c["shape"]:
        head, _, rest = name.partition(".")
        size = torch.Size(shape).numel()
        out[f"{NAMES[head]}.{rest}"] = flat[start:start + size].view(shape).bfloat16().contiguous()
    a.out.mkdir(parents=True, exist_ok=True)
    save_file(out, a.out / "model.safetensors", metadata={"format": "pt"})
    (a.out / "model.safetensors").chmod(0o644)
    k = Config(vocab=out["model.embed_tokens.weight"].shape[0])
    config = dict(architectures=["LlamaForCausalLM"], model_type="llama", vocab_size=k.vocab, hidden_size=k.d, intermediate_size=k.inter,
                  num_hidden_layers=k.layers, num_attention_heads=k.heads, num_key_value_heads=k.kv_heads, head_dim=k.head_dim,
                  hidden_act="silu", max_position_embeddings=k.context, rms_norm_eps=k.eps, rope_theta=k.theta,
                  rope_parameters=dict(rope_type="default", rope_theta=k.theta), attention_bias=False, mlp_bias=False, attention_dropout=0.0,
                  tie_word_embeddings=True, initializer_range=0.02, use_cache=True, bos_token_id=None, eos_token_id=2, pad_token_id=0,
                  dtype="bfloat16", torch_dtype="bfloat16")
    (a.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (a.out / "generation_config.json").write_text(json.dumps(dict(eos_token_id=2, pad_token_id=0, do_sample=False), indent=2) + "\n")
    for f in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(a.tokenizer / f, a.out / f)
    run = dict(steps=int(c["info"][0]), tokens=int(c["info"][1]), parameters=sum(t.numel() for t in out.values()))
    if a.run:
        a.run.write_text(json.dumps(run) + "\n")
    print(run)


if __name__ == "__main__":
    main()
