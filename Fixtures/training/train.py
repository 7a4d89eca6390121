"""Train the model on the CPU: one process a core, bfloat16 autocast, Muon for the matrices and Adam for the rest.

The processes take micro-batches from a common counter, so that a core busy with something else does not hold up the other,
and add their gradients once a step. Batches are drawn from (seed, step, micro-batch): a resumed run sees the same data. A file named `stop` in the work
directory ends the run with a checkpoint, and the same command goes on from there.
"""
import argparse
import json
import random
import time
from datetime import datetime
from pathlib import Path

import torch
import torch.multiprocessing as mp
from tokenizers import Tokenizer

import corpus
from model import Config, Llama

MICRO = 2048  # tokens in a micro-batch
SHAPES = [(128, 0.65), (256, 0.22), (512, 0.13)]
# From which step on, which mixture of tasks (weights of documents).
PHASES = [
    (0, dict(addition=22, words=5, small=4, problem=7, fact=24, ioi=14, induction=10, story=3, haiku=3, syllogism=4, parse=5,
             explain=3, talk=1)),
    # Sums were learnt, copying was not: more induction, with easier cases, and more indirect objects, differences and verse.
    (486, dict(addition=12, words=3, small=6, problem=12, fact=20, ioi=22, induction=8, repeat=14, story=5, haiku=6, syllogism=4, parse=6,
               explain=2, talk=1)),
    # Copying was learnt; differences, the long names of countries and verse lag.
    (844, dict(addition=12, words=3, small=11, problem=18, fact=26, ioi=11, induction=9, repeat=5, story=4, haiku=7, syllogism=3, parse=6,
               explain=2, talk=1)),
]
# From which step on, how many micro-batches a step.
MICROS = [(0, 6), (258, 4)]


def since(table, step):
    return [v for s, v in table if s <= step][-1]



class Data:
    def __init__(self, tokenizer, seed):
        self.t, self.seed = Tokenizer.from_file(str(tokenizer)), seed
        self.vocab, self.end = self.t.get_vocab_size(), self.t.token_to_id(corpus.END)

    def encode(self, doc):
        """ids and the weight of each id."""
        if doc[0][0] == "ids":
            _, seq, times = doc[0]
            return seq * times + [self.end], [0.02] * len(seq) + [1.0] * (len(seq) * (times - 1)) + [0.02]
        e = self.t.encode("".join(t for t, _ in doc), add_special_tokens=False)
        weights, i, stop = [], 0, len(doc[0][0])
        for a, _ in e.offsets:
            while a >= stop:
                i += 1
                stop += len(doc[i][0])
            weights.append(doc[i][1])
        return e.ids + [self.end], weights + [0.1]

    def batch(self, step, micro):
        r = random.Random(f"{self.seed} {step} {micro}")
        S = r.choices([s for s, _ in SHAPES], [w for _, w in SHAPES])[0]
        B, mix = MICRO // S, since(PHASES, step)
        rows, left = [([], []) for _ in range(B)], B * (S + 1)
        misses = 0
        while left > B and misses < 25:
            ids, w = self.encode(corpus.document(r, self.vocab, mix, S))
            for row in rows:
                if len(row[0]) + len(ids) <= S + 1:
                    row[0].extend(ids)
                    row[1].extend(w)
                    left -= len(ids)
                    misses = 0
                    break
            else:
                misses += 1
        x = torch.tensor([i + [self.end] * (S + 1 - len(i)) for i, _ in rows])
        w = torch.tensor([v + [0.0] * (S + 1 - len(v)) for _, v in rows])
        return x[:, :-1].contiguous(), x[:, 1:].contiguous(), w[:, 1:].contiguous()


def orthogonal(g, steps=5):
    """Newton-Schulz iteration of Muon (Jordan et al., 2024) on a stack of matrices."""
    x = g.bfloat16()
    flip = x.shape[1] > x.shape[2]
    if flip:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.mT if flip else x).float()


def layout(model):
    """(name, shape, start) of each parameter in the flat buffers."""
    out, at = [], 0
    for n, p in model.named_parameters():
        out.append((n, p.shape, at))
        at += p.numel()
    return out, at


def factor(step, a, clock):
    """Warm-up, stable, linear decay. The decay is by steps or, when the end is a time of day, by the clock."""
    warm = min(1.0, (step + 1) / a.warmup)
    if a.end_at:
        return warm * max(0.0, min(1.0, (clock - time.time()) / (a.decay_minutes * 60)))
    return warm * max(0.0, min(1.0, (a.steps - step) / a.decay_steps))


def worker(rank, a, shared, counter, barrier):
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    data = Data(a.tokenizer, a.seed)
    model = Llama(Config(vocab=data.vocab))
    shape, total = layout(model)
    flat, grads, mom, second, ema, info = (shared[k] for k in ("flat", "grads", "mom", "second", "ema", "info"))
    params = dict(model.named_parameters())
    view = {n: flat[s:s + p.numel()].view(z) for (n, z, s), p in zip(shape, params.values())}
    first = info[0].item() == 0
    if rank == 0 and first:
        for n, p in params.items():
            view[n].copy_(p.detach())
        ema.copy_(flat)
    barrier.wait()
    for n, p in params.items():
        p.data = view[n]
        s = next(s for m, _, s in shape if m == n)
        p.grad = grads[rank][s:s + p.numel()].view(p.shape)
    for b in model.layers:
        b.compile(dynamic=False)
    model.loss = torch.compile(model.loss, dynamic=False)

    matrices = {}
    for n, z, s in shape:
        if len(z) == 2 and "embed" not in n:
            matrices.setdefault(n.split(".", 2)[2], []).append((n, s))
    kinds = sorted(matrices)
    mine = [k for k in kinds if (k.startswith("mlp.gate") or k.startswith("mlp.up")) == (rank == 0)]
    adam = [(n, s, params[n].numel()) for n, z, s in shape if len(z) == 1 or "embed" in n]
    clock = 0
    if a.end_at:
        h, m = map(int, a.end_at.split(":"))
        clock = datetime.now().replace(hour=h, minute=m, second=0).timestamp()
    step = int(info[0].item())
    log = open(a.work / "log.jsonl", "a") if rank == 0 else None
    began = saved = time.time()
    tokens0, decaying = info[1].item(), False
    while True:
        f = factor(step, a, clock)
        if rank == 0:
            counter.value = 0
            info[5] = 0.0 if (a.work / "stop").exists() else f
        barrier.wait()
        f = info[5].item()  # one clock for all
        micros = since(MICROS, step)
        if f <= 0:
            break
        g = grads[rank]
        g.zero_()
        loss_sum = weight_sum = 0.0
        while True:
            with counter.get_lock():
                i = counter.value
                counter.value += 1
            if i >= micros:
                break
            x, y, w = data.batch(step, i)
            with torch.autocast("cpu", torch.bfloat16):
                loss = model(x, y, w)
            loss.backward()
            loss_sum += loss.item()
            weight_sum += w.sum().item()
        info[6 + 2 * rank], info[7 + 2 * rank] = loss_sum, weight_sum
        barrier.wait()
        weight = info[7] + info[9]
        # Every process does its part of the update, on the sum of both gradients.
        for k in mine:
            z = params[matrices[k][0][0]].shape
            size = z.numel()
            grad = torch.stack([(grads[0][s:s + size] + grads[1][s:s + size]).view(z) for _, s in matrices[k]]) / weight
            m = torch.stack([mom[s:s + size].view(z) for _, s in matrices[k]])
            m.mul_(0.95).add_(grad)
            u = orthogonal(grad + 0.95 * m)
            lr = a.lr * f * max(1.0, z[0] / z[1]) ** 0.5
            for (n, s), mi, ui in zip(matrices[k], m, u):
                mom[s:s + size] = mi.flatten()
                flat[s:s + size].mul_(1 - lr * a.decay).sub_(ui.flatten(), alpha=lr)
        if rank == 0:
            for n, s, size in adam:
                grad = (grads[0][s:s + size] + grads[1][s:s + size]) / weight
                m, v = mom[s:s + size], second[s:s + size]
                m.mul_(0.9).add_(grad, alpha=0.1)
                v.mul_(0.98).addcmul_(grad, grad, value=0.02)
                t = step + 1
                u = (m / (1 - 0.9 ** t)) / ((v / (1 - 0.98 ** t)).sqrt() + 1e-9)
                flat[s:s + size].sub_(u, alpha=a.adam_lr * f)
        barrier.wait()
        step += 1
        if rank == 0:
            if step % 5 == 0:
                ema.lerp_(flat, 0.04)
            info[0], info[1] = step, info[1] + micros * MICRO
            if f < 1 and step > a.warmup and not decaying:
                decaying = True
                print(f"decay begins at step {step}", flush=True)
            if step % 20 == 0:
                row = dict(step=step, loss=round(((info[6] + info[8]) / weight).item(), 4), lr=round(f, 4), tokens=int(info[1].item()),
                           tok_s=round((info[1].item() - tokens0) / (time.time() - began)), time=time.strftime("%H:%M:%S"))
                log.write(json.dumps(row) + "\n")
                log.flush()
                print(row, flush=True)
            if time.time() - saved > a.save_minutes * 60:
                save(a, shared, shape)
                saved = time.time()
    if rank == 0:
        save(a, shared, shape)
        print(f"end at step {step}, {int(info[1].item())} tokens", flush=True)


def save(a, shared, shape):
    tmp = a.work / "checkpoint.tmp"
    torch.save(dict(shape=[(n, tuple(z), s) for n, z, s in shape], **{k: shared[k] for k in ("flat", "mom", "second", "ema", "info")}), tmp)
    tmp.rename(a.work / "checkpoint.pt")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tokenizer", type=Path, required=True)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--lr", type=float, default=0.02)
    p.add_argument("--adam-lr", type=float, default=0.004)
    p.add_argument("--decay", type=float, default=0.02, help="weight decay")
    p.add_argument("--warmup", type=int, default=100)
    p.add_argument("--steps", type=int, default=2118)
    p.add_argument("--decay-steps", type=int, default=1155)
    p.add_argument("--end-at", help="end at this time of day (HH:MM) instead of after --steps")
    p.add_argument("--decay-minutes", type=float, default=25)
    p.add_argument("--save-minutes", type=float, default=4)
    a = p.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    _, total = layout(Llama(Config(vocab=Tokenizer.from_file(str(a.tokenizer)).get_vocab_size())))
    shared = dict(flat=torch.zeros(total), grads=torch.zeros(2, total), mom=torch.zeros(total), second=torch.zeros(total),
                  ema=torch.zeros(total), info=torch.zeros(16, dtype=torch.float64))
    path = a.work / "checkpoint.pt"
    (a.work / "stop").unlink(missing_ok=True)
    if path.exists():
        old = torch.load(path)
        for k in ("flat", "mom", "second", "ema", "info"):
            shared[k].copy_(old[k])
        print(f"resumed at step {int(shared['info'][0])}", flush=True)
    for t in shared.values():
        t.share_memory_()
    ctx = mp.get_context("spawn")
    counter, barrier = ctx.Value("i", 0), ctx.Barrier(2)
    mp.spawn(worker, (a, shared, counter, barrier), nprocs=2)


if __name__ == "__main__":
    main()
