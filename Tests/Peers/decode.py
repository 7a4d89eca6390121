#!/usr/bin/env python3
"""Prompt and decode speed against llama-bench, for several number formats of one model, in turn.

    python decode.py MODEL.gguf [--kinds Q4_1,Q4_0,Q8_0,F16,Q4_K_M] [--numerics exact,fast] [--sets native,avx2]
        [--rounds 5] [--threads 2] [--prompt 512] [--generate 128]

The first kind is the file itself; the others are requantised from it by llama.cpp. Q4_0 is its fastest path. The set avx2
holds both to AVX2: ours by --instruction-set, theirs by a build for it. llama.cpp always rounds activations to bytes, as
--numerics fast does.
"""
import json

from peers import Rounds, benched, output, parser, requantised, theirs

# How each engine is held to a set of instructions.
SETS = {"native": ([], "llama"), "avx2": (["--instruction-set", "avx2"], "llama-avx2")}


def measure_ours(rounds, name, model, flags, options):
    rows = benched(
        model, "--prompt", options.prompt, "--generate", options.generate, "--threads", options.threads, *flags)
    for row, median in rows.items():
        for what in ("prompt", "decode"):
            if row.startswith(what):
                rounds.add(f"{name} {what}", median)


def measure_theirs(rounds, name, model, build, options):
    rows = json.loads(output(
        theirs("llama-bench", build), "-m", model, "-p", options.prompt, "-n", options.generate,
        "-t", options.threads, "-r", 1, "-o", "json"))
    for row in rows:
        what = "prompt" if row["n_prompt"] else "decode"
        rounds.add(f"{name} {what}", row["avg_ts"])


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--kinds", default="Q4_1,Q4_0,Q8_0,F16,Q4_K_M")
    arguments.add_argument("--numerics", default="exact")
    arguments.add_argument("--sets", default="native")
    arguments.add_argument("--prompt", type=int, default=512)
    arguments.add_argument("--generate", type=int, default=128)
    options = arguments.parse_args()
    kinds, numerics, sets = (text.split(",") for text in (options.kinds, options.numerics, options.sets))
    files = {kinds[0]: options.model, **{kind: requantised(options.model, kind) for kind in kinds[1:]}}
    rounds = Rounds()
    for number in range(options.rounds):
        print(f"round {number + 1}")
        for name in sets:
            flags, build = SETS[name]
            for kind, file in files.items():
                for how in numerics:
                    measure_ours(rounds, f"neuroscope {name} {how} {kind}", file, ["--numerics", how, *flags], options)
                measure_theirs(rounds, f"llama.cpp {name} {kind}", file, build, options)
    pairs = [
        (f"neuroscope {name} {how} {kind} {what}", f"llama.cpp {name} {other} {what}")
        for name in sets for what in ("prompt", "decode") for kind in kinds for how in numerics
        for other in dict.fromkeys([kind, "Q4_0"]) if other in kinds]
    rounds.table("tokens/s", pairs)


main()
