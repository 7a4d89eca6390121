"""Edge patching of the bundled model, computed sender by sender in PyTorch, and the attribution of its edges by autograd.

    python make_edges.py Fixtures/models/circuits-5m
    python make_edges.py --curve Fixtures/models/circuits-5m

In float64, from the weights alone: no model of a library. With `--curve` it prints the table of Protocol/circuits.md, some minutes:
how much of the logit difference the heaviest edges keep on the prompts of circuits.json and on 32 others, everything else
replaced by the mean of those of circuits.json. Otherwise it writes `bundled/edges.json` beside this script, which is committed:

    prompt, corrupted [token]    of one length
    others [[token]]             whose mean takes the place of what is cut
    answer, wrong                the metric is the difference of their logits
    cases: replace               zero, mean or corrupted
           kept                  in hexadecimal, a bit for every edge, that of the last edge the lowest
           metric                the logit difference with all other edges cut
    scores: replace, edges [[edge, score]]   some of the integrated edge attributions, and the largest of all

Edges: layer 0: each query head, each key head, each value head, the feed-forward part; layer 1 …; the logits; each of them from
the embeddings, then layer by layer each head and the feed-forward part, as far as they stand before it.
"""
from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

STEPS = 5
SHARES = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.5, 1]


class Model:
    def __init__(self, folder: Path):
        config = json.loads((folder / "config.json").read_text())
        self.w = {name: value.double() for name, value in load_file(str(folder / "model.safetensors")).items()}
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.pairs, self.size = config["num_key_value_heads"], config["head_dim"]
        self.epsilon, self.theta = config["rms_norm_eps"], config["rope_theta"]
        self.readers = self.heads + 2 * self.pairs
        self.senders = 1 + self.layers * (self.heads + 1)
        self.edges = sum(self.readers * s + s + self.heads for s in (1 + l * (self.heads + 1) for l in range(self.layers)))
        self.edges += self.senders

    def norm(self, x, name):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + self.epsilon) * self.w[name]

    def turn(self, x):
        places = torch.arange(0, self.size, 2, dtype=torch.float64) / self.size
        angles = torch.arange(x.shape[0])[:, None] * self.theta ** -places[None]
        angles = torch.cat([angles, angles], -1)
        half = self.size // 2
        return x * angles.cos() + torch.cat([-x[:, half:], x[:, :half]], -1) * angles.sin()

    def run(self, ids, cut, replaced, keep=False):
        """The last logits, what every sender wrote, and what every reader read; `cut` is a share of every edge, or of all."""
        w, read, edge = self.w, [], 0
        cut = torch.full((self.edges,), float(cut), dtype=torch.float64) if isinstance(cut, (int, float)) else cut
        written = w["model.embed_tokens.weight"][torch.tensor(ids)][None]
        count = len(ids)
        future = torch.triu(torch.ones(count, count, dtype=torch.bool), 1)

        def reads():
            nonlocal edge
            share = cut[edge:edge + len(written)]
            edge += len(written)
            x = torch.einsum("s,std->td", 1 - share, written)
            if replaced is not None:
                x = x + torch.einsum("s,std->td", share, replaced[:len(share)])
            if keep:
                x.retain_grad()
                read.append((x, len(written)))
            return x

        for layer in range(self.layers):
            name = f"model.layers.{layer}."
            inputs = [self.norm(reads(), name + "input_layernorm.weight") for _ in range(self.readers)]

            def project(part, head, x):
                return x @ w[f"{name}self_attn.{part}_proj.weight"][head * self.size:(head + 1) * self.size].T

            queries = [self.turn(project("q", h, inputs[h])) for h in range(self.heads)]
            keys = [self.turn(project("k", h, inputs[self.heads + h])) for h in range(self.pairs)]
            values = [project("v", h, inputs[self.heads + self.pairs + h]) for h in range(self.pairs)]
            added = []
            for head in range(self.heads):
                pair = head * self.pairs // self.heads
                scores = (queries[head] @ keys[pair].T / self.size ** 0.5).masked_fill(future, float("-inf"))
                z = torch.softmax(scores, -1) @ values[pair]
                added.append(z @ w[name + "self_attn.o_proj.weight"][:, head * self.size:(head + 1) * self.size].T)
            written = torch.cat([written, torch.stack(added)])
            x = self.norm(reads(), name + "post_attention_layernorm.weight")
            gate, up = (x @ w[f"{name}mlp.{part}_proj.weight"].T for part in ("gate", "up"))
            fed = (torch.nn.functional.silu(gate) * up) @ w[name + "mlp.down_proj.weight"].T
            written = torch.cat([written, fed[None]])
        logits = self.norm(reads()[-1], "model.norm.weight") @ w["model.embed_tokens.weight"].T
        assert edge == self.edges
        return logits, written, read

    def metric(self, ids, answer, wrong, cut, replaced):
        with torch.no_grad():
            logits, _, _ = self.run(ids, cut, replaced)
        return (logits[answer] - logits[wrong]).item()

    def written(self, ids):
        with torch.no_grad():
            return self.run(ids, 0, None)[1]

    def scores(self, ids, answer, wrong, replaced):
        changes, sums = replaced - self.written(ids), torch.zeros(self.edges, dtype=torch.float64)
        table = self.w["model.embed_tokens.weight"]
        for step in range(STEPS):
            table.requires_grad_(True)
            logits, _, read = self.run(ids, step / STEPS, replaced, keep=True)
            (logits[answer] - logits[wrong]).backward()
            table.requires_grad_(False)
            table.grad = None
            found = [(changes[:count] * x.grad).sum((1, 2)) for x, count in read]
            sums += torch.cat(found) / STEPS
        return sums


def others(prompts, count=32):
    """Names, places and things of the known sentences put together anew: no two names that occur together there."""
    words = [p["text"].split() for p in prompts]
    tokens = {word: p["ids"][place] for p, w in zip(prompts, words) for place, word in zip((1, 3, 7, 9, 10, 12), (
        w[1], w[3], w[7].strip(","), w[8], w[9], w[11]))}
    pairs = {frozenset((w[1], w[3])) for w in words}
    places, verbs, things = (sorted({w[at].strip(",") for w in words}) for at in (7, 9, 11))
    names, draw, found = sorted({name for w in words for name in (w[1], w[3])}), random.Random(20), []
    while len(found) < count:
        one, two = draw.sample(names, 2)
        if frozenset((one, two)) in pairs:
            continue
        pairs.add(frozenset((one, two)))
        giver, other = draw.choice([(one, two), (two, one)])
        ids = list(prompts[0]["ids"])
        for at, word in ((1, one), (3, two), (7, draw.choice(places)), (9, giver), (10, draw.choice(verbs)), (12, draw.choice(things))):
            ids[at] = tokens[word]
        found.append({"ids": ids, "answer_id": tokens[other], "wrong_id": tokens[giver]})
    return found


def show_curve(model, prompts):
    mean = sum(model.written(p["ids"]) for p in prompts) / len(prompts)
    for name, some in (("circuits.json", prompts), ("others", others(prompts))):
        rows, areas = [], []
        for p in some:
            task = p["ids"], p["answer_id"], p["wrong_id"]
            order = model.scores(*task, mean).abs().argsort(descending=True)
            metrics = []
            for share in SHARES:
                cut = torch.ones(model.edges, dtype=torch.float64)
                cut[order[:max(1, round(share * model.edges)) if share else 0]] = 0
                metrics.append(model.metric(*task, cut, mean))
            if metrics[-1] <= 0:
                continue  # The model itself names the wrong one.
            rows.append([(m - metrics[0]) / (metrics[-1] - metrics[0]) for m in metrics])
            width = [(b - a) / 2 for a, b in zip(SHARES, SHARES[1:])]
            areas.append([sum(w * (f(a) + f(b)) for w, a, b in zip(width, rows[-1], rows[-1][1:]))
                          for f in (lambda x: x, lambda x: abs(1 - x))])
        print(f"{name}: {len(rows)} of {len(some)} prompts; cpr, cmd", *(f"{sum(a) / len(a):.3f}" for a in zip(*areas)))
        for share, values in zip(SHARES, zip(*rows)):
            print(f"{100 * share:6.1f} % mean {sum(values) / len(values):.2f}, {min(values):.2f} to {max(values):.2f}, "
                  f"{sum(v >= 0.85 for v in values)} at 0.85", flush=True)


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[-1])
    if sys.argv[1] == "--curve":
        return show_curve(Model(folder), json.loads((folder / "circuits.json").read_text())["ioi"]["prompts"])
    truth, model = json.loads((folder / "circuits.json").read_text()), Model(folder)
    prompt, corrupted = truth["ioi"]["prompts"][0], truth["patching"]["swap"]["corrupt_ids"][0]
    ids, answer, wrong = prompt["ids"], prompt["answer_id"], prompt["wrong_id"]
    others = [p["ids"] for p in truth["ioi"]["prompts"][1:6]]
    replaced = {"corrupted": model.written(corrupted), "mean": sum(model.written(p) for p in others) / len(others)}
    replaced["zero"] = torch.zeros_like(replaced["mean"])
    draw = torch.Generator().manual_seed(7)
    cases, found = [], []
    for name, values in replaced.items():
        scores = model.scores(ids, answer, wrong, values)
        order = scores.abs().argsort(descending=True).tolist()
        some = order[:50] + order[50::400]
        found.append({"replace": name, "edges": [[edge, scores[edge].item()] for edge in some]})
        # Nothing, all, the heaviest, any, and all but a few.
        sets = [set(), set(order), set(order[:300]), set(order[:1500]), set(order[40:])]
        sets += [set(torch.nonzero(torch.rand(model.edges, generator=draw) < share)[:, 0].tolist()) for share in (0.5, 0.95)]
        for kept in sets:
            bits = "".join("1" if edge in kept else "0" for edge in range(model.edges))
            cut = torch.tensor([0.0 if edge in kept else 1.0 for edge in range(model.edges)], dtype=torch.float64)
            cases.append({"replace": name, "kept": f"{int(bits, 2):0{(model.edges + 3) // 4}x}",
                          "metric": model.metric(ids, answer, wrong, cut, values)})
    path = Path(__file__).parent / "bundled" / "edges.json"
    path.write_text(json.dumps({"prompt": ids, "corrupted": corrupted, "others": others, "answer": answer, "wrong": wrong,
                                "edges": model.edges, "cases": cases, "scores": found}) + "\n")
    print(path)


if __name__ == "__main__":
    main()
