"""Reference answers of transformers for the bundled model: 50 prompts, ids, 32 greedy tokens each, logits at all positions.

float32 arithmetic on the bfloat16 weights, eager attention. references.json has ids and greedy tokens, logits.safetensors the logits
`promptK` [positions, vocabulary] in float32.
"""
import argparse
import json
import random
from pathlib import Path

import torch
from safetensors.torch import save_file

import corpus
from evaluate import SCENARIOS, Model, ioi_cases

MARGIN = 2e-3  # a prompt is left out if two tokens of its answer are nearer than this: rounding may swap them


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model", type=Path)
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    torch.set_num_threads(1)
    m, r = Model(a.model), random.Random(5)
    m.m.set_attn_implementation("eager")
    texts = ["The capital of France is", "What is three plus four?", "3 + 4 =", "Hello", "One morning, a small robot", "Haiku about the sea:\n",
             "Once upon a time", "The chemical symbol for gold is", " red blue green red blue", "A B C D A B C", "It was 9 in the evening, and"]
    texts += [x for x, _, _ in ioi_cases(r, 6, False)]
    prompts = [m.text_ids(t) for t in texts]
    prompts += [m.chat_ids(user, system) for _, system, user, _, _ in SCENARIOS[:1]]
    chats = ["Hi", "What is 5 + 9?", "Who are you?", "What color is snow?", "4 + 4", "Name the capital of Peru."]
    prompts += [m.chat_ids(c) for c in chats]
    tensors, rows = {}, []
    while len(rows) < 50:
        if prompts:
            ids = prompts.pop(0)
        else:
            k = r.randint(1, 6)
            ids = (r.sample(range(3, len(m.t)), k) * 3)[:r.randint(1, 12)]
        seq, margin = list(ids), float("inf")
        with torch.no_grad():
            logits = m.m(torch.tensor([ids]), use_cache=False).logits[0]
            for _ in range(32):
                top = m.m(torch.tensor([seq]), use_cache=False).logits[0, -1].topk(2)
                seq.append(int(top.indices[0]))
                margin = min(margin, (top.values[0] - top.values[1]).item())
        if margin < MARGIN:
            continue
        tensors[f"prompt{len(rows)}"] = logits.contiguous()
        rows.append(dict(text=m.t.decode(ids), ids=ids, greedy=seq[len(ids):], smallest_margin=round(margin, 6)))
    a.out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, a.out / "logits.safetensors")
    (a.out / "logits.safetensors").chmod(0o644)
    head = dict(model=a.model.name, prompts=None, arithmetic="transformers, float32 on the bfloat16 weights, eager attention; "
                "greedy: 32 tokens, not stopped at an end token; logits.safetensors: promptK [positions, vocabulary]")
    lines = ",\n".join(json.dumps(x, ensure_ascii=False) for x in rows)
    (a.out / "references.json").write_text(json.dumps(head, indent=0).replace("null", f"[\n{lines}\n]", 1) + "\n")
    print(f"{len(rows)} prompts, {sum(len(x['ids']) for x in rows)} positions, {(a.out / 'logits.safetensors').stat().st_size / 1e6:.1f} MB,",
          f"smallest margin of a greedy token {min(x['smallest_margin'] for x in rows):.4f}")


if __name__ == "__main__":
    main()
