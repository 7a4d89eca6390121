"""Tensor frames in Python, written from the byte diagram of Protocol/frames.md alone."""

import struct
import zlib

import numpy as np

HEADER = struct.Struct("<4sBBHBBHIQIIIiQQIHBB")


def split(data):
    """The frames that follow each other in some bytes, as (header, array) pairs."""
    found = []
    start = 0
    while start < len(data):
        frame, length = read(data, start)
        found.append(frame)
        start += length
    return found


def read(data, start=0):
    """One frame: its facts with the numbers under `values`, and the bytes it takes."""
    (magic, version, kind, header_length, dtype, codec, flags, step, sequence, first, stride, hook, layer, raw_length,
     payload_length, checksum, component, rank, reserved) = HEADER.unpack_from(data, start)
    assert magic == b"NSTF" and version == 1 and reserved == 0
    length = header_length + (payload_length + 7 & ~7)
    whole = data[start:start + length]
    assert len(whole) == length and zlib.crc32(whole[:56] + whole[60:]) == checksum
    shape = struct.unpack_from(f"<{rank}I", data, start + 64)
    payload = whole[header_length:header_length + payload_length]
    raw = unpack(payload, codec, dtype, raw_length)
    values = scaled(raw, shape) if dtype == 3 else numbers(raw, dtype).reshape(shape)
    return dict(kind=kind, dtype=dtype, codec=codec, flags=flags, step=step, sequence=sequence, first=first,
                stride=stride, hook=hook, layer=layer, component=component, payload=payload, values=values), length


def unpack(payload, codec, dtype, raw_length):
    if codec == 0:
        return payload
    if codec == 1:
        return zlib.decompress(payload)
    count = {0: 4, 1: 2, 2: 2, 3: 2, 4: 4}[dtype]
    lengths = struct.unpack_from(f"<{count}I", payload)
    offset = 4 * count
    planes = []
    for entry in lengths:
        stored = entry & 0x7FFFFFFF
        plane = payload[offset:offset + stored]
        offset += stored
        planes.append(zlib.decompress(plane) if entry >> 31 else plane)
    if dtype == 3:  # The scales, then the bytes: nothing is interleaved.
        joined = b"".join(planes)
        assert len(joined) == raw_length
        return joined
    joined = np.stack([np.frombuffer(plane, np.uint8) for plane in planes], axis=1).tobytes()
    assert len(joined) == raw_length
    return joined


def numbers(raw, dtype):
    if dtype == 0:
        return np.frombuffer(raw, "<f4")
    if dtype == 1:
        return np.frombuffer(raw, "<f2").astype(np.float32)
    if dtype == 2:
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    if dtype == 4:
        return np.frombuffer(raw, "<u4")
    raise ValueError(f"element type {dtype}")


def scaled(raw, shape):
    """Signed bytes in blocks of 32 of the last axis, each with a scale."""
    width = shape[-1]
    rows = int(np.prod(shape[:-1]))
    blocks = -(-width // 32)
    scales = np.frombuffer(raw, "<f4", rows * blocks).reshape(rows, blocks)
    small = np.frombuffer(raw, np.int8, offset=scales.nbytes).reshape(rows, width).astype(np.float32)
    small[small == -128] = np.nan
    return (small * np.repeat(scales, 32, axis=1)[:, :width]).reshape(shape)
