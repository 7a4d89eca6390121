"""Captured tensors of one answer or run: by hook, as arrays, as a table, in a file, as a picture in a notebook."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .display import heat_strip
from .events import Event
from .frames import Values, numbers

_DTYPES = {"float32": "f32", "float16": "f16", "bfloat16": "bf16", "int8_blocks": "i8", "uint32": "u32"}
_PER_HEAD = {"query", "key", "value", "attention_scores", "attention_pattern"}


@dataclass(frozen=True, eq=False)
class Capture:
    """One tensor: what a hook saw in one pass."""

    hook_id: str
    layer_name: str
    component: str
    is_input: bool
    step: int
    positions: tuple[int, ...]
    values: Values

    @property
    def position_axis(self) -> int:
        """The axis of `values` that counts positions; those that are per head have the heads before it."""
        return 2 if self.component in _PER_HEAD or self.layer_name.endswith("hook_z") else 1

    @property
    def by_position(self) -> Values:
        """One row of numbers for each position."""
        return np.moveaxis(self.values, self.position_axis, 0).reshape(len(self.positions), -1)


def read_capture(body: Mapping[str, Any], values: Values | None = None) -> Capture:
    """A capture from an activation of an answer, or from the members of an `activation` event."""
    if values is None:
        data = body["data"]
        if isinstance(data, str):
            values = numbers(base64.b64decode(data), _DTYPES[body["dtype"]], body["shape"])
        else:
            values = np.array(data, np.float32).reshape(body["shape"])
    positions = body.get("position_list") or range(*body["positions"])
    return Capture(
        hook_id=body["hook_id"], layer_name=body["layer_name"], component=body["component"],
        is_input=body["is_input"], step=body["step"], positions=tuple(positions), values=values)


class Captures(Mapping[str, list[Capture]]):
    """Captures by hook id, in the order they came."""

    def __init__(self, captures: Iterable[Capture] = ()) -> None:
        self._by_hook: dict[str, list[Capture]] = {}
        for capture in captures:
            self._by_hook.setdefault(capture.hook_id, []).append(capture)

    @classmethod
    def of_events(cls, events: Iterable[Event]) -> Captures:
        """The tensors of a run's events; other events are passed over, rewinding takes back."""
        captures = cls()
        for event in events:
            captures.add(event)
        return captures

    def add(self, event: Event) -> None:
        """Takes an event of a run."""
        if event.type == "activation" and (event.frame or "data" in event.body):
            capture = read_capture(event.body, event.values)
            self._by_hook.setdefault(capture.hook_id, []).append(capture)
        elif event.type == "run.rewound":
            for hook, captures in self._by_hook.items():
                self._by_hook[hook] = [capture for capture in captures if capture.step <= event["to_step"]]

    def __getitem__(self, hook_id: str) -> list[Capture]:
        return self._by_hook[hook_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_hook)

    def __len__(self) -> int:
        return len(self._by_hook)

    @property
    def all(self) -> list[Capture]:
        """Every capture, hook after hook."""
        return [capture for captures in self._by_hook.values() for capture in captures]

    def array(self, hook_id: str, *, is_input: bool = False) -> Values:
        """All passes of a hook as one array, joined along the positions.

        Attention grows wider with each pass, so its passes can't be joined: ValueError.
        """
        chosen = [capture for capture in self[hook_id] if capture.is_input == is_input]
        if not chosen:
            raise KeyError(f"{hook_id} has no captured {'input' if is_input else 'output'}")
        return np.concatenate([capture.values for capture in chosen], axis=chosen[0].position_axis)

    def tidy(self) -> NDArray[Any]:
        """One row for each number: hook, is_input, step, position, index, value.

        `index` counts the numbers of one position, row by row over the other axes (heads, then channels).
        """
        width = max((len(hook) for hook in self), default=1)
        table = [("hook", f"U{width}"), ("is_input", "?"), ("step", "i4"), ("position", "i4"), ("index", "i4"),
                 ("value", "f4")]
        rows = np.empty(sum(capture.values.size for capture in self.all), np.dtype(table))
        start = 0
        for capture in self.all:
            flat = capture.by_position
            part = rows[start:start + flat.size]
            part["hook"], part["is_input"], part["step"] = capture.hook_id, capture.is_input, capture.step
            part["position"] = np.repeat(capture.positions, flat.shape[1])
            part["index"] = np.tile(np.arange(flat.shape[1]), flat.shape[0])
            part["value"] = flat.reshape(-1)
            start += flat.size
        return rows

    def to_safetensors(self, path: str | PathLike[str]) -> None:
        """Writes each capture under `hook/step/first position` as the server's exports, inputs with `/input` behind."""
        try:
            from safetensors.numpy import save_file
        except ImportError as missing:
            raise ImportError("to_safetensors needs safetensors: pip install 'neuroscope[safetensors]'") from missing
        save_file({_name(capture): np.ascontiguousarray(capture.values) for capture in self.all}, path)

    def __repr__(self) -> str:
        return f"Captures({', '.join(f'{hook}: {len(captures)}' for hook, captures in self.items())})"

    def _repr_html_(self) -> str:
        """A strip for each hook: one cell a position, from faint to full by the mean size of its numbers."""
        return "".join(
            heat_strip(hook, [float(np.abs(row).mean()) for capture in captures for row in capture.by_position])
            for hook, captures in self.items())


def _name(capture: Capture) -> str:
    first = capture.positions[0] if capture.positions else 0
    return f"{capture.hook_id}/{capture.step:06d}/{first:06d}{'/input' if capture.is_input else ''}"
