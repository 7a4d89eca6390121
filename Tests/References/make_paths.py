"""Path patching by hooks in PyTorch, on transformers' own models.

    python make_paths.py REFS [FAMILY…]
    python make_paths.py --bundled Fixtures/models/circuits-5m

In float64. For every `REFS/<family>/hf-f32` it writes `REFS/<family>/refs/hf-f32.paths.json`; for the bundled model
`bundled/paths.json` beside this script, which is committed. A file has the prompts and some plans:

    clean, corrupted [[token]]       prompts of one length
    answers, wrong [token]           one a prompt
    plans: direction, frozen         whose run is the base, and what is held between senders and receivers
           senders, receivers        groups of places: part, layer, head, positions
           clean, corrupted          mean logit differences of the prompts as they are
           differences               [sender][receiver], null where no path leads from one to the other

A place is exchanged where it enters the next matrix: heads before the output projection, feed-forward parts behind theirs, receivers
behind the projections of queries, keys and values, or behind the feed-forward part that read.
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


def first(module, *names):
    return next(getattr(module, name) for name in names if hasattr(module, name))


class Hooked:
    """A model whose sites can be read and replaced; `raw` is what a site had before it was replaced."""

    def __init__(self, model):
        self.model, self.config = model, model.config
        self.raw, self.replace = {}, {}
        body = getattr(model, "model", None) or model.transformer
        self.layers = list(getattr(body, "layers", None) or body.h)
        self.heads = self.config.num_attention_heads
        self.pairs = getattr(self.config, "num_key_value_heads", None) or self.heads
        self.size = getattr(self.config, "head_dim", None) or self.config.hidden_size // self.heads
        first(body, "embed_tokens", "wte").register_forward_hook(lambda *a: self.visit(("embed", -1), a[2]))
        for layer, block in enumerate(self.layers):
            attention = first(block, "self_attn", "attn")
            first(attention, "o_proj", "c_proj", "dense").register_forward_pre_hook(
                lambda m, args, layer=layer: (self.visit(("z", layer), args[0]), *args[1:]))
            first(block, "mlp", "block_sparse_moe").register_forward_hook(
                lambda m, args, out, layer=layer: self.visit_first(("mlp", layer), out))
            if hasattr(attention, "q_proj"):
                for name in "qkv":
                    getattr(attention, f"{name}_proj").register_forward_hook(
                        lambda m, args, out, site=(name, layer): self.visit(site, out))
            else:
                first(attention, "qkv_proj", "c_attn").register_forward_hook(
                    lambda m, args, out, layer=layer: self.visit_joined(layer, out))
        # One sum is added to the stream where both parts of a block read the same.
        self.is_parallel = not any(hasattr(self.layers[0], name) for name in (
            "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm", "ln_2")) or getattr(
            self.config, "use_parallel_residual", False)

    def visit(self, site, value):
        self.raw[site] = value.detach().clone()
        return self.replace[site](value.clone()) if site in self.replace else value

    def visit_first(self, site, out):
        return (self.visit(site, out[0]), *out[1:]) if isinstance(out, tuple) else self.visit(site, out)

    def visit_joined(self, layer, out):
        widths = [self.heads * self.size, self.pairs * self.size, self.pairs * self.size]
        return torch.cat([self.visit((n, layer), part) for n, part in zip("qkv", out.split(widths, -1))], -1)

    def run(self, ids, answer, wrong, replace):
        self.raw, self.replace = {}, replace
        with torch.no_grad():
            logits = self.model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
        return (logits[answer] - logits[wrong]).item(), self.raw


def site(place):
    names = {"mlp_out": "mlp", "mlp_in": "mlp"}
    return names.get(place["part"], place["part"]), place["layer"]


def exchanged(model, places, values, held):
    """For each site what becomes of it: all of what is held, then some places of what is given."""
    result = {s: (lambda value, s=s: held[s].clone()) for s in held}
    for place in places:
        at, before = site(place), result.get(site(place), lambda value: value)

        def replace(value, at=at, before=before, place=place):
            value, given = before(value), values[at]
            rows = range(value.shape[-2]) if place["positions"] is None else place["positions"]
            columns = slice(None)
            if place["head"] is not None:
                columns = slice(place["head"] * model.size, (place["head"] + 1) * model.size)
            flat, source = value.reshape(-1, value.shape[-1]), given.reshape(-1, value.shape[-1])
            for row in rows:
                flat[row, columns] = source[row, columns]
            return flat.reshape(value.shape)

        result[at] = replace
    return result


def reaches(model, sender, receiver):
    if receiver["part"] == "logits" or sender["layer"] < receiver["layer"]:
        return True
    return (sender["part"] == "z" and receiver["part"] == "mlp_in" and sender["layer"] == receiver["layer"]
            and not model.is_parallel)


def measured(model, prompts, plan):
    count, isNoising = len(prompts), plan["direction"] == "noising"
    sums, found = [0.0, 0.0], [[0.0 if any(reaches(model, s, r) for s in group for r in to) else None
                               for to in plan["receivers"]] for group in plan["senders"]]
    for clean, corrupted, answer, wrong in prompts:
        base, other = (clean, corrupted) if isNoising else (corrupted, clean)
        own, cache = model.run(base, answer, wrong, {})
        another, source = model.run(other, answer, wrong, {})
        sums = [sums[0] + (own if isNoising else another) / count, sums[1] + (another if isNoising else own) / count]
        kept = [name for part, name in (("heads", "z"), ("mlps", "mlp")) if part in plan["frozen"]]
        held = {s: value for s, value in cache.items() if s[0] in kept}
        for row, senders in enumerate(plan["senders"]):
            direct, read = model.run(base, answer, wrong, exchanged(model, senders, source, held))
            for column, receivers in enumerate(plan["receivers"]):
                if found[row][column] is None:
                    continue
                value = direct
                if receivers[0]["part"] != "logits":
                    value, _ = model.run(base, answer, wrong, exchanged(model, receivers, read, {}))
                found[row][column] += value / count
    return {**plan, "clean": sums[0], "corrupted": sums[1], "differences": found}


def place(part, layer=-1, head=None, positions=None):
    return {"part": part, "layer": layer, "head": head, "positions": positions}


def plans(model, length):
    """Every kind of sender with every kind of receiver, alone and together, at all positions and some."""
    last, middle = len(model.layers) - 1, (len(model.layers) - 1) // 2
    some = [1, length // 2, length - 1]
    senders = [
        [place("embed")], [place("embed", positions=some)], [place("z", 0, 0)], [place("z", middle)],
        [place("z", last, model.heads - 1)], [place("mlp_out", 0)], [place("mlp_out", last, positions=some)],
        [place("z", 0, 1, some), place("mlp_out", 0)]]
    receivers = [
        [place("q", last, 1)], [place("k", last, model.pairs - 1)], [place("v", last)], [place("mlp_in", 0)],
        [place("mlp_in", last, positions=some)], [place("logits")],
        [place("q", last, 0, [length - 1]), place("v", middle, 0), place("mlp_in", last)]]
    for direction, frozen in (("noising", ["heads", "mlps"]), ("denoising", ["heads", "mlps"]), ("noising", ["heads"]),
                              ("denoising", [])):
        yield {"direction": direction, "frozen": frozen, "senders": senders, "receivers": receivers}


def answers(model, prompts):
    """The likeliest token behind a clean prompt, and the one that the corrupted prompt likes more."""
    result = []
    for clean, corrupted in prompts:
        with torch.no_grad():
            one, other = (model.model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1] for ids in (clean, corrupted))
        answer, wrong = int(one.argmax()), int((other - one).argmax())
        result.append((clean, corrupted, answer, wrong if wrong != answer else int((other - one).argsort()[-2])))
    return result


def write(path, model, prompts, wanted):
    clean, corrupted, answer, wrong = (list(part) for part in zip(*prompts))
    found = [measured(model, prompts, plan) for plan in wanted]
    path.write_text(json.dumps(
        {"clean": clean, "corrupted": corrupted, "answers": answer, "wrong": wrong, "plans": found}) + "\n")
    print(path, flush=True)


def load(folder):
    return Hooked(T.AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float64, attn_implementation="eager", experts_implementation="eager").eval())


def make_bundled(bundled: Path) -> None:
    truth = json.loads((bundled / "circuits.json").read_text())
    model = load(bundled)
    prompts = [(p["ids"], c, p["answer_id"], p["wrong_id"]) for p, c in
               zip(truth["ioi"]["prompts"][:2], truth["patching"]["swap"]["corrupt_ids"])]
    write(Path(__file__).parent / "bundled" / "paths.json", model, prompts, plans(model, len(prompts[0][0])))


def main() -> None:
    torch.set_num_threads(1)  # The models are small.
    if sys.argv[1] == "--bundled":
        return make_bundled(Path(sys.argv[2]))
    root = Path(sys.argv[1])
    families = sys.argv[2:] or sorted(p.parent.parent.name for p in root.glob("*/refs/hf-f32.json"))
    for family in families:
        folder = root / family / "refs"
        ids = json.loads((folder / "hf-f32.json").read_text())["prompts"][0]["ids"]
        # Two pairs: tokens moved to other places, and others in the middle.
        pairs = [(ids, ids[1:4] + ids[:1] + ids[4:]), (ids[::-1], ids[::-1][:8] + ids[3:6] + ids[::-1][11:])]
        model = load(root / family / "hf-f32")
        write(folder / "hf-f32.paths.json", model, answers(model, pairs), plans(model, len(ids)))


if __name__ == "__main__":
    main()
