"""Tensor frames, version 1, as frames.md of the protocol draws them: bytes to numpy arrays, every length checked."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .errors import FrameError
from .schemas import CODECS, COMPONENTS, ELEMENT_TYPES

Values = NDArray[Any]
"""Numbers of a tensor: uint32 of u32, float32 of all other element types."""

TENSOR_LIMIT = 256 << 20
"""Bytes that one tensor may take unless a reader says otherwise."""

_WIDTHS = {"f32": 4, "f16": 2, "bf16": 2, "i8": 1, "u32": 4}
_HEADER = struct.Struct("<4sBBHBBHIQIIIiQQIHBB")
_BLOCK = 32
_PACKED = 1 << 31


@dataclass(frozen=True, eq=False)
class Frame:
    """One tensor as it came: what its header says, and its bytes, checked except for the packed numbers."""

    data: bytes
    payload: bytes
    shape: tuple[int, ...]
    element_type: str
    codec: str
    raw_length: int
    kind: int
    flags: int
    step: int
    sequence: int
    first_position: int
    position_stride: int
    hook_index: int
    layer: int | None
    component: str | None

    @property
    def is_input(self) -> bool:
        return bool(self.flags & 1)

    @property
    def is_last_of_pass(self) -> bool:
        return bool(self.flags & 2)

    @property
    def has_listed_positions(self) -> bool:
        return bool(self.flags & 4)

    @property
    def is_changed(self) -> bool:
        return bool(self.flags & 8)

    @cached_property
    def values(self) -> Values:
        """The numbers in their shape."""
        return numbers(_unpack(self), self.element_type, self.shape)


def read_frame(data: bytes, start: int = 0, limit: int = TENSOR_LIMIT) -> Frame:
    """The frame that begins at a byte; all of it is checked but the packed numbers. More bytes may follow."""
    view = memoryview(data)[start:]
    if view[:4] != b"NSTF"[: len(view)]:
        raise FrameError("magic")
    _need(view, _HEADER.size)
    (_, version, kind, header_length, type_number, codec_number, flags, step, sequence, first, stride, hook, layer,
     raw_length, payload_length, stored, component, rank, reserved) = _HEADER.unpack_from(view)
    if version != 1:
        raise FrameError("version", found=version)
    if rank > 16:
        raise FrameError("field", field="rank", found=rank)
    if header_length < _round_up(_HEADER.size + 4 * rank) or header_length % 8 or header_length > 4096:
        raise FrameError("headerLength", found=header_length)
    element_type = _named(ELEMENT_TYPES, "element_type", type_number)
    codec = _named(CODECS, "codec", codec_number)
    if layer < -1:
        raise FrameError("field", field="layer", found=layer)
    if reserved:
        raise FrameError("field", field="reserved", found=reserved)
    _need(view, header_length)
    shape: tuple[int, ...] = struct.unpack_from(f"<{rank}I", view, _HEADER.size)
    _check_lengths(element_type, codec, shape, raw_length, payload_length, limit)
    end = header_length + payload_length
    _need(view, _round_up(end))
    kept = view[: _round_up(end)]
    if zlib.crc32(kept[60:], zlib.crc32(kept[:56])) != stored:
        raise FrameError("checksum", stored=stored)
    if any(kept[end:]):
        raise FrameError("field", field="padding")
    # Large ones are not copied where they are all that there is.
    whole = data if isinstance(data, bytes) and len(kept) == len(data) else bytes(kept)
    return Frame(
        data=whole, payload=whole[header_length:end], shape=shape, element_type=element_type, codec=codec,
        raw_length=raw_length, kind=kind, flags=flags, step=step, sequence=sequence, first_position=first,
        position_stride=stride, hook_index=hook, layer=None if layer < 0 else layer,
        component=COMPONENTS[component] if component < len(COMPONENTS) else None)


def split_frames(data: bytes, limit: int = TENSOR_LIMIT) -> list[Frame]:
    """The frames that follow each other in some bytes, to their end."""
    frames: list[Frame] = []
    start = 0
    while start < len(data):
        frames.append(read_frame(data, start, limit))
        start += len(frames[-1].data)
    return frames


class FrameReader:
    """Reads frames from pieces of bytes, however they are cut."""

    def __init__(self, limit: int = TENSOR_LIMIT) -> None:
        self._limit = limit
        self._bytes = bytearray()

    @property
    def is_within(self) -> bool:
        """Whether a frame has begun that is not complete."""
        return bool(self._bytes)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that a piece completes."""
        self._bytes += data
        frames: list[Frame] = []
        start = 0
        while (end := self._end(start)) is not None:
            frames.append(decode_frame(bytes(memoryview(self._bytes)[start:end]), self._limit))
            start = end
        del self._bytes[:start]
        return frames

    def _end(self, start: int) -> int | None:
        """Where the frame ends that begins at a byte, once all of it is there; one that can't be is refused at once."""
        if len(self._bytes) < start + _HEADER.size:
            return None
        header_length, = struct.unpack_from("<H", self._bytes, start + 6)
        payload_length, = struct.unpack_from("<Q", self._bytes, start + 48)
        if self._bytes[start:start + 4] != b"NSTF" or payload_length > self._limit + 16:
            decode_frame(bytes(self._bytes[start:start + _HEADER.size]), self._limit)
        end = start + _round_up(header_length + payload_length)
        return end if len(self._bytes) >= end else None


def decode_frame(data: bytes, limit: int = TENSOR_LIMIT) -> Frame:
    """Exactly one frame."""
    frame = read_frame(data, 0, limit)
    if len(data) > len(frame.data):
        raise FrameError("trailingBytes", count=len(data) - len(frame.data))
    return frame


def numbers(raw: bytes, element_type: str, shape: Sequence[int]) -> Values:
    """Little-endian bytes of an element type as an array."""
    flat: Values
    match element_type:
        case "f32":
            flat = np.frombuffer(raw, "<f4")
        case "u32":
            flat = np.frombuffer(raw, "<u4")
        case "f16":
            flat = np.frombuffer(raw, "<f2").astype(np.float32)
        case "bf16":
            flat = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        case _:
            flat = _of_blocks(raw, shape)
    return flat.reshape(shape)


def _of_blocks(raw: bytes, shape: Sequence[int]) -> Values:
    row = shape[-1] if shape else 1
    scale_bytes = _scale_bytes(shape)
    quantised = np.frombuffer(raw, np.int8, offset=scale_bytes).reshape(-1, max(row, 1))
    scales = np.frombuffer(raw[:scale_bytes], "<f4").reshape(len(quantised), -(-row // _BLOCK))
    spread = np.repeat(scales, _BLOCK, axis=1)[:, :row]
    found = np.full(quantised.shape, np.nan, np.float32)
    np.multiply(spread, quantised, out=found, where=quantised != -128, dtype=np.float32)
    return found


def _need(data: memoryview, length: int) -> None:
    if len(data) < length:
        raise FrameError("truncated", expected=length, found=len(data))


def _named(names: Sequence[str], field: str, number: int) -> str:
    if number >= len(names):
        raise FrameError("field", field=field, found=number)
    return names[number]


def _round_up(length: int) -> int:
    return length + 7 & ~7


def _scale_bytes(shape: Sequence[int]) -> int:
    """Bytes of the scales of i8: one f32 for each 32 numbers of a row."""
    row = shape[-1] if shape else 1
    return 4 * math.prod(shape[:-1]) * -(-row // _BLOCK)


def _plane_count(element_type: str) -> int:
    return 2 if element_type == "i8" else _WIDTHS[element_type]


def _check_lengths(
    element_type: str, codec: str, shape: Sequence[int], raw: int, payload: int, limit: int,
) -> None:
    """Python's integers don't overflow; no memory is taken before the limit is checked."""
    expected = math.prod(shape) * _WIDTHS[element_type] + (_scale_bytes(shape) if element_type == "i8" else 0)
    if expected >= 1 << 63:
        raise FrameError("shape", shape=list(shape))
    if raw != expected:
        raise FrameError("rawLength", expected=expected, found=raw)
    if expected > limit:
        raise FrameError("limit", bytes=expected, allowed=limit)
    table = 4 * _plane_count(element_type) if codec == "planes" else 0
    if not (payload == raw if codec == "raw" else table <= payload <= raw + table):
        raise FrameError("payloadLength", found=payload)


def _unpack(frame: Frame) -> bytes:
    """The numbers' bytes before packing."""
    if frame.codec == "raw":
        return frame.payload
    if frame.codec == "deflate":
        return _inflate(frame.payload, frame.raw_length, 0)
    planes = _planes(frame)
    if frame.element_type == "i8":
        return b"".join(planes)
    return np.stack([np.frombuffer(plane, np.uint8) for plane in planes], axis=1).tobytes()


def _planes(frame: Frame) -> list[bytes]:
    count = _plane_count(frame.element_type)
    scales = _scale_bytes(frame.shape)
    lengths = [scales, frame.raw_length - scales] if frame.element_type == "i8" else [frame.raw_length // count] * count
    offset = 4 * count
    parts: list[tuple[bool, bytes]] = []
    for index, entry in enumerate(struct.unpack_from(f"<{count}I", frame.payload)):
        is_packed, stored = entry >= _PACKED, entry % _PACKED
        part = frame.payload[offset:offset + stored]
        if len(part) != stored or (not is_packed and stored != lengths[index]):
            _bad_plane(index)
        parts.append((is_packed, part))
        offset += stored
    if offset != len(frame.payload):
        raise FrameError("payloadLength", found=len(frame.payload))
    return [
        _inflate(part, length, index) if is_packed else part
        for index, ((is_packed, part), length) in enumerate(zip(parts, lengths))
    ]


def _inflate(packed: bytes, length: int, index: int) -> bytes:
    """Expands one zlib stream to exactly a length; stops as soon as there is more."""
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(packed, length + 1)
    except zlib.error:
        _bad_plane(index)
    if len(raw) != length or not inflater.eof or inflater.unused_data:
        _bad_plane(index)
    return raw


def _bad_plane(index: int) -> NoReturn:
    raise FrameError("plane", index=index)
