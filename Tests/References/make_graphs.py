"""Rows of attribution graphs by PyTorch's autograd, on transformers' own models.

    python make_graphs.py REFS BUNDLED [FAMILY…]

In float64. What is held fixed is detached: queries and keys (so the patterns), the denominators of norms, what feed-forward parts and
experts give. For every `REFS/<family>/hf-f32` it writes `REFS/<family>/refs/hf-f32.graph.safetensors`, and for the bundled
model `REFS/graphs/bundled.safetensors`:

    tokens [T]                      the prompt
    targets, probabilities [K]      the likeliest tokens, until 0.95 of the probability, 10 at most
    logits [K]                      less the mean of all logits; before the cap where there is one
    rows.logits [K, N]              each logit's row
    rows.places [R, 3], rows.heads [R, N]   layer, head, position, and the row of some heads
    totals [N]                      what each source gives the sum of probability times logit along all paths

N counts sources: embeddings [T], learned positions [T] (gpt2), feed-forward parts [L, T], heads [L, T, H], all biases [1].
A row has the paths that pass no other head. A head's own direction is the gradient of the sum at its output.
"""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch  # noqa: E402
import transformers as T  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

MASS, MOST = 0.95, 10


def freeze_norm(module):
    """The same norm whose denominator has no gradient; checked against the norm itself."""
    original = module.forward
    epsilon = next((getattr(module, n) for n in ("variance_epsilon", "eps") if hasattr(module, n)), None)

    def forward(x):
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        expected = original(x).detach()
        for centred in (x, x - x.mean(-1, keepdim=True)):
            plain = centred * torch.rsqrt((centred ** 2).mean(-1, keepdim=True) + epsilon).detach()
            for scale in ([1 + weight, weight] if weight is not None else [1]):
                result = plain * scale if bias is None else plain * scale + bias
                if torch.allclose(result, expected, rtol=1e-4, atol=1e-5):
                    return result
        raise SystemExit(f"{type(module).__name__} is no norm that this script knows")

    module.forward = forward


class Frozen:
    """A model whose leaves are the sources of a graph.

    With `cut` heads are leaves too, so that gradients are those of paths that pass no other head.
    """

    def __init__(self, model):
        self.model = model
        self.cut = False
        body = getattr(model, "model", None) or model.transformer
        self.layers = getattr(body, "layers", None) or body.h
        for module in model.modules():
            if type(module).__name__.endswith("Norm"):
                freeze_norm(module)
        code = sys.modules[type(model).__module__]
        attend = code.eager_attention_forward
        # Several checkpoints of one family share the function: it is put back by `close`.
        self.close = lambda: setattr(code, "eager_attention_forward", attend)

        def frozen(module, query, key, value, *rest, **named):
            z, weights = attend(module, query.detach(), key.detach(), value, *rest, **named)
            self.mixed.append(z)
            if self.cut:
                z = z.detach().requires_grad_()
            else:
                z.retain_grad()
            self.heads.append(z)
            return z, weights

        code.eager_attention_forward = frozen
        tokens = getattr(body, "embed_tokens", None) or body.wte
        tokens.register_forward_hook(lambda *a: self.leaf(self.embeddings, a[2]))
        if hasattr(body, "wpe"):
            body.wpe.register_forward_hook(lambda *a: self.leaf(self.embeddings, a[2]))
        for layer in self.layers:
            part = getattr(layer, "mlp", None) or layer.block_sparse_moe
            part.register_forward_hook(lambda *a: self.leaf(self.mlps, a[2]))
        self.biases = [p for n, p in model.named_parameters() if n.endswith("bias")]

    def leaf(self, kept, output):
        whole = output if isinstance(output, tuple) else (output,)
        leaf = whole[0].detach().requires_grad_()
        kept.append(leaf)
        return (leaf, *whole[1:]) if isinstance(output, tuple) else leaf

    def logits(self, ids, cut):
        """Of the last position, before the cap."""
        self.cut = cut
        self.embeddings, self.mlps, self.heads, self.mixed = [], [], [], []
        cap = getattr(self.model.config, "final_logit_softcapping", None)
        self.model.config.final_logit_softcapping = None
        found = self.model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
        self.model.config.final_logit_softcapping = cap
        shown = found if cap is None else torch.tanh(found / cap) * cap
        return found, torch.softmax(shown.detach(), -1)

    def row(self, value, below=None):
        """Gradient times value of each source, for a value that heads of layers under `below` reach."""
        leaves = [*self.embeddings, *self.mlps, *self.heads, *self.biases]
        grads = torch.autograd.grad(value, leaves, retain_graph=True, allow_unused=True)
        parts = [torch.zeros_like(x) if g is None else (g * x).detach() for g, x in zip(grads, leaves)]
        counts = len(self.embeddings) + len(self.mlps), len(self.heads)
        plain = [x.reshape(-1, x.shape[-1]).sum(-1) for x in parts[:counts[0]]]
        heads = [x[0].sum(-1).reshape(-1) for x in parts[counts[0]:sum(counts)]]
        bias = torch.stack([x.sum() for x in parts[sum(counts):]]).sum() if self.biases else torch.zeros(())
        return torch.cat([*plain, *heads, bias.reshape(1)])


def graph(model, ids, every):
    frozen = Frozen(model)
    whole, probabilities = frozen.logits(ids, cut=False)
    order = torch.argsort(probabilities, descending=True)
    count = int((torch.cumsum(probabilities[order], 0) < MASS).sum()) + 1
    targets = order[:min(count, MOST)]
    weights = probabilities[targets]
    centred = whole - whole.mean()
    value = (weights * centred[targets]).sum()
    totals = frozen.row(value)
    directions = torch.autograd.grad(value, frozen.heads, retain_graph=True, allow_unused=True)
    directions = [torch.zeros_like(z) if g is None else g for g, z in zip(directions, frozen.heads)]
    logits, _ = frozen.logits(ids, cut=True)
    logits = logits - logits.mean()
    rows = torch.stack([frozen.row(logits[t]) for t in targets])
    places, found = [], []
    heads = directions[0].shape[2]
    for number in range(0, len(directions) * len(ids) * heads, every):
        layer, rest = divmod(number, len(ids) * heads)
        position, head = divmod(rest, heads)
        value = (directions[layer] * frozen.mixed[layer])[0, position, head].sum()
        places.append([layer, head, position])
        found.append(frozen.row(value))
    frozen.close()
    for row, logit in zip(rows, centred[targets]):
        # The recipe's own check: a row leaves nothing over.
        assert abs(row.sum() - logit) < 1e-4 * row.abs().max(), (row.sum(), logit)
    result = dict(tokens=torch.tensor(ids), targets=targets, probabilities=weights, logits=centred[targets],
                  totals=totals)
    result["rows.logits"] = rows
    result["rows.places"] = torch.tensor(places)
    result["rows.heads"] = torch.stack(found)
    return {k: (v.detach().float() if v.is_floating_point() else v.int()).contiguous().numpy() for k, v in result.items()}


def load(folder):
    return T.AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float64, attn_implementation="eager", experts_implementation="eager").eval()


def main() -> None:
    root, bundled = Path(sys.argv[1]), Path(sys.argv[2])
    families = sys.argv[3:] or sorted(p.parent.parent.name for p in root.glob("*/refs/hf-f32.json"))
    for family in families:
        folder = root / family / "refs"
        ids = json.loads((folder / "hf-f32.json").read_text())["prompts"][0]["ids"]
        save_file(graph(load(root / family / "hf-f32"), ids, every=5), folder / "hf-f32.graph.safetensors")
        print(folder / "hf-f32.graph.safetensors", flush=True)
    circuits = json.loads((bundled / "circuits.json").read_text())
    ids = circuits["ioi"]["prompts"][0]["ids"]
    (root / "graphs").mkdir(exist_ok=True)
    save_file(graph(load(bundled), ids, every=23), root / "graphs" / "bundled.safetensors")
    print(root / "graphs" / "bundled.safetensors")


if __name__ == "__main__":
    main()
