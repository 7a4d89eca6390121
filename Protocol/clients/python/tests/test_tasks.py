"""Ten tasks of a researcher's day, each of three lines at most, held to what is known of the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MODEL

from neuroscope import ActivationCache, NeuroScopeClient

TRUTH = json.loads((MODEL / "circuits.json").read_text())
IOI = TRUTH["ioi"]["prompts"]
MOST_LINES, MOST_COLUMNS = 3, 120


@dataclass(frozen=True)
class Task:
    wish: str
    code: str
    holds: Callable[[dict[str, Any]], bool]


def best(grid: Any) -> tuple[int, int]:
    layer, head = np.unravel_index(np.argmax(np.array(grid)), np.array(grid).shape)
    return int(layer), int(head)


TASKS = [
    Task("every layer's residual stream of many prompts", """
cache = client.cache(texts, "blocks.*.hook_resid_post")
norms = np.linalg.norm(cache.stack("resid_post"), axis=-1)
""", lambda found: found["norms"].shape == (24, 32, 14) and bool((found["norms"] > 0).all())),
    Task("which heads do induction", """
heads = client.heads(sequences)
layer, head, score = heads.top("induction", 1)[0]
""", lambda found: (found["layer"], found["head"]) == best(TRUTH["heads_by_attention"]["induction"])),
    Task("which of two answers is likelier", """
scores = client.score([" Paris", " London"], "The capital of France is")
likelier = scores.table()["text"][int(np.argmax(scores.logprobs))]
""", lambda found: found["likelier"] == " Paris"),
    Task("from which layer on the answer is known", """
lens = client.lens("The capital of France is", positions="last", top=1)
first = next(layer for layer in lens.layers if all(top[0][0] == " Paris" for top in lens.top[layer:]))
""", lambda found: 0 < found["first"] < 24),
    Task("which heads move the name", """
added = client.attribute(texts[0], " Mary", " John")
mover = added.top(1)[0][:2]
""", lambda found: found["mover"] == best(TRUTH["direct_logit_attribution"][0]["heads"])),
    Task("where the name is kept, layer by layer", """
grid = client.patch(texts[:4], swapped[:4], answers[:4], wrongs[:4], layers=[3, 12])
early, late = grid.effect.argmax(axis=1)
""", lambda found: [found["early"], found["late"]] == [int(np.argmax(TRUTH["patching"]["swap"]["effect"][layer]))
                                                      for layer in (3, 12)]),
    Task("what a head is worth, all prompts together", """
grid = client.ablate(texts, answers, wrongs, component="z", kind="mean", layers=[4, 6, 7])
worth = grid.effect
""", lambda found: bool(np.allclose(found["worth"], np.array(TRUTH["ioi"]["head_mean"])[[4, 6, 7]], atol=0.02))),
    Task("a direction, and what it does", """
at = "blocks.20.hook_resid_post"
one, other = (client.cache(text, at, positions="last")[at][0, 0] for text in (texts[0], swap))
steered = client.steer(swap, one - other, at, positions=[13], max_tokens=1)
""", lambda found: found["steered"].text == " Mary"),
    Task("what changes without the first MLP", """
zeroed = [{"layer_name": "blocks.0.hook_mlp_out", "kind": "zero"}]
changed = client.diff(client.run(texts[0], at), client.run(texts[0], at, interventions=zeroed))
""", lambda found: found["changed"].first_step == 0 and bool(np.abs(found["changed"].arrays[found["at"]]).max() > 1)),
    Task("activations for another program, and back", """
client.cache(texts, ["blocks.*.hook_mlp_out"]).to_safetensors(file)
again = ActivationCache.load(file).stack("mlp_out")
""", lambda found: found["again"].shape == (24, 32, 14, 128)),
]


def test_there_are_ten() -> None:
    assert len({task.wish for task in TASKS}) == 10


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.wish)
def test_a_task_is_short_and_its_answer_right(client: NeuroScopeClient, tmp_path: Path, task: Task) -> None:
    lines = task.code.strip().splitlines()
    assert len(lines) <= MOST_LINES and all(len(line) <= MOST_COLUMNS and ";" not in line for line in lines)
    names: dict[str, Any] = {
        "client": client, "np": np, "ActivationCache": ActivationCache, "file": tmp_path / "activations.safetensors",
        "texts": [one["text"] for one in IOI], "answers": [one["answer_id"] for one in IOI],
        "wrongs": [one["wrong_id"] for one in IOI], "swapped": TRUTH["patching"]["swap"]["corrupt_ids"],
        "swap": "When Mary and John went to the store, Mary gave a drink to", "at": "blocks.12.hook_resid_post",
        "sequences": TRUTH["heads_by_attention"]["sequences"]}
    exec(task.code, names)
    assert task.holds(names)
