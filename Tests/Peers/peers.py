"""What the comparisons share: where the programs are, rounds, medians, a table."""
from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What `prepare` builds and what is made of models; NEUROSCOPE_PEERS names another folder.
BUILT = Path(os.environ.get("NEUROSCOPE_PEERS", ROOT / ".build-peers"))


def parser(description: str) -> argparse.ArgumentParser:
    """What every comparison takes: the model, how many rounds, how many threads."""
    result = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("model", type=Path)
    result.add_argument("--rounds", type=int, default=5)
    result.add_argument("--threads", type=int, default=2)
    return result


def ours() -> Path:
    """The release build of this project."""
    for folder in (".build/release", ".build-release/release"):
        path = ROOT / folder / "neuroscope"
        if path.exists():
            return path
    raise SystemExit("build first: swift build -c release --product neuroscope")


def theirs(name: str, build: str = "llama") -> Path:
    """A program of llama.cpp's; `build` is llama (for this processor) or llama-avx2."""
    path = BUILT / build / "bin" / name
    if not path.exists():
        raise SystemExit(f"{name} is missing; run Tests/Peers/prepare")
    return path


def output(*command) -> str:
    return subprocess.run(
        [str(part) for part in command], check=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True).stdout


def json_lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def benched(model: Path, *options) -> dict[str, float]:
    """The medians of one round of this project's own bench, by the rows' names."""
    rows = json_lines(output(ours(), "bench", "--model", model, "--repeat", 1, "--json", *options))
    return {row["row"]["name"]: row["row"]["median"] for row in rows}


def requantised(model: Path, kind: str) -> Path:
    """The model in another number format, made once by llama.cpp's own tool."""
    target = BUILT / f"{model.stem}.{kind}.gguf"
    if not target.exists():
        output(theirs("llama-quantize"), "--allow-requantize", model, target, kind)
    return target


def transformers_model(model: Path, dtype: str, packed: bool = False):
    """The model in transformers: dequantised to `dtype`, or with its weights packed as they are in the file."""
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig
    return AutoModelForCausalLM.from_pretrained(
        str(model.parent), gguf_file=model.name, dtype=getattr(torch, dtype),
        quantization_config=GgufConfig(dequantize=not packed))


class Rounds:
    """Measurements by name, one per round."""

    def __init__(self):
        self.values: dict[str, list[float]] = {}

    def add(self, name: str, value: float):
        self.values.setdefault(name, []).append(value)
        print(f"  {name:<44} {value:10.1f}", flush=True)

    def ratio(self, first: str, second: str) -> float:
        """The median of the rounds' ratios."""
        pairs = zip(self.values[first], self.values[second])
        return statistics.median(a / b for a, b in pairs if b)

    def table(self, unit: str, compare: list[tuple[str, str]]):
        print(f"\n{'what':<44} {'median':>10} {'min':>10} {'max':>10}  {unit}")
        for name, values in self.values.items():
            print(f"{name:<44} {statistics.median(values):10.1f} {min(values):10.1f} {max(values):10.1f}")
        print()
        for first, second in compare:
            if first in self.values and second in self.values:
                print(f"{first} / {second}: {self.ratio(first, second):.2f}")
