#!/usr/bin/env python3
"""The part of the tokenizer references that is small enough to commit, for `swift test` alone.

    python make_subset.py --from DIR

DIR is what make_tokenizer_cases.py and make_harmony_cases.py wrote. Leaves out the two published vocabularies
(and with them Harmony's token ids); everything else is kept. Writes cases/ beside this file.
"""
import argparse
import json
import shutil
from pathlib import Path

LARGE = ("o200k_harmony", "smollm2")


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--from", dest="source", type=Path, required=True)
    a = ap.parse_args()
    out = Path(__file__).parent / "cases"
    shutil.rmtree(out, ignore_errors=True)
    cases = json.loads((a.source / "tokenizer_cases.json").read_text())
    for name in list(cases["tokenizers"]):
        if name in LARGE:
            del cases["tokenizers"][name]
            continue
        folder = cases["tokenizers"][name]["dir"]
        vocabulary = json.loads((a.source / folder / "tokenizer.json").read_text())
        write(out / folder / "tokenizer.json", vocabulary)
    # The pieces are in the cases themselves, so streaming needs no vocabulary.
    write(out / "tokenizer_cases.json", cases)
    harmony = json.loads((a.source / "harmony_cases.json").read_text())
    for case in harmony["render"] + harmony["parse"] + harmony["stream"]:
        case.pop("tokens", None)
    harmony.pop("stream")
    write(out / "harmony_cases.json", harmony)


if __name__ == "__main__":
    main()
