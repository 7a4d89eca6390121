"""Writes blocks.txt: a few blocks of every weight type and the float32 numbers they decode to.

The numbers are those of gguf-py (ggml blocks) and mlx (affine and split MXFP4), libraries we did not write.
    pip install gguf==0.19.0 "mlx[cpu]==0.32.4" numpy && python make_blocks.py > blocks.txt
One line a case, fields apart by one blank, numbers little-endian in hex:
    blocks NAME COLUMNS DATA VALUES
    affine BITS GROUP SCALE_TYPE COLUMNS CODES SCALES BIASES VALUES
    mxfp4 COLUMNS BLOCKS SCALES VALUES
"""
import numpy as np
import mlx.core as mx
from gguf import GGMLQuantizationType as T, quants

mx.set_default_device(mx.cpu)
rng = np.random.default_rng(1)
# Where the float16 scales of a block lie; random bytes there would be infinities.
SCALES = {T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q2_K: [80, 82], T.Q3_K: [108],
          T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208], T.IQ4_NL: [0], T.IQ4_XS: [0], T.MXFP4: []}
SIZES = {T.Q8_0: (32, 34), T.Q4_0: (32, 18), T.Q4_1: (32, 20), T.Q5_0: (32, 22), T.Q5_1: (32, 24), T.Q2_K: (256, 84),
         T.Q3_K: (256, 110), T.Q4_K: (256, 144), T.Q5_K: (256, 176), T.Q6_K: (256, 210), T.IQ4_NL: (32, 18),
         T.IQ4_XS: (256, 136), T.MXFP4: (32, 17)}


def text(array):
    return np.ascontiguousarray(array).tobytes().hex()


for kind, (items, size) in SIZES.items():
    count = 64 // items if items < 64 else 1
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for at in SCALES[kind]:
        blocks[:, at : at + 2] = rng.normal(0, 0.05, (count, 1)).astype(np.float16).view(np.uint8)
    if kind == T.MXFP4:
        blocks[:, 0] = rng.integers(110, 135, count)
    values = quants.dequantize(blocks.reshape(1, -1), kind).astype(np.float32)
    print("blocks", kind.name, count * items, text(blocks), text(values))

halves = rng.normal(0, 1, 32).astype(np.float16)
halves[:6] = [0.0, -0.0, 6e-8, -3e-5, 65504, 6.1035e-05]
print("blocks F16", halves.size, text(halves), text(halves.astype(np.float32)))
top = rng.normal(0, 1, 32).astype(np.float32).view(np.uint32) >> 16
print("blocks BF16", top.size, text(top.astype(np.uint16)), text((top << 16).astype(np.uint32)))
plain = rng.normal(0, 1, 32).astype(np.float32)
print("blocks F32", plain.size, text(plain), text(plain))

for bits in (2, 3, 4, 5, 6, 8):
    for group, kind, name in ((32, mx.float32, "F32"), (64, mx.float16, "F16")):
        matrix = mx.array(rng.normal(0, 1, (1, 64)).astype(np.float32)).astype(kind)
        codes, scales, biases = mx.quantize(matrix, group_size=group, bits=bits)
        wide = mx.dequantize(codes, scales.astype(mx.float32), biases.astype(mx.float32), group, bits)
        print("affine", bits, group, name, 64, text(np.array(codes)), text(np.array(scales)), text(np.array(biases)),
              text(np.array(wide, dtype=np.float32)))

codes, scales = mx.quantize(mx.array(rng.normal(0, 1, (1, 64)).astype(np.float32)), group_size=32, bits=4, mode="mxfp4")
wide = mx.dequantize(codes, scales, group_size=32, bits=4, mode="mxfp4", dtype=mx.float32)
print("mxfp4", 64, text(np.array(codes)), text(np.array(scales)), text(np.array(wide, dtype=np.float32)))
