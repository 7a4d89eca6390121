"""Captured tensors: joined, as a table, in a file, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import FRANCE, residuals
from safetensors.numpy import load_file

from neuroscope import Captures, Completion, Hook, NeuroScopeClient

HOOKS: list[Hook] = [
    *residuals(5),
    {"layer_name": "transformer.h.5", "component": "mlp", "hook_id": "both", "capture_input": True},
    {"layer_name": "transformer.h.9", "component": "query", "hook_id": "q", "positions": [0, 2, 7]},
    {"layer_name": "transformer.h.9", "component": "attention_pattern", "hook_id": "pattern"},
    {"layer_name": "blocks.9.attn.hook_z", "component": "attention", "hook_id": "z"},
    {"layer_name": "transformer.h.9", "component": "query", "hook_id": "norms", "reduce": "norm"},
    {"layer_name": "transformer.h.5", "component": "residual", "hook_id": "probes",
     "reduce": {"project": [[1.0] * 128, [0.0] * 127 + [2.0]]}},
]


@pytest.fixture
def answer(client: NeuroScopeClient) -> Completion:
    return client.generate_with_activations(FRANCE, HOOKS, temperature=0, max_tokens=4)


def test_passes_are_joined_along_their_positions(answer: Completion) -> None:
    captures, count = answer.captures, answer.usage["prompt_tokens"] + 3
    assert captures.array("layer_5").shape == (1, count, 128)
    assert captures.array("z").shape == (1, 4, count, 32)
    assert captures.array("norms").shape == (1, 4, count)
    whole, probes = captures.array("layer_5").astype(np.float64), captures.array("probes")
    np.testing.assert_array_equal(probes[..., 1], np.float32(2 * whole[..., 127]))
    np.testing.assert_allclose(probes[..., 0], whole.sum(-1), rtol=1e-6, atol=1e-4)
    inputs, outputs = captures.array("both", is_input=True), captures.array("both")
    assert inputs.shape == outputs.shape and not np.array_equal(inputs, outputs)
    np.testing.assert_array_equal(captures.array("layer_5")[:, -1:], captures["layer_5"][-1].values)
    with pytest.raises(ValueError):
        captures.array("pattern")
    with pytest.raises(KeyError):
        captures.array("layer_5", is_input=True)


def test_the_table_has_a_row_for_each_number(answer: Completion) -> None:
    table = answer.captures.tidy()
    assert table.dtype.names == ("hook", "is_input", "step", "position", "index", "value")
    assert len(table) == sum(capture.values.size for capture in answer.captures.all)
    row = table[(table["hook"] == "layer_5") & (table["position"] == 3) & (table["index"] == 17)]
    assert row["value"] == answer.captures["layer_5"][0].values[0, 3, 17]
    # Heads come first among the numbers of a position, and positions are those that were asked for.
    queries = table[table["hook"] == "q"]
    assert sorted(set(queries["position"])) == [0, 2, 7]
    wanted = queries[(queries["position"] == 7) & (queries["index"] == 2 * 32 + 5)]
    assert wanted["value"] == answer.captures["q"][0].values[0, 2, 2, 5]
    assert set(table[table["hook"] == "both"]["is_input"]) == {True, False}
    assert len(Captures().tidy()) == 0


def test_a_file_of_tensors_holds_them_all(answer: Completion, tmp_path: Path) -> None:
    answer.captures.to_safetensors(tmp_path / "captured.safetensors")
    loaded = load_file(tmp_path / "captured.safetensors")
    assert len(loaded) == len(answer.captures.all)
    np.testing.assert_array_equal(loaded["layer_5/000000/000000"], answer.captures["layer_5"][0].values)
    np.testing.assert_array_equal(
        loaded["both/000000/000000/input"], answer.captures.array("both", is_input=True)[:, :loaded[
            "both/000000/000000"].shape[1]])


def test_a_runs_events_give_the_same_tensors(client: NeuroScopeClient, answer: Completion) -> None:
    captures = Captures.of_events(client.stream_run(
        messages=FRANCE, temperature=0, max_tokens=4, hooks=HOOKS, frames={"dtype": "f32"}))
    assert list(captures) == list(answer.captures)
    for one, other in zip(captures.all, answer.captures.all, strict=True):
        assert (one.hook_id, one.is_input, one.step, one.positions) == (
            other.hook_id, other.is_input, other.step, other.positions)
        np.testing.assert_array_equal(one.values, other.values)


def test_rewinding_takes_captures_back(client: NeuroScopeClient) -> None:
    captures = Captures()
    with client.socket() as socket:
        run = socket.start(prompt="Hi", ignore_eos=True, max_tokens=4, start="paused", hooks=residuals(5))
        run.step(3)
        rewound = False
        for event in run:
            captures.add(event)
            if event.type == "run.paused" and event["step"] == 2 and not rewound:
                assert [capture.step for capture in captures["layer_5"]] == [0, 1, 2]
                rewound = True
                run.rewind(0)
                run.resume()
    assert [capture.step for capture in captures["layer_5"]] == [0, 1, 2, 3]


def test_a_notebook_shows_a_strip_for_each_hook(answer: Completion) -> None:
    page = answer._repr_html_()
    assert page.startswith("<p>") and page.count("<code") == len(HOOKS)
    assert page.count("<span title=") > answer.usage["prompt_tokens"]
    strange = Captures.of_events([])
    assert strange._repr_html_() == "" and repr(strange) == "Captures()"
    assert repr(answer.captures).startswith("Captures(layer_5: 4, both: 8")
