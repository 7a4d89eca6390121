#!/usr/bin/env python3
"""Decode while keeping every layer's residual stream: this engine, transformers with forward hooks, nnsight, in turn.

    python capture.py MODEL.gguf [--rounds 5] [--threads 2] [--tokens 64]

transformers and nnsight read the same GGUF file, dequantised to bfloat16; transformers also with its weights packed, which
is its fastest way to decode.
"""
import time

import torch
from nnsight import LanguageModel
from transformers import AutoTokenizer

from peers import Rounds, benched, parser, transformers_model


def timed(model, ids, tokens):
    began = time.monotonic()
    model.generate(
        ids, max_new_tokens=1, min_new_tokens=1, do_sample=False, attention_mask=torch.ones_like(ids))
    prompt = time.monotonic() - began
    began = time.monotonic()
    model.generate(
        ids, max_new_tokens=tokens + 1, min_new_tokens=tokens + 1, do_sample=False,
        attention_mask=torch.ones_like(ids))
    return tokens / (time.monotonic() - began - prompt)


def with_hooks(model, ids, tokens):
    kept = []
    handles = [
        layer.register_forward_hook(
            lambda module, inputs, result: kept.append(
                (result[0] if isinstance(result, tuple) else result).detach().clone()))
        for layer in model.model.layers]
    try:
        return timed(model, ids, tokens)
    finally:
        for handle in handles:
            handle.remove()


def with_nnsight(wrapped, ids, tokens):
    def run(count):
        began = time.monotonic()
        with wrapped.generate(ids, max_new_tokens=count, min_new_tokens=count, do_sample=False) as tracer:
            kept = list().save()
            with tracer.all():
                for layer in wrapped.model.layers:
                    kept.append(layer.output[0])
        return time.monotonic() - began

    prompt = run(1)
    return tokens / (run(tokens + 1) - prompt)


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--tokens", type=int, default=64)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    model = transformers_model(options.model, "bfloat16")
    packed = transformers_model(options.model, "float32", packed=True)
    tokenizer = AutoTokenizer.from_pretrained(str(options.model.parent), gguf_file=options.model.name)
    ids = tokenizer("The capital of France is", return_tensors="pt").input_ids
    wrapped = LanguageModel(model, tokenizer=tokenizer)
    rounds = Rounds()
    with torch.inference_mode():
        for number in range(options.rounds):
            print(f"round {number + 1}")
            rows = benched(
                options.model, "--prompt", 0, "--generate", options.tokens, "--capture", "residual",
                "--threads", options.threads)
            for row, median in rows.items():
                if row.startswith("decode"):
                    rounds.add("neuroscope, " + row.split(", ")[-1], median)
            rounds.add("transformers bf16", timed(model, ids, options.tokens))
            rounds.add("transformers bf16, hooks", with_hooks(model, ids, options.tokens))
            rounds.add("transformers packed, hooks", with_hooks(packed, ids, options.tokens))
            rounds.add("nnsight bf16", with_nnsight(wrapped, ids, options.tokens))
    rounds.table("tokens/s", [
        ("neuroscope, capture residual", "neuroscope, capture none"),
        ("neuroscope, capture residual", "transformers bf16, hooks"),
        ("neuroscope, capture residual", "transformers packed, hooks"),
        ("neuroscope, capture residual", "nnsight bf16"),
    ])


main()
