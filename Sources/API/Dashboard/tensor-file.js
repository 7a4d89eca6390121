// Files of tensors, read in the page: safetensors, and NumPy's npy. Nothing of them reaches the server but the row that is used. What a
// file says of its own lengths is checked before anything is read by it.

const headerLimit = 16 << 20;

const readers = {
  F64: [8, (view, at) => view.getFloat64(at, true)], F32: [4, (view, at) => view.getFloat32(at, true)],
  F16: [2, (view, at) => half(view.getUint16(at, true))], BF16: [2, (view, at) => bits(view.getUint16(at, true) << 16)],
  I64: [8, (view, at) => Number(view.getBigInt64(at, true))], I32: [4, (view, at) => view.getInt32(at, true)], I16: [2, (view, at) => view.getInt16(at, true)], I8: [1, (view, at) => view.getInt8(at)],
  U8: [1, (view, at) => view.getUint8(at)],
};
const numpyTypes = { "<f8": "F64", "<f4": "F32", "<f2": "F16", "<i8": "I64", "<i4": "I32", "<i2": "I16", "|i1": "I8", "|u1": "U8" };

const scratch = new DataView(new ArrayBuffer(4));
function bits(word) { scratch.setInt32(0, word); return scratch.getFloat32(0); }

function half(word) {
  const [sign, exponent, fraction] = [word & 0x8000 ? -1 : 1, (word >> 10) & 31, word & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

export class TensorFileError extends Error {}
function check(isRight, words) { if (!isRight) throw new TensorFileError(words); }

/** One tensor: its last axis is a row's width, all others together count the rows. */
class Tensor {
  #view;
  #start;
  #read;
  #size;
  #isTurned;

  constructor(name, type, shape, view, [start, end], isTurned = false) {
    check(Object.hasOwn(readers, type), `${name}: numbers of type ${type} are not read here; known: ${Object.keys(readers).join(", ")}`);
    check(Array.isArray(shape) && shape.length <= 8 && shape.every((count) => Number.isSafeInteger(count) && count >= 0), `${name}: the shape is no list of at most 8 counts`);
    [this.#size, this.#read] = readers[type];
    const count = shape.reduce((product, one) => product * one, 1);
    check(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end <= view.byteLength && end - start === count * this.#size, `${name}: its numbers would lie outside of the file, or are not as many as its shape says`);
    check(count > 0, `${name} is empty`);
    this.#isTurned = isTurned && shape.length > 1;
    Object.assign(this, { name, shape, width: shape.at(-1) ?? 1, rows: count / (shape.at(-1) ?? 1) });
    this.#view = view;
    this.#start = start;
  }

  /** A row's numbers, as float32. */
  row(index) {
    check(Number.isSafeInteger(index) && index >= 0 && index < this.rows, `${this.name} has rows 0 to ${this.rows - 1}; there is no row ${index}`);
    const made = Float32Array.from({ length: this.width }, (_, column) => this.#read(this.#view, this.#start + this.#size * this.#place(index, column)));
    check(made.every(Number.isFinite), `${this.name}, row ${index}, has numbers that are not finite`);
    return made;
  }

  /** Where a number lies; with the first axis fastest where the file says so. */
  #place(row, column) {
    if (!this.#isTurned) return row * this.width + column;
    let rest = row;
    const at = this.shape.slice(0, -1).reduceRight((indices, count) => { indices.unshift(rest % count); rest = Math.floor(rest / count); return indices; }, [column]);
    return at.reduceRight((place, index, axis) => place * this.shape[axis] + index, 0);
  }
}

/** The tensors of a file, by its bytes. */
export function readTensors(bytes, name) {
  const view = new DataView(bytes);
  const isNumpy = bytes.byteLength >= 6 && new Uint8Array(bytes, 0, 6).every((byte, place) => byte === [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59][place]);
  return isNumpy ? [readNumpy(view, name)] : readSafetensors(view);
}

function text(view, start, length) { return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(view.buffer, start, length)); }

function readSafetensors(view) {
  check(view.byteLength >= 8, "This is no safetensors or npy file: it is too short");
  const length = view.getBigUint64(0, true);
  check(length >= 2n && length <= BigInt(Math.min(headerLimit, view.byteLength - 8)), "This is no safetensors or npy file, or it was cut: its header would be longer than the file");
  let header;
  try { header = JSON.parse(text(view, 8, Number(length))); } catch { check(false, "This is no safetensors file: its header is no JSON"); }
  check(header && typeof header === "object" && !Array.isArray(header), "This is no safetensors file: its header is no object");
  const start = 8 + Number(length);
  const found = Object.entries(header).filter(([name]) => name !== "__metadata__").map(([name, entry]) => {
    check(Array.isArray(entry?.data_offsets) && entry.data_offsets.length === 2, `${name.slice(0, 80)} has no data_offsets`);
    return new Tensor(name, String(entry.dtype), entry.shape, view, entry.data_offsets.map((at) => start + at));
  });
  check(found.length > 0, "The file has no tensors");
  return found;
}

function readNumpy(view, name) {
  check(view.byteLength >= 12, "The npy file was cut within its header");
  const isFirst = view.getUint8(6) === 1;
  const length = isFirst ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = (isFirst ? 10 : 12) + length;
  check(length <= headerLimit && start <= view.byteLength, "The npy file was cut within its header");
  const header = text(view, start - length, length);
  const type = /'descr'\s*:\s*'([^']{1,8})'/.exec(header)?.[1];
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  const isTurned = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  check(type !== undefined && shape !== undefined && isTurned !== undefined, "The npy file's header does not tell descr, fortran_order and shape");
  check(Object.hasOwn(numpyTypes, type), `npy files of ${type} are not read here; known: ${Object.keys(numpyTypes).join(", ")}`);
  return new Tensor(name, numpyTypes[type], shape.split(",").map((one) => one.trim()).filter(Boolean).map(Number), view, [start, view.byteLength], isTurned === "True");
}
