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
    return dict(kind=kind, dtype=dtype, codec=codec, flags=flags, step=step, sequence=sequence, first=first,
                stride=stride, hook=hook, layer=layer, component=component,
                values=numbers(raw, dtype).reshape(shape)), length


def unpack(payload, codec, dtype, raw_length):
    if codec == 0:
        return payload
    if codec == 1:
        return zlib.decompress(payload)
    width = {0: 4, 1: 2, 2: 2, 4: 4}[dtype]
    lengths = struct.unpack_from(f"<{width}I", payload)
    offset = 4 * width
    planes = []
    for entry in lengths:
        stored = entry & 0x7FFFFFFF
        plane = payload[offset:offset + stored]
        offset += stored
        planes.append(zlib.decompress(plane) if entry >> 31 else plane)
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
