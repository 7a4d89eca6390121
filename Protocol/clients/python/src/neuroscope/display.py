"""Small pictures for notebooks, in plain HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

_MOST_CELLS = 96


def heat_strip(name: str, values: Sequence[float]) -> str:
    """A row of cells, from faint to full by value; long rows show the largest of each stretch."""
    per_cell = max(1, math.ceil(len(values) / _MOST_CELLS))
    known = [value if math.isfinite(value) else 0.0 for value in values]
    cells = [max(known[start:start + per_cell]) for start in range(0, len(known), per_cell)]
    largest = max(cells, default=0.0) or 1.0
    boxes = "".join(
        f'<span title="{value:.4g}" style="display:inline-block;width:8px;height:14px;'
        f'background:rgba(40,90,200,{0.05 + 0.95 * value / largest:.2f})"></span>'
        for value in cells)
    label = '<code style="display:inline-block;min-width:16em">'
    return f'<div style="white-space:nowrap">{label}{html.escape(name)}</code> {boxes} {largest:.3g}</div>'
