"""The golden frames of the protocol, and frames that were damaged on the way."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from neuroscope import FrameError, FrameReader, decode_frame, read_frame, split_frames

VECTORS: dict[str, list[dict[str, Any]]] = json.loads((ROOT / "Protocol/vectors/frames.json").read_text())
GOOD = next(bytes.fromhex(vector["bytes"]) for vector in VECTORS["valid"] if vector["name"] == "waves-bf16-planes")


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
def test_a_golden_frame_says_what_it_should(vector: dict[str, Any]) -> None:
    frame = decode_frame(bytes.fromhex(vector["bytes"]))
    layer = -1 if frame.layer is None else frame.layer
    assert (frame.kind, frame.flags, frame.sequence, frame.step) == (
        vector["kind"], vector["flags"], vector["seq"], vector["step"])
    assert (frame.first_position, frame.position_stride, frame.hook_index, layer) == (
        vector["first"], vector["stride"], vector["hook"], vector["layer"])
    assert (frame.shape, frame.element_type, frame.codec) == (tuple(vector["shape"]), vector["dtype"], vector["codec"])
    bits = np.array([int(value, 16) for value in vector["values"]], np.uint32)
    assert frame.values.shape == frame.shape
    if vector["dtype"] == "u32":
        np.testing.assert_array_equal(frame.values.reshape(-1), bits)
    else:
        expected = bits.view(np.float32)
        found = np.ascontiguousarray(frame.values).reshape(-1)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        kept = ~np.isnan(expected)
        np.testing.assert_array_equal(found.view(np.uint32)[kept], bits[kept])


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["name"])
def test_an_impossible_frame_is_refused_for_its_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(FrameError) as caught:
        assert decode_frame(bytes.fromhex(vector["bytes"])).values is None
    assert caught.value.code == vector["error"]


def test_no_changed_bit_goes_unnoticed() -> None:
    for bit in range(0, 8 * len(GOOD), 7):
        damaged = bytearray(GOOD)
        damaged[bit >> 3] ^= 1 << (bit & 7)
        with pytest.raises(FrameError):
            decode_frame(bytes(damaged))


def test_a_frame_cut_anywhere_is_refused() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(FrameError) as caught:
            decode_frame(GOOD[:length])
        assert caught.value.code == "truncated"


def test_frames_in_a_row_are_split() -> None:
    one, two = split_frames(GOOD + GOOD)
    np.testing.assert_array_equal(one.values, read_frame(b"xyz" + GOOD, 3).values)
    assert one.data == two.data == GOOD


def test_a_readers_limit_is_kept_before_memory_is_taken() -> None:
    with pytest.raises(FrameError) as caught:
        read_frame(GOOD, limit=100)
    assert caught.value.code == "limit"


def test_bytes_behind_a_packed_part_are_refused() -> None:
    packed = zlib.compress(bytes(256)) + b"!"
    header = bytearray(struct.pack(
        "<4sBBHBBHIQIIIiQQIHBB", b"NSTF", 1, 1, 72, 0, 1, 0, 0, 0, 0, 1, 0, -1, 256, len(packed), 0, 0, 1, 0))
    header += struct.pack("<II", 64, 0)
    body = packed + bytes(-len(packed) % 8)
    struct.pack_into("<I", header, 56, zlib.crc32(header[:56] + header[60:] + body))
    with pytest.raises(FrameError) as caught:
        assert decode_frame(bytes(header) + body).values is None
    assert caught.value.code == "plane"


@pytest.mark.parametrize("size", [1, 7, 64, 1000, 1 << 20])
def test_frames_are_read_from_pieces_however_they_are_cut(size: int) -> None:
    whole = b"".join(bytes.fromhex(vector["bytes"]) for vector in VECTORS["valid"])
    reader, frames = FrameReader(), []
    for start in range(0, len(whole), size):
        frames += reader.feed(whole[start:start + size])
    assert [frame.data for frame in frames] == [frame.data for frame in split_frames(whole)]
    assert not reader.is_within


def test_a_reader_refuses_what_is_no_frame_before_it_keeps_more() -> None:
    with pytest.raises(FrameError):
        FrameReader().feed(bytes(64))
    endless = bytearray(bytes.fromhex(VECTORS["valid"][0]["bytes"])[:64])
    endless[48:56] = (1 << 60).to_bytes(8, "little")
    with pytest.raises(FrameError):
        FrameReader().feed(bytes(endless))
