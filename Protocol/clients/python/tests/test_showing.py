"""Tables and pictures of results: with pandas, matplotlib and tqdm, and without any of them."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuroscope import Grid, Heads, NeuroScopeClient, Scores
from neuroscope.tables import Table, grid_html, table

pandas: Any = importlib.import_module("pandas")
pyplot: Any = importlib.import_module("matplotlib.pyplot")
pyplot.switch_backend("Agg")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where none of them is installed."""
    real = importlib.import_module

    def found(name: str, package: str | None = None) -> ModuleType:
        if name.split(".")[0] in ("pandas", "matplotlib", "tqdm"):
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", found)


def results(client: NeuroScopeClient) -> list[Any]:
    """One of each kind."""
    text, at = "The capital of France is", "blocks.3.hook_resid_post"
    run = client.run(text, at, max_tokens=2)
    return [
        client.score([" Paris", " London"], text), run, client.lens(text), client.attention(text, 5), client.heads([5, 6, 7, 8, 5, 6, 7, 8]),
        client.attribute(text, " Paris", " Rome"), client.diff(run, run),
        client.patch(text, "The capital of Italy is", " Paris", " Rome", layers=[2, 5]),
        client.ablate(text, " Paris", " Rome", component="mlp_out", layers=[2, 5]),
    ]


def test_each_result_has_a_table_a_picture_and_a_view(client: NeuroScopeClient) -> None:
    for result in results(client):
        shown = result.table()
        assert isinstance(shown, pandas.DataFrame) and len(shown) > 0, result
        drawn = result.plot()
        assert drawn.figure.axes, result
        pyplot.close(drawn.figure)
        assert "<" in result._repr_html_() and len(repr(result)) < 4000, result


def test_without_pandas_and_matplotlib_there_are_plain_tables_and_a_hint(client: NeuroScopeClient, bare: None) -> None:
    for result in results(client):
        shown = result.table()
        assert isinstance(shown, Table) and len(shown) > 0 and len(repr(shown).splitlines()) == len(shown) + 1
        assert "<table>" in shown._repr_html_()
        with pytest.raises(ImportError, match="pip install matplotlib"):
            result.plot()
    assert client.cache(["One", "Two"], "hook_embed")["hook_embed"].shape[0] == 2


def test_a_table_has_rows_and_columns(bare: None) -> None:
    shown = table([{"name": "a", "value": 0.123456}, {"name": "b<", "value": -2.0}])
    assert shown["name"] == ["a", "b<"] and shown[1]["value"] == -2.0 and [row["name"] for row in shown] == ["a", "b<"]
    assert repr(shown).splitlines()[1].split() == ["a", "0.1235"] and "b&lt;" in shown._repr_html_()
    assert repr(table([])) == ""


def test_what_is_not_finite_leaves_its_place_empty() -> None:
    page = grid_html([[1, np.nan], [np.inf, -2]], title="a<b", rows=["0", "1"], columns=["x", "y"])
    assert page.count("<td title='none'>") == 2 and "a&lt;b" in page
    assert grid_html([[np.nan]], title="").count("<td") == 1
    nan = np.full((1, 2), np.nan)
    assert Heads([0], nan, nan, nan).top("induction", 1)[0][:2] == (0, 0)
    grid = Grid({"analysis": "ablation", "layers": [3], "axes": ["layer", "head"], "effect": [[None, 1.0]], "clean": 1})
    assert grid.top(1) == [(3, 1, 1.0)] and "<td title='none'>" in grid._repr_html_()
    assert Scores({"scores": []}).logprobs.shape == (0,)
