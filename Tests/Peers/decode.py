#!/usr/bin/env python3
"""Prompt and decode speed against llama-bench, for several number formats of one model, in turn.

    python decode.py MODEL.gguf [--kinds Q4_1,Q4_0,Q8_0,F16] [--rounds 5] [--threads 2]

The first kind is the file itself; the others are requantised from it by llama.cpp. Q4_0 is its fastest path.
"""
import json

from peers import Rounds, benched, output, parser, requantised, theirs


def measure_ours(rounds, name, model, options):
    rows = benched(
        model, "--prompt", options.prompt, "--generate", options.generate, "--threads", options.threads)
    for row, median in rows.items():
        for what in ("prompt", "decode"):
            if row.startswith(what):
                rounds.add(f"neuroscope {name} {what}", median)


def measure_theirs(rounds, name, model, options):
    rows = json.loads(output(
        theirs("llama-bench"), "-m", model, "-p", options.prompt, "-n", options.generate,
        "-t", options.threads, "-r", 1, "-o", "json"))
    for row in rows:
        what = "prompt" if row["n_prompt"] else "decode"
        rounds.add(f"llama.cpp {name} {what}", row["avg_ts"])


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--kinds", default="Q4_1,Q4_0,Q8_0,F16")
    arguments.add_argument("--prompt", type=int, default=512)
    arguments.add_argument("--generate", type=int, default=128)
    options = arguments.parse_args()
    kinds = options.kinds.split(",")
    files = {kinds[0]: options.model, **{kind: requantised(options.model, kind) for kind in kinds[1:]}}
    rounds = Rounds()
    for number in range(options.rounds):
        print(f"round {number + 1}")
        for kind, file in files.items():
            measure_ours(rounds, kind, file, options)
            measure_theirs(rounds, kind, file, options)
    pairs = [
        (f"neuroscope {kind} {what}", f"llama.cpp {other} {what}")
        for what in ("prompt", "decode") for kind in kinds
        for other in dict.fromkeys([kind, "Q4_0"]) if other in kinds]
    rounds.table("tokens/s", pairs)


main()
