#!/usr/bin/env python3
"""Makes the golden frames of this folder, independently of the Swift code (standard library only).

    python3 make_vectors.py            # writes frames.json
    python3 make_vectors.py --check    # fails if frames.json differs

Each vector has the bytes of one frame in hexadecimal, what its header says, and the numbers a decoder must
give back ("values": floats as exact hexadecimal bit patterns, so that -0, NaN and rounding are compared too).
Vectors under "invalid" must be refused; "error" is the kind of refusal.

The layout is drawn in ../frames.md.
"""
import json
import math
import os
import struct
import sys
import zlib

F32, F16, BF16, I8, U32 = range(5)
RAW, DEFLATE, PLANES = range(3)
NAMES = {F32: "f32", F16: "f16", BF16: "bf16", I8: "i8", U32: "u32"}
MAX = 3.4028234663852886e38
CODECS = {RAW: "raw", DEFLATE: "deflate", PLANES: "planes"}


def bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def single(b):
    return struct.unpack("<f", struct.pack("<I", b))[0]


def round_single(x):
    return single(bits(x))


def to_bf16(x):
    b = bits(x)
    if x != x:
        return b >> 16 | 0x40
    low, kept = b & 0xFFFF, b >> 16
    return kept + (low > 0x8000 or (low == 0x8000 and kept & 1))


def to_f16(x):
    if x != x:
        return 0x7E00 | (bits(x) >> 16 & 0x8000)
    try:
        return struct.unpack("<H", struct.pack("<e", x))[0]
    except OverflowError:
        return 0xFC00 if x < 0 else 0x7C00


def from_f16(h):
    return struct.unpack("<e", struct.pack("<H", h))[0]


def i8_blocks(values, row):
    """-> (raw bytes, decoded values)"""
    scales, numbers, decoded = [], [], []
    for start in range(0, len(values), row or 1):
        for b in range(start, start + row, 32):
            block = values[b:min(b + 32, start + row)]
            largest = max([abs(v) for v in block if math.isfinite(v)] or [0.0])
            scale = round_single(largest / 127)
            if scale * 127 > MAX:  # the largest numbers must not decode to infinity
                scale = single(bits(scale) - 1)
            inverse = round_single(1 / scale) if scale else 0.0
            scales.append(scale)
            for v in block:
                q = -128 if not math.isfinite(v) else max(-127, min(127, round(round_single(v * inverse))))
                numbers.append(q)
                decoded.append(math.nan if q == -128 else round_single(scale * q))
    return struct.pack("<%df" % len(scales), *scales) + struct.pack("%db" % len(numbers), *numbers), decoded


def store(values, dtype, shape):
    """-> (raw bytes, decoded bit patterns)"""
    if dtype == U32:
        return struct.pack("<%dI" % len(values), *values), list(values)
    if dtype == F32:
        return struct.pack("<%df" % len(values), *values), [bits(v) for v in values]
    if dtype == F16:
        halves = [to_f16(v) for v in values]
        return struct.pack("<%dH" % len(halves), *halves), [bits(from_f16(h)) for h in halves]
    if dtype == BF16:
        brains = [to_bf16(v) for v in values]
        return struct.pack("<%dH" % len(brains), *brains), [b << 16 for b in brains]
    raw, decoded = i8_blocks(values, shape[-1] if shape else 1)
    return raw, [bits(v) for v in decoded]


def huffman(data):
    c = zlib.compressobj(1, zlib.DEFLATED, 15, 8, zlib.Z_HUFFMAN_ONLY)
    return c.compress(data) + c.flush()


def pack(raw, dtype, codec, shape):
    if codec == RAW:
        return raw
    if codec == DEFLATE:
        return zlib.compress(raw, 1)
    if dtype == I8:
        row = shape[-1] if shape else 1
        scales = 4 * (len(raw) and math.prod(shape[:-1]) * -(-row // 32))
        planes = [raw[:scales], raw[scales:]]
    else:
        width = 2 if dtype in (F16, BF16) else 4
        planes = [raw[i::width] for i in range(width)]
    table, body = b"", b""
    for plane in planes:
        packed = huffman(plane)
        if len(packed) < len(plane):
            table += struct.pack("<I", len(packed) | 1 << 31)
            body += packed
        else:
            table += struct.pack("<I", len(plane))
            body += plane
    return table + body


def frame(shape, dtype, codec, raw_length, payload, kind=1, flags=0, seq=0, step=0, first=0, stride=1, hook=0,
          layer=-1, component=0, header_extra=0, crc=None, version=1, magic=b"NSTF", reserved=0):
    rank = len(shape)
    header_length = (64 + 4 * rank + 7 & ~7) + header_extra
    head = magic + struct.pack("<BBHBBHIQIIIiQQ", version, kind, header_length, dtype, codec, flags, step, seq,
                               first, stride, hook, layer, raw_length, len(payload))
    assert len(head) == 56
    tail = struct.pack("<HBB", component, rank, reserved) + struct.pack("<%dI" % rank, *shape)
    tail += bytes(max(0, header_length - 60 - len(tail)))
    body = payload + bytes(-len(payload) % 8)
    if crc is None:
        crc = zlib.crc32(head + tail + body)
    return head + struct.pack("<I", crc) + tail + body


class Random:
    """SplitMix64, as the Swift tests have it."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        m = (1 << 64) - 1
        self.state = self.state + 0x9E3779B97F4A7C15 & m
        x = self.state
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & m
        x = (x ^ x >> 27) * 0x94D049BB133111EB & m
        return x ^ x >> 31

    def normal(self):
        return round_single(sum(self.next() / 2**64 for _ in range(12)) - 6)


def valid():
    edge = [0.0, -0.0, 1.0, -1.0, 1.0 + 2**-8, 1.0 + 3 * 2**-8, 1.0 + 2**-11, 1.0 + 3 * 2**-11, 65504.0, 65519.0,
            65520.0, -70000.0, 3.0e38, single(0x7F7FFFFF), 2.0**-14, 2.0**-24, 2.0**-25, 1.5 * 2.0**-25, single(1),
            math.inf, -math.inf, math.nan]
    edge = [round_single(v) if math.isfinite(v) else v for v in edge]
    r = Random(7)
    # Few different numbers, so that a search for repetitions finds some.
    coarse = [round(r.normal()) / 4 for _ in range(3 * 100)]
    waves = [r.normal() for _ in range(3 * 100)]
    out = []

    def add(name, values, shape, dtype, codec, **fields):
        raw, decoded = store(values, dtype, shape)
        payload = pack(raw, dtype, codec, shape)
        data = frame(shape, dtype, codec, len(raw), payload, **fields)
        header = {"kind": 1, "flags": 0, "seq": 0, "step": 0, "first": 0, "stride": 1, "hook": 0, "layer": -1,
                  "component": 0}
        header.update((k, v) for k, v in fields.items() if k in header)
        out.append({"name": name, "dtype": NAMES[dtype], "codec": CODECS[codec], "shape": shape, **header,
                    "values": ["%08x" % v for v in decoded], "bytes": data.hex()})

    for dtype in (F32, F16, BF16, I8):
        add("edge-%s-raw" % NAMES[dtype], edge, [1, len(edge)], dtype, RAW)
        add("coarse-%s-deflate" % NAMES[dtype], coarse, [3, 100], dtype, DEFLATE)
        add("waves-%s-planes" % NAMES[dtype], waves, [3, 100], dtype, PLANES)
    add("ids-u32-raw", [0, 1, 4294967295, 49152], [4], U32, RAW, kind=3)
    add("ids-u32-planes", list(range(200)), [200], U32, PLANES, kind=3)
    add("scalar", [2.5], [], F32, RAW, kind=2)
    add("empty", [], [0, 64], BF16, RAW)
    add("odd-length", [1.0, 2.0, 3.0], [3], BF16, RAW)
    add("every-field", [1.0, 2.0], [1, 1, 2], F32, RAW, kind=2, flags=3, seq=2**53 + 1, step=7, first=12, stride=2,
        hook=5, layer=11, component=2)
    add("longer-header", [1.0, 2.0], [2], F32, RAW, header_extra=16)
    return out


def invalid():
    raw = struct.pack("<2f", 1.0, 2.0)
    good = frame([2], F32, RAW, 8, raw)
    out = []

    def add(name, error, data):
        out.append({"name": name, "error": error, "bytes": data.hex()})

    add("magic", "magic", b"NSTG" + good[4:])
    add("version", "version", frame([2], F32, RAW, 8, raw, version=2))
    add("element-type", "field", frame([2], 9, RAW, 8, raw))
    add("codec", "field", frame([2], F32, 9, 8, raw))
    add("layer", "field", frame([2], F32, RAW, 8, raw, layer=-2))
    add("reserved", "field", frame([2], F32, RAW, 8, raw, reserved=1))
    add("header-too-short", "headerLength", frame([2], F32, RAW, 8, raw, header_extra=-8))
    add("header-odd", "headerLength", frame([2], F32, RAW, 8, raw, header_extra=4))
    add("raw-length", "rawLength", frame([3], F32, RAW, 8, raw))
    add("raw-length-huge", "rawLength", frame([2], F32, RAW, 2**63, raw))
    add("shape-overflow", "shape", frame([2**32 - 1] * 3, F32, RAW, 8, raw))
    add("over-the-limit", "limit", frame([2**31], F32, DEFLATE, 2**33, b"\0" * 8))
    add("payload-length", "payloadLength", frame([2], F32, RAW, 8, raw + raw))
    add("checksum", "checksum", frame([2], F32, RAW, 8, raw, crc=0))
    add("flipped-bit", "checksum", good[:-3] + bytes([good[-3] ^ 4]) + good[-2:])
    add("truncated", "truncated", good[:-1])
    add("trailing", "trailingBytes", good + b"\0")
    add("bomb", "plane", frame([64], F32, DEFLATE, 256, zlib.compress(bytes(1 << 20), 9)[:256]))
    add("expands-short", "plane", frame([64], F32, DEFLATE, 256, zlib.compress(bytes(255))))
    add("expands-long", "plane", frame([64], F32, DEFLATE, 256, zlib.compress(bytes(257))))
    add("plane-table", "plane", frame([64], BF16, PLANES, 128, struct.pack("<II", 64, 65) + bytes(64)))
    add("planes-left-over", "payloadLength", frame([64], BF16, PLANES, 128,
                                                  struct.pack("<II", 64, len(huffman(bytes(64))) | 1 << 31) + bytes(64)
                                                  + huffman(bytes(64)) + b"\0"))
    return out


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "frames.json")
    rows = ["{\n", ' "valid": [\n', ",\n".join("  " + json.dumps(v) for v in valid()), "\n ],\n",
            ' "invalid": [\n', ",\n".join("  " + json.dumps(v) for v in invalid()), "\n ]\n}\n"]
    text = "".join(rows)
    if "--check" in sys.argv:
        with open(path) as f:
            sys.exit(0 if f.read() == text else "frames.json is not what make_vectors.py makes")
    with open(path, "w") as f:
        f.write(text)


if __name__ == "__main__":
    main()
