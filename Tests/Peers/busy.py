#!/usr/bin/env python3
"""Decode speed alone and beside one process that keeps a processor busy, against llama-bench, in turn.

    python busy.py MODEL.gguf [--rounds 5] [--threads 2] [--their-kind Q4_0]
"""
import json
import subprocess
import sys

from peers import Rounds, benched, output, parser, requantised, theirs


def our_decode(model, threads):
    rows = benched(model, "--prompt", 0, "--generate", 128, "--threads", threads)
    return next(median for row, median in rows.items() if row.startswith("decode"))


def their_decode(model, threads):
    rows = json.loads(output(
        theirs("llama-bench"), "-m", model, "-p", 0, "-n", 128, "-t", threads, "-r", 1, "-o", "json"))
    return rows[0]["avg_ts"]


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--their-kind", default="Q4_0")
    options = arguments.parse_args()
    engines = {
        "neuroscope": (our_decode, options.model),
        f"llama.cpp {options.their_kind}": (their_decode, requantised(options.model, options.their_kind))}
    rounds = Rounds()
    for number in range(options.rounds):
        print(f"round {number + 1}")
        for name, (decode, model) in engines.items():
            rounds.add(f"{name}, alone", decode(model, options.threads))
            neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            try:
                rounds.add(f"{name}, beside a busy process", decode(model, options.threads))
            finally:
                neighbour.kill()
                neighbour.wait()
    rounds.table("tokens/s", [(f"{name}, beside a busy process", f"{name}, alone") for name in engines])


main()
