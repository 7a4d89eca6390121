import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {FrameError, crc32, decodeFrame, readFrame, splitFrames} from "../neuroscope.js";

const vectors = JSON.parse(readFileSync(new URL("../../../vectors/frames.json", import.meta.url)));
const bytesOf = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const bitsOf = (values) => Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length),
  (bits, i) => Number.isNaN(values[i]) ? "NaN" : bits.toString(16).padStart(8, "0"));
const isNaNBits = (hex) => (parseInt(hex, 16) & 0x7fffffff) > 0x7f800000;

for (const vector of vectors.valid) {
  test(`the golden frame ${vector.name} says what it should`, async () => {
    const frame = decodeFrame(bytesOf(vector.bytes));
    const {kind, flags, step, first, stride, hook, layer, shape, dtype, codec} = vector;
    assert.deepEqual(
      [frame.kind, frame.flags, frame.step, frame.firstPosition, frame.positionStride, frame.hookIndex, frame.layer ?? -1,
        frame.shape, frame.elementType, frame.codec],
      [kind, flags, step, first, stride, hook, layer, shape, dtype, codec]);
    // JSON.parse rounds numbers beyond 2^53; the bytes do not.
    assert.equal(frame.sequence, Buffer.from(vector.bytes, "hex").readBigUInt64LE(16));
    const values = await frame.values();
    const expected = vector.values.map((hex) => dtype !== "u32" && isNaNBits(hex) ? "NaN" : hex);
    assert.deepEqual(bitsOf(values), expected);
  });
}

for (const vector of vectors.invalid) {
  test(`the impossible frame ${vector.name} is refused for its ${vector.error}`, async () => {
    await assert.rejects(async () => decodeFrame(bytesOf(vector.bytes)).values(), (error) =>
      error instanceof FrameError && error.code === vector.error);
  });
}

const good = bytesOf(vectors.valid.find(({name}) => name === "waves-bf16-planes").bytes);

test("no changed bit goes unnoticed", () => {
  for (let bit = 0; bit < 8 * good.length; bit += 7) {
    const damaged = good.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.throws(() => decodeFrame(damaged), FrameError, `bit ${bit}`);
  }
});

test("a frame cut anywhere is refused", () => {
  for (let length = 0; length < good.length; length++) {
    assert.throws(() => decodeFrame(good.subarray(0, length)), {code: "truncated"});
  }
});

test("frames in a row are split, and start at any byte", async () => {
  const row = new Uint8Array(3 + 2 * good.length);
  row.set(good, 3);
  row.set(good, 3 + good.length);
  const frames = splitFrames(row.subarray(3));
  assert.equal(frames.length, 2);
  assert.deepEqual(await frames[0].values(), await readFrame(row, 3 + good.length).values());
});

test("a raw single-precision frame is viewed, not copied", async () => {
  const bytes = bytesOf(vectors.valid.find(({name}) => name === "edge-f32-raw").bytes);
  assert.equal((await decodeFrame(bytes).values()).buffer, bytes.buffer);
});

test("a reader's limit is kept before memory is taken", () => {
  assert.throws(() => readFrame(good, 0, 100), {code: "limit"});
});

test("the checksum is zlib's", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});
