"""Tables and pictures of results: pandas and matplotlib where they are installed, plain ones otherwise."""

from __future__ import annotations

import html
import importlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Row = Mapping[str, Any]


class Table(Sequence[Row]):
    """Rows with the same columns, where pandas is not installed."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)
        self.columns = list(self.rows[0]) if self.rows else []

    def __getitem__(self, index: Any) -> Any:
        """A row by its number, or a column by its name."""
        return [row[index] for row in self.rows] if isinstance(index, str) else self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __repr__(self) -> str:
        lines = [self.columns, *([_shown(row[column]) for column in self.columns] for row in self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(column)}</th>" for column in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_shown(row[column]))}</td>" for column in self.columns) + "</tr>"
            for row in self.rows)
        return f"<table><tr>{head}</tr>{body}</table>"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def table(rows: Sequence[Row]) -> Any:
    """The rows as a pandas `DataFrame` where pandas is installed, else as a `Table`."""
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        return Table(rows)
    return pandas.DataFrame(list(rows))


def axes(given: Any = None) -> Any:
    """Axes of matplotlib to draw on: those given, or new ones."""
    if given is not None:
        return given
    try:
        pyplot = importlib.import_module("matplotlib.pyplot")
    except ImportError as missing:
        raise ImportError("plot needs matplotlib: pip install matplotlib") from missing
    return pyplot.subplots()[1]


def plot_grid(values: ArrayLike, *, x: str, y: str, title: str, ax: Any = None, labels: Sequence[str] = ()) -> Any:
    """Draws a grid as a heat map around zero; the axes of matplotlib."""
    numbers = np.asarray(values, np.float64)
    drawn = axes(ax)
    largest = float(np.nanmax(np.abs(numbers))) if numbers.size else 1.0
    image = drawn.imshow(numbers, cmap="RdBu", vmin=-largest, vmax=largest, aspect="auto", origin="lower")
    drawn.figure.colorbar(image, ax=drawn)
    drawn.set(xlabel=x, ylabel=y, title=title)
    if labels:
        drawn.set_xticks(range(len(labels)), labels, rotation=90)
    return drawn


def grid_html(values: ArrayLike, *, title: str, columns: Sequence[str] = (), rows: Sequence[str] = ()) -> str:
    """A grid as a small coloured table: blue above zero, red below; a cell's title has its number."""
    numbers = np.atleast_2d(np.asarray(values, np.float64))
    largest = float(np.nanmax(np.abs(numbers))) if np.isfinite(numbers).any() else 1.0
    head = "".join(f"<th>{html.escape(str(column))}</th>" for column in columns)
    lines = [
        "<tr>" + (f"<th>{html.escape(str(rows[place]))}</th>" if rows else "")
        + "".join(_cell(float(value), largest or 1.0) for value in line) + "</tr>"
        for place, line in enumerate(numbers)]
    first = "<th></th>" if rows else ""
    return (f"<div><b>{html.escape(title)}</b><table style='border-collapse:collapse;font-size:80%'>"
            f"{f'<tr>{first}{head}</tr>' if columns else ''}{''.join(lines)}</table></div>")


def _cell(value: float, largest: float) -> str:
    if not math.isfinite(value):
        return "<td title='none'></td>"
    colour = "40,90,200" if value >= 0 else "200,60,40"
    return f"<td title='{value:.4g}' style='background:rgba({colour},{abs(value) / largest:.2f})'>{value:.2g}</td>"
