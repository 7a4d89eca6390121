"""Activations of many prompts by name, as arrays."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .display import heat_strip
from .frames import Frame, Values
from .safetensors_files import TOKENS, TensorFile, tensors_of
from .shapes import JSON, Hook

Prompt = str | Sequence[int] | NDArray[Any]
"""A text, or the ids of its tokens."""

REQUEST_BYTES = 8 << 20
"""Bytes of prompts that are sent in one request; more become several."""
REQUEST_TENSORS = 1 << 19
REQUEST_PROMPTS = 1 << 16


@dataclass(frozen=True)
class Wanted:
    """What is to be captured, and the name that it has in a cache."""

    name: str
    hook: Hook


class ActivationCache(Mapping[str, Values]):
    """Arrays by the names that were asked for, `[prompt, …]`: the other axes are those of the model's hook points.

    Prompts of unlike lengths are filled up with NaN behind their ends; `prompt(i)` has those of one, as they are, and
    `lengths` tells how many tokens each has. As in TransformerLens, `cache["resid_post", 5]` is
    `cache["blocks.5.hook_resid_post"]`.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._arrays: dict[str, list[Values | None]] = {name: [] for name in names}
        self.tokens: list[list[int]] = []
        """The ids of each prompt's tokens."""

    def add(self, tokens: Sequence[int], arrays: Mapping[str, Values]) -> None:
        """Takes one more prompt: what each name has of it, without a batch axis."""
        self.tokens.append([int(token) for token in tokens])
        for name, kept in self._arrays.items():
            kept.append(arrays.get(name))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> ActivationCache:
        """Reads what `to_safetensors` wrote, or the folder of a harvest that a server on this machine keeps."""
        if Path(path).is_dir():
            files = tensors_of(path)
            tokens = TensorFile(Path(path) / TOKENS)
            ids, offsets = tokens["input_ids"], tokens["offsets"]
            prompts = [ids[first:end].tolist() for first, end in zip(offsets, offsets[1:])]
        else:
            file = TensorFile(path)
            files = {name: file for name in file if not name.startswith("input_ids/")}
            prompts = [file[name].tolist() for name in sorted(name for name in file if name.startswith("input_ids/"))]
        places: dict[str, dict[int, str]] = {}
        for full in files:
            name, number, *side = full.rsplit("/", 2) if full.endswith("/input") else full.rsplit("/", 1)
            places.setdefault("/".join([name, *side]), {})[int(number)] = full
        cache = cls(list(places))
        for index, prompt in enumerate(prompts):
            cache.add(prompt, {
                name: files[found[index]][found[index]] for name, found in places.items() if index in found})
        return cache

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many tokens each prompt has."""
        return np.array([len(tokens) for tokens in self.tokens], np.int64)

    def __getitem__(self, name: str | tuple[str, int]) -> Values:
        return _stacked(self._arrays[self.name(name)])

    def name(self, name: str | tuple[str, int]) -> str:
        """The whole name of a short one and a layer."""
        if isinstance(name, str):
            if name not in self._arrays:
                near = get_close_matches(name, self._arrays, 3, 0.5)
                raise KeyError(f"{name} was not captured{'; near: ' + ', '.join(near) if near else ''}")
            return name
        short, layer = name
        for found in self._arrays:
            parts = found.split(".")
            last = parts[-1].removeprefix("hook_")
            if len(parts) > 2 and parts[1] == str(layer) and short in (last, parts[-1], f"{parts[2]}.{parts[-1]}"):
                return found
        raise KeyError(f"{short} of layer {layer} was not captured")

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def prompt(self, index: int) -> dict[str, Values]:
        """One prompt's arrays, without a batch axis and nothing filled up."""
        found = {name: kept[index] for name, kept in self._arrays.items()}
        return {name: values for name, values in found.items() if values is not None}

    def stack(self, short: str) -> Values:
        """A short name's arrays of all captured layers, `[layer, prompt, …]`."""
        layers = sorted(
            int(parts[1]) for parts in (name.split(".") for name in self._arrays)
            if len(parts) > 2 and parts[1].isdigit() and short in (parts[-1].removeprefix("hook_"), parts[-1]))
        if not layers:
            raise KeyError(f"{short} was captured of no layer")
        return np.stack([self[short, layer] for layer in layers])

    def to_safetensors(self, path: str | PathLike[str]) -> None:
        """Writes `name/prompt` for each array as it is, and `input_ids/prompt`."""
        try:
            from safetensors.numpy import save_file
        except ImportError as missing:
            raise ImportError("to_safetensors needs safetensors: pip install 'neuroscope[safetensors]'") from missing
        tensors = {
            f"{name}/{index:06d}": np.ascontiguousarray(values)
            for name, kept in self._arrays.items() for index, values in enumerate(kept) if values is not None}
        ids = {f"input_ids/{index:06d}": np.array(tokens, np.int64) for index, tokens in enumerate(self.tokens)}
        save_file({**tensors, **ids}, path)

    def __repr__(self) -> str:
        return f"ActivationCache({len(self.tokens)} prompts, {len(self)} names)"

    def _repr_html_(self) -> str:
        """A strip for each name: one cell a position, the mean size of its numbers over the prompts."""
        return f"<p>{len(self.tokens)} prompts</p>" + "".join(
            heat_strip(name, _strip(self[name])) for name in list(self)[:64])


def _stacked(kept: Sequence[Values | None]) -> Values:
    known = [values for values in kept if values is not None]
    if not known:
        return np.zeros((len(kept), 0), np.float32)
    if len(known) == len(kept) and len({values.shape for values in known}) == 1:
        return np.stack(known)
    shape = tuple(max(sizes) for sizes in zip(*(values.shape for values in known), strict=True))
    filled = np.full((len(kept), *shape), np.nan, np.float32)
    for place, values in enumerate(kept):
        if values is not None:
            filled[place][tuple(slice(size) for size in values.shape)] = values
    return filled


def _strip(values: Values) -> list[float]:
    """Of `[prompt, (head,) position, …]` one number a position."""
    sizes = np.abs(values)
    others = tuple(axis for axis in range(sizes.ndim) if axis != (1 if sizes.ndim == 3 else 2))
    with np.errstate(all="ignore"):
        return [float(value) for value in np.nan_to_num(np.nanmean(sizes, axis=others))]


# Asking for one


def as_prompts(prompts: Prompt | Iterable[Prompt]) -> list[str | list[int]]:
    """One prompt or several, as the server takes them."""
    if isinstance(prompts, str):
        return [prompts]
    given = list(prompts)
    if given and all(isinstance(one, int | np.integer) for one in given):
        return [[int(cast(int, one)) for one in given]]
    return [one if isinstance(one, str) else [int(token) for token in cast(Sequence[int], one)] for one in given]


def has_wildcard(names: str | Hook | Iterable[str | Hook]) -> bool:
    """Whether the model's own names have to be known."""
    return any(isinstance(name, str) and any(mark in name for mark in "*?[") for name in _listed(names))


def wanted(
    names: str | Hook | Iterable[str | Hook], points: Sequence[JSON], shared: Mapping[str, Any],
) -> list[Wanted]:
    """What names mean: wildcards as in file names, of the model's hook points and their other names, each point once."""
    found: dict[str, Wanted] = {}
    for name in _listed(names):
        if not isinstance(name, str):
            key = name.get("hook_id") or name["layer_name"]
            found.setdefault(key, Wanted(key, cast(Hook, {**shared, **name})))
            continue
        matching = [name] if not has_wildcard(name) else [
            match for point in points
            if (match := next((one for one in (point["name"], *point["aliases"]) if fnmatch.fnmatchcase(one, name)), None))]
        if not matching:
            near = get_close_matches(name, [point["name"] for point in points], 3, 0.3)
            raise ValueError(f"{name} matches no hook point of this model; near: {', '.join(near)}")
        for one in matching:
            found.setdefault(one, Wanted(one, cast(Hook, {**shared, "layer_name": one})))
    return list(found.values())


def _listed(names: str | Hook | Iterable[str | Hook]) -> list[str | Hook]:
    return [cast("str | Hook", names)] if isinstance(names, str | dict) else list(names)


def parts_of(prompts: Sequence[str | list[int]], hooks: int) -> Iterator[list[str | list[int]]]:
    """The prompts in as many requests as the server's bounds ask for."""
    part: list[str | list[int]] = []
    size = 0
    most = max(min(REQUEST_PROMPTS, REQUEST_TENSORS // max(hooks, 1)), 1)
    for prompt in prompts:
        own = len(json.dumps(prompt))
        if part and (size + own > REQUEST_BYTES or len(part) >= most):
            yield part
            part, size = [], 0
        part.append(prompt)
        size += own
    if part:
        yield part


class Harvested:
    """Gathers the frames of a harvest prompt by prompt."""

    def __init__(self, hooks: int, prompts: int) -> None:
        self._hooks, self._prompts = hooks, prompts
        self._place = 0
        self._frames: list[Frame] = []

    def take(self, frame: Frame) -> list[list[Frame]]:
        """The prompts that are complete once this frame begins another."""
        done = [] if frame.sequence == self._place else self._until(frame.sequence)
        self._frames.append(frame)
        return done

    def rest(self) -> list[list[Frame]]:
        """The prompts that the end of the stream completes."""
        return self._until(self._prompts)

    def _until(self, place: int) -> list[list[Frame]]:
        done = [self._frames, *([] for _ in range(place - self._place - 1))] if place > self._place else []
        self._frames, self._place = [], place
        return done
