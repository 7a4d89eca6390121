#!/usr/bin/env python3
"""Reading a prompt: this engine with both numerics, and transformers in float32, bfloat16 and packed, in turn.

    python prompt.py MODEL.gguf [--rounds 5] [--threads 2] [--prompt 512]

transformers reads the same GGUF file, dequantised to float32 or bfloat16, or with its weights packed.
"""
import time

import torch

from peers import Rounds, benched, parser, transformers_model


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--prompt", type=int, default=512)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    models = {
        "float32": transformers_model(options.model, "float32"),
        "bfloat16": transformers_model(options.model, "bfloat16"),
        "packed": transformers_model(options.model, "float32", packed=True)}
    ids = torch.arange(100, 100 + options.prompt).unsqueeze(0)
    rounds = Rounds()
    with torch.inference_mode():
        for number in range(options.rounds):
            print(f"round {number + 1}")
            for numerics in ("exact", "fast"):
                rows = benched(
                    options.model, "--prompt", options.prompt, "--generate", 1, "--numerics", numerics,
                    "--threads", options.threads)
                for row, median in rows.items():
                    if row.startswith("prompt"):
                        rounds.add(f"neuroscope {numerics}", median)
            for name, model in models.items():
                began = time.monotonic()
                model(ids, logits_to_keep=1)
                rounds.add(f"transformers {name}", options.prompt / (time.monotonic() - began))
    rounds.table("tokens/s", [
        ("neuroscope exact", "transformers float32"), ("neuroscope fast", "transformers bfloat16"),
        ("neuroscope exact", "transformers packed")])


main()
