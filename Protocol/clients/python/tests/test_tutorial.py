"""The tutorial's cells, run as they stand, say what the notebook says, and what is known of the model."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from conftest import MODEL, Server
from notebook import TUTORIAL, at, cells, run, stored

TRUTH = json.loads((MODEL / "circuits.json").read_text())


@pytest.fixture(scope="module")
def names(server: Server) -> dict[str, Any]:
    """What the cells have made; what they print is held to what the notebook says they print."""
    names: dict[str, Any] = {}
    outcomes = run([at(code, server.url) for code in cells()], names)
    for code, (printed, shown), text in zip(cells(), outcomes, stored(), strict=True):
        assert_alike(printed + (repr(shown) if shown is not None else ""), text)
    return names


def assert_alike(text: str, other: str) -> None:
    """The same words, and numbers that differ by what another processor's last bits may turn over in rounding."""
    number = r"-?\d+\.\d+"
    assert re.sub(number, "#", text) == re.sub(number, "#", other)
    found, expected = ([float(one) for one in re.findall(number, one)] for one in (text, other))
    np.testing.assert_allclose(found, expected, atol=0.011, rtol=1e-3)


def test_every_cell_was_run_and_has_its_outputs() -> None:
    notebook = json.loads(TUTORIAL.read_text())
    assert len(cells()) >= 10
    assert [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"] == list(
        range(1, len(cells()) + 1))


def test_its_induction_heads_are_those_of_the_ground_truth(names: dict[str, Any]) -> None:
    truth = np.array(TRUTH["heads_by_attention"]["induction"])
    found = names["induction"]
    # Other random tokens, so nearly the same scores; and the same heads above nine tenths.
    np.testing.assert_allclose(found, truth, atol=0.12)
    assert set(np.argsort(-found, axis=None)[:3]) <= set(np.argsort(-truth, axis=None)[:6])


def test_its_name_movers_are_those_of_the_ground_truth(names: dict[str, Any]) -> None:
    for found, truth in zip(names["each"], TRUTH["direct_logit_attribution"][:2]):
        np.testing.assert_allclose(found, truth["heads"], atol=2e-3)
    assert len(names["movers"]) >= 2 and set(names["movers"]) <= set(names["helpful"])
    effect = np.array(TRUTH["patching"]["swap"]["effect"])[names["grid"].layers]
    np.testing.assert_allclose(names["grid"].effect, effect, atol=0.15)
    assert names["steered"].text == " Mary"
