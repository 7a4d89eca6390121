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
    while len(prompts) < 50:
        k = r.randint(1, 6)
        prompts.append((r.sample(range(3, len(m.t)), k) * 3)[:r.randint(1, 12)])
    tensors, rows = {}, []
    for i, ids in enumerate(prompts):
        with torch.no_grad():
            logits = m.m(torch.tensor([ids]), use_cache=False).logits[0]
            tensors[f"prompt{i}"] = logits.contiguous()
            seq, margins = list(ids), []
            for _ in range(32):
                z = m.m(torch.tensor([seq]), use_cache=False).logits[0, -1]
                top = z.topk(2)
                seq.append(int(top.indices[0]))
                margins.append(round((top.values[0] - top.values[1]).item(), 6))
        rows.append(dict(text=m.t.decode(ids), ids=ids, greedy=seq[len(ids):], smallest_margin=min(margins)))
    a.out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, a.out / "logits.safetensors")
    (a.out / "references.json").write_text(json.dumps(
        dict(model=a.model.name, arithmetic="transformers, float32 on the bfloat16 weights, eager attention; greedy: 32 tokens, not stopped at an end token",
             prompts=rows), indent=0, ensure_ascii=False) + "\n")
    print(f"{len(prompts)} prompts, {sum(map(len, prompts))} positions, {(a.out / 'logits.safetensors').stat().st_size / 1e6:.1f} MB,",
          f"smallest margin of a greedy token {min(x['smallest_margin'] for x in rows):.4f}")


if __name__ == "__main__":
    main()
