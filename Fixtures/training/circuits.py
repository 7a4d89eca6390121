"""Ground truth about the model's circuits, with PyTorch hooks on the transformers model (float32 on the bfloat16 weights).

Writes circuits.json: the measures with their definitions, the exact prompts and their ids, so another program can compute the same.
"""
import argparse
import json
import random
from pathlib import Path

import torch

import corpus
from evaluate import Model

LAYERS, HEADS, DIM = 24, 4, 32
DEFINITIONS = {
    "arithmetic": "float32, on the bfloat16 weights of model.safetensors; ids are given without any added token; positions count from 0.",
    "heads": "From the attention patterns (after the softmax) on `sequences`: each is 2 L ids, a random list of L twice, no repeats inside "
             "the list. previous_token: mean over positions i = 1 ... 2L-1 of the attention from i to i-1. duplicate_token: mean over "
             "i = L ... 2L-1 of the attention from i to i-L. induction: mean over i = L ... 2L-1 of the attention from i to i-L+1. "
             "All are means over positions and sequences. Indexed [layer][head].",
    "ioi": "Logit difference of a prompt: at the last position, logit of `answer_id` minus logit of `wrong_id`. `clean` is the mean over "
           "`prompts` (all of one length). Ablations act at all positions. A head's output is its 32 numbers of the attention result "
           "before o_proj; an MLP's is the output of down_proj. zero: replaced by 0; mean: replaced, position by position, by the mean over "
           "the prompts of the clean run. Each entry is mean logit difference with the ablation minus `clean`. head_*: [layer][head]; mlp_*: [layer].",
    "patching": "For pair k: clean = prompts[k] of `ioi`, corrupt = corrupt_ids[k]. The residual stream after block `layer` at one position in "
                "the corrupt run is replaced by the one of the clean run. Logit difference with answer_id and wrong_id of the clean prompt. "
                "effect[layer][position] = mean over pairs of the patched difference, minus corrupt, divided by (clean minus corrupt), where clean and "
                "corrupt are the mean differences without a patch. swap: the corrupt prompt has the other name as the giver (second mention). "
                "names: the corrupt prompt has two other names in the same roles.",
    "direct_logit_attribution": "At the last position: logit(answer_id) minus logit(wrong_id) as a sum over what is added to the residual stream: "
                                "embed, attn[layer], mlp[layer]. With x the last residual stream and s = 1/sqrt(mean(x^2) + eps), a part c gives "
                                "sum(c * s * norm_weight * (E[answer_id] - E[wrong_id])), E the embedding. total is their sum. "
                                "heads[layer][head] splits attn[layer] by head.",
    "logit_lens": "The residual stream after each block, through the final norm and the unembedding. top_ids[layer][position]: the id with the "
                  "largest logit. last: at the last position, for each layer, the token's text, its logit and its probability.",
}


def num(x):
    return [num(y) for y in x] if isinstance(x, list) else float(f"{x:.6g}")


class Probe:
    def __init__(self, path):
        self.model = Model(path)
        self.m = self.model.m
        self.m.set_attn_implementation("eager")
        self.blocks = self.m.model.layers

    def run(self, ids, edits=()):
        """Logits, with edits [(module, 'in'|'out', function)]."""
        handles = []
        for module, side, f in edits:
            if side == "in":
                handles.append(module.register_forward_pre_hook(lambda mod, a, f=f: (f(a[0]),) + a[1:]))
            else:
                def hook(mod, a, o, f=f):
                    return (f(o[0]),) + o[1:] if isinstance(o, tuple) else f(o)
                handles.append(module.register_forward_hook(hook))
        try:
            with torch.no_grad():
                return self.m(ids, use_cache=False).logits
        finally:
            for h in handles:
                h.remove()

    def record(self, ids):
        """Per layer: attention result before o_proj (z), attention output, MLP output, residual stream after the block; and the embedding."""
        got = {k: [None] * LAYERS for k in ("z", "attn", "mlp", "post")}
        emb = []

        def keep(kind, i):
            def f(x):
                got[kind][i] = x.clone()
                return x
            return f
        edits = [(self.m.model.embed_tokens, "out", lambda x: emb.append(x.clone()) or x)]
        for i, b in enumerate(self.blocks):
            edits += [(b.self_attn.o_proj, "in", keep("z", i)), (b.self_attn.o_proj, "out", keep("attn", i)),
                      (b.mlp.down_proj, "out", keep("mlp", i)), (b, "out", keep("post", i))]
        logits = self.run(ids, edits)
        return logits, got, emb[0]


def one_token(model, words):
    return [w for w in words if len(model.text_ids(" " + w)) == 1]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model", type=Path)
    p.add_argument("--out", type=Path)
    a = p.parse_args()
    torch.set_num_threads(1)
    probe, r = Probe(a.model), random.Random(11)
    model = probe.model
    out = {"definitions": DEFINITIONS, "layers": LAYERS, "heads": HEADS, "head_dim": DIM}

    # Heads by their attention on repeated random sequences.
    L, n = 24, 12
    seqs = [r.sample(range(3, len(model.t)), L) * 2 for _ in range(n)]
    with torch.no_grad():
        att = probe.m(torch.tensor(seqs), output_attentions=True, use_cache=False).attentions
    scores = {"previous_token": [], "duplicate_token": [], "induction": []}
    i, j = torch.arange(1, 2 * L), torch.arange(L, 2 * L)
    for w in att:  # [n, heads, 2L, 2L]
        scores["previous_token"].append(w[:, :, i, i - 1].mean((0, 2)).tolist())
        scores["duplicate_token"].append(w[:, :, j, j - L].mean((0, 2)).tolist())
        scores["induction"].append(w[:, :, j, j - L + 1].mean((0, 2)).tolist())
    out["heads_by_attention"] = {"L": L, "sequences": seqs, **{k: num(v) for k, v in scores.items()}}

    # The indirect object: one template, one length, names and pairs held out of training or not, both orders.
    places, objects, gives = (one_token(model, x) for x in (corpus.PLACES, corpus.OBJECTS, corpus.GIVE))
    text = "When {A} and {B} went to the {p}, {S} {v} a {o} to"
    prompts, swaps, others = [], [], []
    for k in range(32):
        A, B, C, D = r.sample(corpus.NAMES, 4)
        if k < 2:
            A, B, slots = "Mary", "John", dict(p="store", v="gave", o="drink")
        else:
            slots = dict(p=r.choice(places), v=r.choice(gives), o=r.choice(objects))
        S = (B, A)[k % 2]
        O = (A, B)[k % 2]
        full = text.format(A=A, B=B, S=S, **slots)
        prompts.append(dict(text=full, ids=model.text_ids(full), answer=" " + O, answer_id=model.text_ids(" " + O)[0],
                            wrong=" " + S, wrong_id=model.text_ids(" " + S)[0], held_out_pair=corpus.ioi_pair_held(A, B)))
        swaps.append(model.text_ids(text.format(A=A, B=B, S=O, **slots)))
        others.append(model.text_ids(text.format(A=C, B=D, S=(D, C)[k % 2], **slots)))
    width = len(prompts[0]["ids"])
    assert all(len(x) == width for x in [q["ids"] for q in prompts] + swaps + others)
    ids = torch.tensor([q["ids"] for q in prompts])
    ans, wrong = torch.tensor([q["answer_id"] for q in prompts]), torch.tensor([q["wrong_id"] for q in prompts])
    row = torch.arange(len(prompts))

    def diff(logits):
        return logits[row, -1, ans] - logits[row, -1, wrong]
    logits, rec, _ = probe.record(ids)
    clean = diff(logits)
    base = clean.mean().item()
    right = (logits[:, -1].argmax(-1) == ans).float().mean().item()
    res = {k: [] for k in ("head_zero", "head_mean", "mlp_zero", "mlp_mean")}

    def replace_head(h, value):
        def f(x):
            x = x.clone()
            x[..., h * DIM:(h + 1) * DIM] = value[..., h * DIM:(h + 1) * DIM] if torch.is_tensor(value) else value
            return x
        return f
    for layer, b in enumerate(probe.blocks):
        zmean, mmean = rec["z"][layer].mean(0), rec["mlp"][layer].mean(0)
        for kind, value in (("zero", 0.0), ("mean", zmean)):
            res[f"head_{kind}"].append([diff(probe.run(ids, [(b.self_attn.o_proj, "in", replace_head(h, value))])).mean().item() - base
                                        for h in range(HEADS)])
        res["mlp_zero"].append(diff(probe.run(ids, [(b.mlp.down_proj, "out", torch.zeros_like)])).mean().item() - base)
        res["mlp_mean"].append(diff(probe.run(ids, [(b.mlp.down_proj, "out", lambda x: mmean.expand_as(x))])).mean().item() - base)
    for q, c in zip(prompts, clean.tolist()):
        q["logit_difference"] = num(c)
    out["ioi"] = dict(template=text, tokens=[model.t.decode([t]) for t in prompts[0]["ids"]], prompts=prompts, clean=num(base), accuracy=num(right),
                      **{k: num(v) for k, v in res.items()})

    # Patching the residual stream.
    out["patching"] = {"pairs": len(prompts)}
    for name, rows in (("swap", swaps), ("names", others)):
        bad = torch.tensor(rows)
        low = diff(probe.run(bad)).mean().item()
        effect = []
        for layer, b in enumerate(probe.blocks):
            line = []
            for pos in range(width):
                def put(x, pos=pos, layer=layer):
                    x = x.clone()
                    x[:, pos] = rec["post"][layer][:, pos]
                    return x
                line.append((diff(probe.run(bad, [(b, "out", put)])).mean().item() - low) / (base - low))
            effect.append(line)
        out["patching"][name] = dict(corrupt_ids=rows, clean=num(base), corrupt=num(low), effect=num(effect))

    # Direct logit attribution and the logit lens.
    fixed = [("ioi", prompts[0]["ids"], " Mary", " John"), ("ioi", prompts[1]["ids"], " John", " Mary")]
    chat = [("What is three plus four?", None, "3+4=", "7", "8"),
            ("What is the capital of France?", "You are a helpful assistant.", "The capital of France is", " Paris", " London"),
            ("If all birds can fly, and penguins are birds, can penguins fly?", "You are a logic expert.", "", "Yes", "No"),
            ("What is 127 + 348?", "You are a helpful math tutor.", "7+8=", "1", "9")]
    for q, s, start, good, other in chat:
        fixed.append((q, model.chat_ids(q, s) + (model.text_ids(start) if start else []), good, other))
    dla, lens = [], []
    E = probe.m.model.embed_tokens.weight
    g, eps = probe.m.model.norm.weight, probe.m.config.rms_norm_eps
    for name, ids, good, other in fixed:
        x = torch.tensor([ids])
        logits, rec, emb = probe.record(x)
        a_id, w_id = model.text_ids(good)[0], model.text_ids(other)[0]
        last = rec["post"][-1][0, -1]
        direction = (last.pow(2).mean() + eps).rsqrt() * g * (E[a_id] - E[w_id])
        with torch.no_grad():
            heads = [[(b.self_attn.o_proj.weight[:, h * DIM:(h + 1) * DIM] @ rec["z"][i][0, -1, h * DIM:(h + 1) * DIM] @ direction).item()
                      for h in range(HEADS)] for i, b in enumerate(probe.blocks)]
            parts = dict(embed=(emb[0, -1] @ direction).item(), attn=[(t[0, -1] @ direction).item() for t in rec["attn"]],
                         mlp=[(t[0, -1] @ direction).item() for t in rec["mlp"]], heads=heads)
            total = (logits[0, -1, a_id] - logits[0, -1, w_id]).item()
            assert abs(parts["embed"] + sum(parts["attn"]) + sum(parts["mlp"]) - total) < 1e-3
            dla.append(dict(prompt=model.t.decode(ids), ids=ids, answer=good, answer_id=a_id, wrong=other, wrong_id=w_id, total=num(total),
                            **{k: num(v) for k, v in parts.items()}))
            top, tail = [], []
            for t in rec["post"]:
                z = probe.m.lm_head(probe.m.model.norm(t[0]))
                top.append(z.argmax(-1).tolist())
                i = top[-1][-1]
                tail.append([model.t.decode([i]), num(z[-1, i].item()), num(z[-1].softmax(-1)[i].item())])
            lens.append(dict(prompt=model.t.decode(ids), ids=ids, top_ids=top, last=tail))
    out["direct_logit_attribution"], out["logit_lens"] = dla, lens
    path = a.out or a.model / "circuits.json"
    text = json.dumps(out, indent=1)
    # One row of numbers a line.
    import re
    text = re.sub(r"\[\s+((?:[^\[\]{}\"]|\"(?:\\.|[^\"\\])*\")+?)\s+\]", lambda m: "[" + re.sub(r",\s*\n\s*", ", ", m[1]) + "]", text)
    json.loads(text)
    path.write_text(text + "\n")

    flat = lambda k: sorted(((v, f"{layer}.{h}") for layer, line in enumerate(scores[k]) for h, v in enumerate(line)), reverse=True)[:5]
    for k in scores:
        print(f"{k:16s}", ", ".join(f"{h} {v:.2f}" for v, h in flat(k)))
    print(f"ioi: {len(prompts)} prompts, accuracy {right:.3f}, logit difference {base:.3f}")
    worst = sorted((v, f"{layer}.{h}") for layer, line in enumerate(res["head_mean"]) for h, v in enumerate(line))
    print("heads, mean-ablated: most harmful", ", ".join(f"{h} {v:+.2f}" for v, h in worst[:6]), "| most helpful",
          ", ".join(f"{h} {v:+.2f}" for v, h in worst[-4:]))
    worst = sorted((v, layer) for layer, v in enumerate(res["mlp_mean"]))
    print("mlps, mean-ablated: most harmful", ", ".join(f"{h} {v:+.2f}" for v, h in worst[:6]))


if __name__ == "__main__":
    main()
