"""Circuits in weights by NumPy, from transformers' own modules.

    python make_weights.py REFS [FAMILY…]
    python make_weights.py --bundled Fixtures/models/circuits-5m

In float64, by whole matrices [d_model, d_model] without a trick. For every `REFS/<family>/hf-f32` it writes
`REFS/<family>/refs/hf-f32.weights.json`; for the bundled model `bundled/weights.json` beside this script, which is committed.
A file has the layers that were looked at, and with the gains of norms (`folded`) and without (`raw`)

    baseline                         root mean square of scores where one side is turned at random
    heads: place [layer, head]; ov, qk: singular [d_head], positivity
           reads, writes             of OV's first pair: tokens and values of the strongest, where the pair stands alone
    edges: q, k, v                   by pairs of heads: source, target, score, deviations; of k prefix (every fifth pair)

A circuit reads and writes columns: OV = W_O W_V, QK = W_Q^T W_K.
"""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers as T  # noqa: E402


def first(module, *names):
    return next((getattr(module, name) for name in names if getattr(module, name, None) is not None), None)


def array(parameter):
    return parameter.detach().double().numpy()


class Weights:
    """A model's heads as matrices, read from its modules."""

    def __init__(self, model, folded):
        self.config, self.folded = model.config, folded
        body = getattr(model, "model", None) or model.transformer
        self.blocks = list(first(body, "layers", "h"))
        self.d = self.config.hidden_size
        self.heads = self.config.num_attention_heads
        self.pairs = getattr(self.config, "num_key_value_heads", None) or self.heads
        self.size = getattr(self.config, "head_dim", None) or self.d // self.heads
        final = first(body, "norm", "ln_f")
        self.is_centred = "RMS" not in type(final).__name__
        self.embedding = array(first(body, "embed_tokens", "wte").weight) * getattr(self.config, "embedding_multiplier", 1.0)
        if type(model).__name__.startswith("Gemma"):
            self.embedding = self.embedding * self.d ** 0.5
        self.head = array(model.lm_head.weight)
        if type(model).__name__.startswith("Granite"):
            self.head = self.head / self.config.logits_scaling
        if type(model).__name__.startswith("Cohere"):
            self.head = self.head * self.config.logit_scale
        if folded:
            self.head = self.through(final, self.head)
            if self.is_centred:
                self.embedding = self.embedding - self.embedding.mean(1, keepdims=True)
        self.head = self.head - self.head.mean(0)

    def gain(self, norm):
        weight = array(norm.weight)
        return 1 + weight if type(norm).__name__.startswith("Gemma") else weight

    def through(self, norm, rows):
        """Rows that read what a norm gives, as rows that read what it is given."""
        if norm is None or not self.folded:
            return rows
        rows = rows * self.gain(norm)
        return rows if "RMS" in type(norm).__name__ else rows - rows.mean(1, keepdims=True)

    def by_head(self, norm, rows, count):
        """Rows of queries or keys, weighed by a norm of heads."""
        rows = rows.reshape(count, self.size, self.d)
        if norm is None or not self.folded:
            return rows
        if hasattr(norm, "norms"):  # StableLM
            weight = np.stack([array(one.weight) for one in norm.norms])
        else:
            weight = self.gain(norm)
        if weight.ndim == 1 and weight.size == self.size:
            return rows * weight[:, None]
        if "RMS" in type(norm).__name__:  # All heads at once: OLMo.
            return rows * weight.reshape(count, self.size)[:, :, None]
        return (rows - rows.mean(1, keepdims=True)) * weight[:, :, None]

    def layer(self, number):
        """OV and QK of all heads, [heads, d, d] each."""
        block = self.blocks[number]
        attention = first(block, "self_attn", "attn")
        queries, keys = self.heads * self.size, self.pairs * self.size
        if hasattr(attention, "q_proj"):
            q, k, v = (array(getattr(attention, f"{name}_proj").weight) for name in "qkv")
        elif hasattr(attention, "qkv_proj"):
            q, k, v = np.split(array(attention.qkv_proj.weight), [queries, queries + keys])
        else:
            q, k, v = np.split(array(attention.c_attn.weight).T, 3)
        output = first(attention, "o_proj", "dense")
        o = array(output.weight) if output is not None else array(attention.c_proj.weight).T
        before = first(block, "input_layernorm", "ln_1")
        q, k, v = (self.through(before, rows) for rows in (q, k, v))
        q = self.by_head(first(attention, "q_norm", "q_layernorm"), q, self.heads)
        k = self.by_head(first(attention, "k_norm", "k_layernorm"), k, self.pairs)
        v = v.reshape(self.pairs, self.size, self.d)
        named = type(block).__name__
        after = block.post_attention_layernorm if named.startswith(("Gemma", "Olmo")) else None
        if self.folded:
            if after is not None:
                o = self.gain(after)[:, None] * o
            if self.is_centred:
                o = o - o.mean(0)
        o = o.reshape(self.d, self.heads, self.size) * getattr(self.config, "residual_multiplier", 1.0)
        group = self.heads // self.pairs
        ov = np.stack([o[:, h] @ v[h // group] for h in range(self.heads)])
        qk = np.stack([q[h].T @ k[h // group] for h in range(self.heads)])
        return ov, qk


def positivity(matrix):
    values = np.linalg.eigvals(matrix)
    return values.sum().real / np.abs(values).sum()


def strongest(rows, vector, negative):
    products = rows @ vector * (-1 if negative else 1)
    order = np.argsort(-products, kind="stable")[:4]
    return [[int(t), float(products[t])] for t in order]


def circuit(matrix, rank):
    left, sizes, right = np.linalg.svd(matrix)
    return left.T, sizes[:rank], right


def found(weights, layers):
    rank = min(weights.size, weights.d)
    embedding, head = weights.embedding, weights.head
    among, across = embedding.T @ embedding, embedding.T @ head
    circuits = {layer: weights.layer(layer) for layer in layers}
    heads, taken = [], {}
    for layer, (ov, qk) in circuits.items():
        for number in range(weights.heads):
            left, sizes, right = circuit(ov[number], rank)
            _, asked, _ = circuit(qk[number], rank)
            taken[layer, number] = sizes, asked
            one = {"place": [layer, number],
                   "ov": {"singular": sizes.tolist(), "positivity": positivity(ov[number] @ across)},
                   "qk": {"singular": asked.tolist(), "positivity": positivity(qk[number] @ among)}}
            # The eigenvalues of head ov embedding^T are those of ov embedding^T head.
            if len(sizes) == 1 or sizes[0] > 1.02 * sizes[1]:
                products = embedding @ right[0]
                ends = np.abs(products.max()), np.abs(products.min())
                if max(ends) > 1.01 * min(ends):
                    one["reads"] = strongest(embedding, right[0], ends[1] > ends[0])
                    one["writes"] = strongest(head, left[0], ends[1] > ends[0])
            heads.append(one)
    n = weights.d - (1 if weights.is_centred and weights.folded else 0)
    edges = {kind: [] for kind in "qkv"}
    for target in layers:
        for source in (layer for layer in layers if layer < target):
            for b in range(weights.heads):
                for a in range(weights.heads):
                    written = circuits[source][0][a]
                    qk, ov = circuits[target][1][b], circuits[target][0][b]
                    for kind, reading in (("q", qk.T), ("k", qk), ("v", ov)):
                        score = np.linalg.norm(reading @ written) / (np.linalg.norm(reading) * np.linalg.norm(written))
                        squares = [s ** 2 / (s ** 2).sum() for s in (taken[source, a][0], taken[target, b][0 if kind == "v" else 1])]
                        spread = np.prod([(s ** 2).sum() - 1 / n for s in squares])
                        edge = {"source": [source, a], "target": [target, b], "score": score,
                                "deviations": (score ** 2 - 1 / n) / np.sqrt(2 * spread / ((n - 1) * (n + 2)))}
                        if kind == "k" and len(edges["k"]) % 5 == 0:
                            edge["prefix"] = positivity(qk @ written @ among)
                        edges[kind].append(edge)
    return {"baseline": n ** -0.5, "heads": heads, "edges": edges}


def rounded(value):
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def write(path, model, layers):
    result = {"layers": layers, "folded": found(Weights(model, True), layers), "raw": found(Weights(model, False), layers)}
    path.write_text(json.dumps(rounded(result), separators=(",", ":")) + "\n")
    print(path, flush=True)


def load(folder):
    return T.AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32).eval()


def main() -> None:
    torch.set_num_threads(1)
    if sys.argv[1] == "--bundled":
        return write(Path(__file__).parent / "bundled" / "weights.json", load(Path(sys.argv[2])), [0, 3, 6, 12])
    root = Path(sys.argv[1])
    families = sys.argv[2:] or sorted(p.parent.parent.name for p in root.glob("*/refs/hf-f32.json"))
    for family in families:
        model = load(root / family / "hf-f32")
        layers = list(range(model.config.num_hidden_layers))[:3]
        write(root / family / "refs" / "hf-f32.weights.json", model, layers)


if __name__ == "__main__":
    main()
