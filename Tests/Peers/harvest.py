#!/usr/bin/env python3
"""Harvesting every layer's residual stream of 32 prompts of 128 tokens: this engine over HTTP with its Python client,
transformers in batches of 1 to 32, nnsight, in turn.

    python harvest.py MODEL [--rounds 5] [--threads 2] [--prompts 32] [--length 128]

Besides the clock, the processor's time is told, of the server and its client together: on a machine that others use, with
`--threads 1`, that one compares.

MODEL is a GGUF file or a folder with safetensors; the others read the same weights, in float32 and bfloat16. All end with
the numbers in numpy arrays (bfloat16 stays a tensor, which numpy does not know).
"""
import os
import pathlib
import re
import subprocess
import time

import numpy as np
import torch
from neuroscope import NeuroScopeClient
from transformers import AutoModelForCausalLM

from peers import ROOT, Rounds, ours, parser, transformers_model

BATCHES = (1, 4, 8, 16, 32)


class Server:
    """This engine's server with the model, on a free port."""

    def __init__(self, model, threads):
        command = [ours(), "serve", "--port", "0", "--model", model, "--threads", str(threads)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "NEUROSCOPE_HOME": str(ROOT)})
        self.url = next(found.group(1) for line in self.process.stdout
                        if (found := re.search(r"page\s+(http://[^/]+)", line)))

    def seconds(self):
        """Processor time of the server so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)


class Timer:
    """Runs work and notes its speed by the clock and by the processor's time."""

    def __init__(self, server, tokens):
        self.server, self.tokens = server, tokens
        self.clock, self.processor = Rounds(), Rounds()

    def __call__(self, name, work):
        began, used = time.monotonic(), time.process_time() + self.server.seconds()
        kept = work()
        self.clock.add(name, self.tokens / (time.monotonic() - began))
        self.processor.add(name + ", processor", self.tokens / (time.process_time() + self.server.seconds() - used))
        return kept


def with_hidden_states(model, ids, size):
    """transformers' own way: every layer's output, prompt by prompt as numpy has it where it can."""
    kept = []
    for part in ids.split(size):
        states = model(part, output_hidden_states=True, logits_to_keep=1).hidden_states[1:]
        kept.append([state if state.dtype == torch.bfloat16 else state.numpy() for state in states])
    return kept


def with_nnsight(wrapped, ids):
    # A prompt's tokens as they are: invoked as a batch without padding.
    with wrapped.trace(ids):
        kept = list().save()
        for layer in wrapped.model.layers:
            kept.append(layer.output)
    return kept


def loaded(path, dtype):
    if path.is_dir():
        return AutoModelForCausalLM.from_pretrained(str(path), dtype=getattr(torch, dtype))
    return transformers_model(path, dtype)


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--prompts", type=int, default=32)
    arguments.add_argument("--length", type=int, default=128)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    models = {dtype: loaded(options.model, dtype) for dtype in ("float32", "bfloat16")}
    wrapped = None
    try:
        from nnsight import LanguageModel
        from transformers import AutoTokenizer
        more = {} if options.model.is_dir() else {"gguf_file": options.model.name}
        folder = options.model if options.model.is_dir() else options.model.parent
        wrapped = LanguageModel(models["float32"], tokenizer=AutoTokenizer.from_pretrained(str(folder), **more))
    except ImportError:
        print("nnsight is not installed; it is left out")
    vocabulary = models["float32"].config.vocab_size
    drawn = np.random.default_rng(1).integers(10, vocabulary, (options.prompts, options.length))
    ids, tokens = torch.tensor(drawn), drawn.size
    harvested = lambda **more: client.cache(drawn, "blocks.*.hook_resid_post", progress=False, **more)
    with Server(options.model, options.threads) as server, NeuroScopeClient(server.url) as client, torch.inference_mode():
        client.cache(drawn[:2], "blocks.*.hook_resid_post", progress=False)
        timed = Timer(server, tokens)
        for number in range(options.rounds):
            print(f"round {number + 1}")
            cache = timed("neuroscope float32", harvested)
            timed("neuroscope, bfloat16 arrays", lambda: harvested(dtype="bf16"))
            timed("neuroscope, last position", lambda: harvested(positions="last"))
            for dtype, model in models.items():
                for size in [size for size in BATCHES if size <= options.prompts]:
                    kept = timed(f"transformers {dtype}, batch {size}", lambda: with_hidden_states(model, ids, size))
                if dtype == "float32" and number == 0:
                    compare(cache, kept)
            if wrapped is not None:
                timed(f"nnsight float32, batch {options.prompts}", lambda: with_nnsight(wrapped, ids))
    for rounds, unit in ((timed.clock, "tokens/s"), (timed.processor, "tokens in a second of processor time")):
        first = next(iter(rounds.values))
        peers = [max((name for name in rounds.values if name.startswith(kind)), key=lambda name: np.median(rounds.values[name]))
                 for kind in ("transformers float32", "transformers bfloat16", "nnsight")
                 if any(name.startswith(kind) for name in rounds.values)]
        rounds.table(unit, [(first, peer) for peer in peers])


def compare(cache, kept):
    """The same numbers: of the last layer transformers tells what stands behind the final norm, so that one is left out."""
    ours_ = cache.stack("resid_post")
    theirs = np.concatenate([np.stack(part[:-1]) for part in kept], axis=1)
    off = np.abs(ours_[:-1] - theirs).max(axis=(1, 2, 3)) / np.abs(theirs).max(axis=(1, 2, 3))
    print(f"largest difference of a layer, against its largest number: {off.max():.2g}")


main()
