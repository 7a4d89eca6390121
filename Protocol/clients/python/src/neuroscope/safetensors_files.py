"""Files of tensors as safetensors writes them, read without a library: numpy knows no bfloat16, this does."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path

import numpy as np

from .frames import Values

_TYPES = {"F32": "<f4", "F16": "<f2", "I32": "<i4", "I64": "<i8", "U32": "<u4", "F64": "<f8"}
_HEADER_LIMIT = 100 << 20

INDEX = "harvest.safetensors.index.json"
TOKENS = "tokens.safetensors"


class TensorFile(Mapping[str, Values]):
    """The tensors of a file by name, each read when it is asked for; bfloat16 as float32."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        with self._path.open("rb") as file:
            size = self._path.stat().st_size
            length, = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
            if length > min(size - 8, _HEADER_LIMIT):
                raise ValueError(f"{path} is no safetensors file: its header would have {length} bytes")
            entries = json.loads(file.read(length))
        self._start = 8 + length
        self._entries = {name: entry for name, entry in entries.items() if name != "__metadata__"}

    def __getitem__(self, name: str) -> Values:
        entry = self._entries[name]
        first, end = entry["data_offsets"]
        with self._path.open("rb") as file:
            file.seek(self._start + first)
            raw = file.read(end - first)
        if entry["dtype"] == "BF16":
            return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
        if entry["dtype"] not in _TYPES:
            raise ValueError(f"{name} has the type {entry['dtype']}; known: BF16, {', '.join(_TYPES)}")
        return np.frombuffer(raw, _TYPES[entry["dtype"]]).reshape(entry["shape"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def tensors_of(folder: str | PathLike[str]) -> Mapping[str, TensorFile]:
    """The file of each tensor of a kept harvest."""
    index = json.loads((Path(folder) / INDEX).read_text())
    files = {name: TensorFile(Path(folder) / name) for name in set(index["weight_map"].values())}
    return {name: files[file] for name, file in index["weight_map"].items()}
