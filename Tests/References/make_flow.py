"""Shares of information flow (Ferrando and Voita 2024), in float64, from transformers' activations.

    python make_flow.py REFS [FAMILY…]

For every `REFS/<family>/refs/hf-f32.safetensors` it writes `hf-f32.flow.safetensors`: for the first prompt and each layer
`blocks.N.residual [positions]`, `blocks.N.heads [positions, heads, positions]` (the shares of the stream behind attention)
and `blocks.N.mlp [positions, parts]` (of the stream behind the layer: the stream before the MLP, then the MLP, or the chosen
experts in the router's order and the shared one). Activations are as transformers made them; only the output projection,
and the weight of a norm behind attention, are read from the checkpoint.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

LEAST = 1e-5


def shares(whole, parts):
    """`whole [d]`, `parts [n, d]`: max(|y| - |y - p|, 1e-5), as shares of their sum."""
    found = np.maximum(np.abs(whole).sum() - np.abs(whole - parts).sum(-1), LEAST)
    return found / found.sum()


class Checkpoint:
    def __init__(self, folder: Path, family: str):
        self.family = family
        self.tensors = load_file(folder / "model.safetensors")
        self.config = json.loads((folder / "config.json").read_text())

    def weight(self, name: str):
        return self.tensors[name].astype(np.float64)

    def writes(self, layer: int, values, output):
        """`values [positions, heads, d_head]` to `[positions, heads, d]`, and each position's divisor `[positions]`."""
        heads, size = values.shape[1:]
        if self.family == "gpt2":
            matrix = self.weight(f"transformer.h.{layer}.attn.c_proj.weight").T
        else:
            matrix = self.weight(f"model.layers.{layer}.self_attn.o_proj.weight")
        written = np.einsum("phe,dhe->phd", values, matrix.reshape(-1, heads, size))
        written *= self.config.get("residual_multiplier", 1)
        if self.family not in ("gemma2", "gemma3", "olmo2", "olmo3"):
            return written, np.ones(len(values))
        gain = self.weight(f"model.layers.{layer}.post_attention_layernorm.weight")
        gain = gain + 1 if self.family.startswith("gemma") else gain
        mean = (output ** 2).mean(-1) + self.config["rms_norm_eps"]
        return written * gain, np.sqrt(mean)


def mlp_parts(acts, prefix: str, positions: int):
    """`[positions, parts, d]` besides the stream."""
    if f"{prefix}mlp.hook_expert_indices" not in acts:
        return acts[prefix + "hook_mlp_out"][:, None]
    chosen = acts[prefix + "mlp.hook_expert_indices"].astype(int)
    weights = acts[prefix + "mlp.hook_expert_weights"]
    width = acts[prefix + "hook_mlp_out"].shape[-1]
    parts = np.zeros((positions, chosen.shape[1], width))
    seen = {}
    for position in range(positions):
        for expert in sorted(chosen[position]):
            row = seen.get(expert, 0)
            seen[expert] = row + 1
            slot = list(chosen[position]).index(expert)
            parts[position, slot] = (
                weights[position, slot] * acts[f"{prefix}mlp.experts.{expert}"][row])
    if prefix + "mlp.shared_expert.output" in acts:
        gate = acts[prefix + "mlp.shared_expert.hook_gate"]
        shared = acts[prefix + "mlp.shared_expert.output"] * gate
        parts = np.concatenate([parts, shared[:, None]], 1)
    return parts


def flow(family: str, root: Path) -> dict:
    checkpoint = Checkpoint(root / family / "hf-f32", family)
    acts = load_file(root / family / "refs" / "hf-f32.safetensors")
    acts = {k[8:]: v.astype(np.float64) for k, v in acts.items() if k.startswith("prompt0.")}
    layers = 1 + max(int(k.split(".")[1]) for k in acts if k.startswith("blocks."))
    result = {}
    for layer in range(layers):
        prefix = f"blocks.{layer}."
        pattern = acts[prefix + "attn.hook_pattern"]
        heads, positions = pattern.shape[:2]
        values = acts[prefix + "attn.hook_v"]
        values = values.reshape(positions, -1, values.shape[-1] if values.ndim == 3 else values.shape[-1] // heads)
        values = np.repeat(values, heads // values.shape[1], 1)
        written, divisors = checkpoint.writes(
            layer, values, acts.get(prefix + "attn.output_before_post_norm"))
        before, after = acts[prefix + "hook_resid_pre"], acts[prefix + "hook_resid_post"]
        # Where both parts are added together, the stream behind attention is no module's input.
        middle = acts.get(prefix + "hook_resid_mid", before + acts[prefix + "hook_attn_out"])
        feed = mlp_parts(acts, prefix, positions)
        residual = np.zeros(positions)
        by_head = np.zeros((positions, heads, positions))
        mlp = np.zeros((positions, feed.shape[1] + 1))
        for p in range(positions):
            taken = pattern[:, p, : p + 1, None] * written[: p + 1].transpose(1, 0, 2) / divisors[p]
            found = shares(middle[p], np.concatenate([before[p][None], taken.reshape(-1, taken.shape[-1])]))
            residual[p] = found[0]
            by_head[p, :, : p + 1] = found[1:].reshape(heads, p + 1)
            mlp[p] = shares(after[p], np.concatenate([middle[p][None], feed[p]]))
        result[prefix + "residual"] = residual.astype(np.float32)
        result[prefix + "heads"] = by_head.astype(np.float32)
        result[prefix + "mlp"] = mlp.astype(np.float32)
    return result


def main() -> None:
    root = Path(sys.argv[1])
    families = sys.argv[2:] or sorted(p.parent.parent.name for p in root.glob("*/refs/hf-f32.safetensors"))
    for family in families:
        target = root / family / "refs" / "hf-f32.flow.safetensors"
        save_file(flow(family, root), target)
        print(target)


if __name__ == "__main__":
    main()
