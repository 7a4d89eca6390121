/**
 * A client of NeuroScope for browsers and Node: one module, nothing to install.
 *
 * In order: errors, tensor frames (../../frames.md), recordings (../../recording.md), streams of events (../../events.md), the client with one method a
 * route (../../openapi.json), the WebSocket (../../asyncapi.json). Options are in camelCase; what travels as JSON
 * (messages, hooks, interventions, events) keeps the names of the wire. Types are in neuroscope.d.ts.
 */

// MARK: Errors

/** A refusal of the server, in its own words; the other errors of this module are kinds of it. */
export class NeuroScopeError extends Error {
  constructor(message, {status = 0, code = "", details = {}, requestId = null, cause} = {}) {
    super(message, cause === undefined ? undefined : {cause});
    this.name = new.target.name;
    Object.assign(this, {status, code, details, requestId});
  }

  /** Reads the error object of REST, of a stream's `error` line, or of a socket's reply. */
  static from(body, status = 0) {
    const inner = typeof body?.error === "object" && body.error ? body.error : body;
    const message = inner?.message ?? inner?.error ?? `The server answered ${status}`;
    const {code, details} = inner ?? {};
    return new this(message, {status: inner?.status ?? status, code, details, requestId: body?.request_id ?? null});
  }
}

/** The server could not be reached, or the connection broke and could not be taken up again. */
export class ConnectionLostError extends NeuroScopeError {
  constructor(message, cause) {
    super(message, {code: "connection_lost", cause});
  }
}

/** A run ended by a fault of its own, after its stream had begun. */
export class RunFailedError extends NeuroScopeError {}

/** Bytes that are not a tensor frame; `code` says why, by the names of ../../vectors. */
export class FrameError extends NeuroScopeError {
  constructor(code, details = {}) {
    super(`Not a tensor frame: ${code} ${JSON.stringify(details, (_, v) => typeof v === "bigint" ? `${v}` : v)}`, {
      code, details,
    });
  }
}

// MARK: Tensor frames

// generated: lists, from event.json and interface.json
const EVENT_TYPES = [
  "run.started", "prompt.progress", "token", "text", "activation", "analysis", "hooks.changed",
  "intervention.applied", "intervention.removed", "watches.changed", "watch.fired", "run.paused", "run.resumed",
  "run.rewound", "run.forked", "run.expiring", "recording.stopped", "job.started", "analysis.progress",
  "analysis.rows", "analysis.result", "gap", "run.finished", "error",
];
const ELEMENT_TYPES = [
  "f32", "f16", "bf16", "i8", "u32",
];
const CODECS = [
  "raw", "deflate", "planes",
];
const COMPONENTS = [
  null, "residual", "attention", "mlp", "moe", "expert", "embedding", "layernorm", "query", "key", "value",
  "attention_scores", "attention_pattern", "final_norm", "logits", "router_logits", "router_experts",
  "router_weights", "attention_sink",
];
// end of generated

const WIDTHS = {f32: 4, f16: 2, bf16: 2, i8: 1, u32: 4};
const FIXED_HEADER = 64;
const BLOCK = 32;
const PACKED = 0x80000000;

/** Bytes that one tensor may take unless a reader says otherwise. */
export const TENSOR_LIMIT = 256 * 1024 * 1024;
const FRAME_HEADER = 64;

const CRC_TABLE = Uint32Array.from({length: 256}, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

/** The CRC-32 of zlib; pass a first part's result to go on with a second part. */
export function crc32(bytes, before = 0) {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** One tensor as it came: what its header says, and its bytes, which are checked except for the packed numbers. */
export class Frame {
  constructor(facts) {
    Object.assign(this, facts);
  }

  get isInput() { return (this.flags & 1) !== 0; }
  get isLastOfPass() { return (this.flags & 2) !== 0; }
  get hasListedPositions() { return (this.flags & 4) !== 0; }
  get isChanged() { return (this.flags & 8) !== 0; }

  /** The numbers, row by row: a Uint32Array of u32, a Float32Array of all others. */
  async values() {
    return numbersOf(await unpack(this), this.elementType, this.shape);
  }
}

/** The frame that begins at a byte; all of it is checked but the packed numbers. More bytes may follow. */
export function readFrame(bytes, start = 0, limit = TENSOR_LIMIT) {
  const data = asBytes(bytes).subarray(start);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let i = 0; i < Math.min(4, data.length); i++) {
    if (data[i] !== "NSTF".charCodeAt(i)) throw new FrameError("magic");
  }
  need(data, FIXED_HEADER);
  const version = view.getUint8(4);
  if (version !== 1) throw new FrameError("version", {found: version});
  const rank = view.getUint8(62);
  if (rank > 16) throw new FrameError("field", {field: "rank", found: rank});
  const headerLength = view.getUint16(6, true);
  if (headerLength < roundUp(FIXED_HEADER + 4 * rank) || headerLength % 8 || headerLength > 4096) {
    throw new FrameError("headerLength", {found: headerLength});
  }
  const elementType = named(ELEMENT_TYPES, "elementType", view.getUint8(8));
  const codec = named(CODECS, "codec", view.getUint8(9));
  const layer = view.getInt32(36, true);
  if (layer < -1) throw new FrameError("field", {field: "layer", found: layer});
  if (data[63] !== 0) throw new FrameError("field", {field: "reserved", found: data[63]});
  need(data, headerLength);
  const shape = Array.from({length: rank}, (_, i) => view.getUint32(FIXED_HEADER + 4 * i, true));
  const rawLength = checkedRawLength(elementType, shape, view.getBigUint64(40, true), limit);
  const payloadLength = checkedPayloadLength(elementType, codec, rawLength, view.getBigUint64(48, true));
  const length = headerLength + roundUp(payloadLength);
  need(data, length);
  const whole = data.subarray(0, length);
  const stored = view.getUint32(56, true);
  const computed = crc32(whole.subarray(60), crc32(whole.subarray(0, 56)));
  if (stored !== computed) throw new FrameError("checksum", {stored, computed});
  if (whole.subarray(headerLength + payloadLength).some((byte) => byte !== 0)) {
    throw new FrameError("field", {field: "padding"});
  }
  return new Frame({
    bytes: whole, payload: whole.subarray(headerLength, headerLength + payloadLength), shape, elementType, codec,
    rawLength, kind: data[5], flags: view.getUint16(10, true), step: view.getUint32(12, true),
    sequence: view.getBigUint64(16, true), firstPosition: view.getUint32(24, true),
    positionStride: view.getUint32(28, true), hookIndex: view.getUint32(32, true), layer: layer < 0 ? null : layer,
    component: COMPONENTS[view.getUint16(60, true)] ?? null,
  });
}

/** The frames that follow each other in some bytes, to their end. */
export function splitFrames(bytes, limit = TENSOR_LIMIT) {
  const data = asBytes(bytes);
  const frames = [];
  for (let start = 0; start < data.length; start += frames.at(-1).bytes.length) {
    frames.push(readFrame(data, start, limit));
  }
  return frames;
}

/** Reads frames from pieces of bytes, however they are cut. */
export class FrameReader {
  #pieces = [];
  #length = 0;
  #wanted = FRAME_HEADER;
  #limit;

  constructor(limit = TENSOR_LIMIT) { this.#limit = limit; }

  /** Whether a frame has begun that is not complete. */
  get isWithin() { return this.#length > 0; }

  /** The frames that a piece completes. */
  feed(bytes) {
    const piece = asBytes(bytes);
    this.#pieces.push(piece);
    this.#length += piece.length;
    const frames = [];
    while (this.#length >= this.#wanted) {
      const data = this.#joined();
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const payload = view.getBigUint64(48, true);
      const isFrame = view.getUint32(0) === 0x4e535446 && payload <= BigInt(this.#limit) + 16n;
      // What can't be a frame is refused before more of it is kept.
      if (!isFrame) readFrame(data.subarray(0, FRAME_HEADER), 0, this.#limit);
      this.#wanted = (view.getUint16(6, true) + Number(payload) + 7) & ~7;
      if (data.length < this.#wanted) break;
      frames.push(readFrame(data, 0, this.#limit));
      this.#keep(data.subarray(this.#wanted));
    }
    return frames;
  }

  #joined() {
    if (this.#pieces.length > 1) {
      const all = new Uint8Array(this.#length);
      let start = 0;
      for (const piece of this.#pieces) { all.set(piece, start); start += piece.length; }
      this.#pieces = [all];
    }
    return this.#pieces[0];
  }

  #keep(rest) {
    this.#pieces = rest.length ? [rest] : [];
    this.#length = rest.length;
    this.#wanted = FRAME_HEADER;
  }
}

/** Exactly one frame. */
export function decodeFrame(bytes, limit = TENSOR_LIMIT) {
  const frame = readFrame(bytes, 0, limit);
  const rest = asBytes(bytes).length - frame.bytes.length;
  if (rest) throw new FrameError("trailingBytes", {count: rest});
  return frame;
}

function asBytes(bytes) {
  if (bytes instanceof Uint8Array) return bytes;
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
}

function need(data, length) {
  if (data.length < length) throw new FrameError("truncated", {expected: length, found: data.length});
}

function named(names, field, number) {
  const name = names[number];
  if (name === undefined) throw new FrameError("field", {field, found: number});
  return name;
}

const roundUp = (length) => Math.ceil(length / 8) * 8;

/** Bytes of the scales of i8: one f32 for each 32 numbers of a row. */
const scaleBytes = (shape) =>
  4 * shape.slice(0, -1).reduce((product, n) => product * n, 1) * Math.ceil((shape.at(-1) ?? 1) / BLOCK);

/** Counted in integers of any size, so that no shape overflows; nothing is allocated before the limit is checked. */
function checkedRawLength(elementType, shape, found, limit) {
  const product = (list) => list.reduce((all, n) => all * BigInt(n), 1n);
  let expected = product(shape) * BigInt(WIDTHS[elementType]);
  if (elementType === "i8") expected += 4n * product([...shape.slice(0, -1), Math.ceil((shape.at(-1) ?? 1) / BLOCK)]);
  if (expected >= 1n << 63n) throw new FrameError("shape", {shape});
  if (found !== expected) throw new FrameError("rawLength", {expected, found});
  if (expected > BigInt(limit)) throw new FrameError("limit", {bytes: expected, allowed: limit});
  return Number(expected);
}

function checkedPayloadLength(elementType, codec, rawLength, found) {
  const table = codec === "planes" ? 4 * planeCount(elementType) : 0;
  const possible = codec === "raw"
    ? found === BigInt(rawLength) : found >= BigInt(table) && found <= BigInt(rawLength + table);
  if (!possible) throw new FrameError("payloadLength", {found});
  return Number(found);
}

const planeCount = (elementType) => elementType === "i8" ? 2 : WIDTHS[elementType];

/** The numbers' bytes before packing. */
async function unpack({payload, codec, elementType, shape, rawLength}) {
  if (codec === "raw") return payload;
  if (codec === "deflate") return inflate(payload, rawLength, 0);
  const planes = await unpackPlanes(payload, planeLengths(elementType, shape, rawLength));
  const raw = new Uint8Array(rawLength);
  if (elementType === "i8") {
    raw.set(planes[0]);
    raw.set(planes[1], planes[0].length);
  } else {
    planes.forEach((plane, place) => {
      for (let i = 0; i < plane.length; i++) raw[i * planes.length + place] = plane[i];
    });
  }
  return raw;
}

function planeLengths(elementType, shape, rawLength) {
  const count = planeCount(elementType);
  if (elementType !== "i8") return Array(count).fill(rawLength / count);
  const scales = Math.min(rawLength, scaleBytes(shape));
  return [scales, rawLength - scales];
}

function unpackPlanes(payload, lengths) {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let offset = 4 * lengths.length;
  const parts = lengths.map((length, index) => {
    const entry = view.getUint32(4 * index, true);
    const isPacked = entry >= PACKED;
    const stored = isPacked ? entry - PACKED : entry;
    if (stored > payload.length - offset || (!isPacked && stored !== length)) throw new FrameError("plane", {index});
    offset += stored;
    const part = payload.subarray(offset - stored, offset);
    return () => isPacked ? inflate(part, length, index) : part;
  });
  if (offset !== payload.length) throw new FrameError("payloadLength", {found: payload.length});
  return Promise.all(parts.map((expand) => expand()));
}

/** Expands one zlib stream to exactly a length; stops as soon as there is more. */
async function inflate(packed, length, index) {
  const out = new Uint8Array(length);
  let filled = 0;
  const stream = new DecompressionStream("deflate");
  const reader = stream.readable.getReader();
  try {
    // What is wrong with the bytes is told by the reading side too.
    const writer = stream.writable.getWriter();
    writer.write(packed).catch(() => {});
    writer.close().catch(() => {});
    for (;;) {
      const {done, value} = await reader.read();
      if (done) break;
      if (filled + value.length > length) {
        await reader.cancel();
        throw new FrameError("plane", {index});
      }
      out.set(value, filled);
      filled += value.length;
    }
  } catch (error) {
    throw error instanceof FrameError ? error : new FrameError("plane", {index});
  }
  if (filled !== length) throw new FrameError("plane", {index});
  return out;
}

/** Little-endian bytes of an element type as a typed array; a view without a copy where the bytes lie right for it. */
function numbersOf(raw, elementType, shape) {
  const words = (type, width) => raw.byteOffset % width
    ? new type(raw.slice().buffer) : new type(raw.buffer, raw.byteOffset, raw.length / width);
  switch (elementType) {
    case "f32": return words(Float32Array, 4);
    case "u32": return words(Uint32Array, 4);
    case "bf16": return fromBits(words(Uint16Array, 2), (bits) => bits << 16);
    case "f16": return fromBits(words(Uint16Array, 2), singleOfHalf);
    default: return fromBlocks(raw, shape);
  }
}

function fromBits(halves, widen) {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) bits[i] = widen(halves[i]);
  return new Float32Array(bits.buffer);
}

/** The bits of the single that equals a half: infinities and NaN keep theirs, subnormals become normal. */
function singleOfHalf(half) {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (!fraction) return sign;
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

function fromBlocks(raw, shape) {
  const row = shape.at(-1) ?? 1;
  const scaleLength = Math.min(raw.length, scaleBytes(shape));
  const scales = new Float32Array(raw.slice(0, scaleLength).buffer);
  const bytes = new Int8Array(raw.buffer, raw.byteOffset + scaleLength, raw.length - scaleLength);
  const perRow = Math.ceil(row / BLOCK);
  return Float32Array.from(bytes, (byte, i) => {
    const scale = scales[Math.floor(i / row) * perRow + Math.floor((i % row) / BLOCK)];
    return byte === -128 ? NaN : scale * byte;
  });
}

function bytesOfBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// MARK: Recordings

const RECORDING_MAGIC = [0x89, 0x4e, 0x53, 0x52, 0x0d, 0x0a, 0x1a, 0x0a];
const RECORDS = {1: "metadata", 2: "request", 3: "event", 4: "frame", 5: "change", 6: "index"};
const RECORD_HEAD = 24;

/** Bytes that are not a recording; `code` says why. */
export class RecordingError extends NeuroScopeError {
  constructor(code, message) {
    super(message, {code});
  }
}

/**
 * A recorded run (../../recording.md) from the bytes of its file, read through from the front: no server is needed. A file that was cut
 * or damaged is read up to its last whole record, and `stopped` says why: `truncated`, `head` or `checksum`.
 */
export class RecordingFile {
  #bytes;
  #view;
  /** Records as `{type, start, length, microseconds}`. */
  records = [];
  stopped = null;
  /** Whether the run was recorded to its end. */
  isComplete = false;

  constructor(bytes) {
    this.#bytes = asBytes(bytes);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    this.#readHeader();
    let next = 32;
    while (next < this.#bytes.length && !this.isComplete) next = this.#readRecord(next) ?? this.#bytes.length;
    if (this.records[0]?.type !== "metadata") throw new RecordingError("metadata", "The recording does not begin with what it is of");
    this.metadata = this.json(this.records[0]);
  }

  #readHeader() {
    const bytes = this.#bytes;
    if (bytes.length < 32 || RECORDING_MAGIC.some((byte, place) => bytes[place] !== byte)) throw new RecordingError("magic", "This file is not a recording");
    if (this.#view.getUint16(8, true) !== 1) throw new RecordingError("version", "The recording's version is not known here");
    if (this.#view.getUint32(28, true) !== crc32(bytes.subarray(0, 28))) throw new RecordingError("checksum", "The recording's header is damaged");
  }

  /** Where the next record begins; null where no whole one does. */
  #readRecord(start) {
    const room = this.#bytes.length - start;
    if (room < RECORD_HEAD) return this.#stop("truncated");
    const type = RECORDS[this.#bytes[start]];
    const payload = this.#view.getBigUint64(start + 8, true);
    if (!type || this.#bytes.subarray(start + 1, start + 4).some(Boolean) || payload > 1n << 40n) return this.#stop("head");
    const whole = RECORD_HEAD + roundUp(Number(payload));
    if (whole > room) return this.#stop("truncated");
    const bytes = this.#bytes.subarray(start, start + whole);
    const found = crc32(bytes.subarray(8), crc32(bytes.subarray(0, 4)));
    if (found !== this.#view.getUint32(start + 4, true)) return this.#stop("checksum");
    if (type === "index") this.isComplete = true;
    else this.records.push({type, start: start + RECORD_HEAD, length: Number(payload), microseconds: Number(this.#view.getBigUint64(start + 16, true))});
    return start + whole;
  }

  #stop(reason) {
    this.stopped = reason;
    return null;
  }

  /** The payload of a record. */
  bytes({start, length}) { return this.#bytes.subarray(start, start + length); }

  json(record) { return JSON.parse(new TextDecoder().decode(this.bytes(record))); }

  /**
   * The events as viewers got them, `activation` with `frame` and `data`, each with the `microseconds` when it was sent. Where the rows
   * of a tensor are not evenly spaced, the file does not say which positions they are: such an event has no `positions`.
   */
  async *events() {
    let hooks = [];
    for (const record of this.records) {
      const {microseconds} = record;
      if (record.type === "event") {
        const event = this.json(record);
        hooks = event.hooks ?? hooks;
        yield {...event, microseconds};
      } else if (record.type === "frame") {
        const frame = decodeFrame(this.bytes(record));
        const hook = hooks.find(({index}) => index === frame.hookIndex);
        yield {...this.#activation(frame, hook), frame, data: await frame.values(), microseconds};
      }
    }
  }

  #activation(frame, hook = {}) {
    const {shape, step, firstPosition: first, positionStride: stride} = frame;
    const rows = shape[shape.length === 4 ? 2 : 1] ?? 1;
    return {
      type: "activation", run_id: this.metadata.run_id, seq: Number(frame.sequence), step, hook_index: frame.hookIndex,
      hook_id: hook.hook_id, layer_name: hook.layer_name, component: hook.component ?? frame.component, is_input: frame.isInput, shape,
      dtype: frame.elementType, ...(!frame.hasListedPositions && {positions: [first, first + Math.max(stride, 1) * (rows - 1) + 1]}),
    };
  }
}

// MARK: Streams of events

/** Reads server-sent events from pieces of text, however they are cut. */
export class EventParser {
  #pieces = [];
  #fields = {data: [], type: ""};
  #endedWithReturn = false;
  #lastId;

  /** Reads a stream that was taken up again behind an event. */
  constructor(lastId = "") {
    this.#lastId = lastId;
  }

  /** The events that a piece completes, as `{type, id, data}`. */
  push(text) {
    if (this.#endedWithReturn && text.startsWith("\n")) text = text.slice(1);
    this.#endedWithReturn = text.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    this.#pieces.push(lines[0]);
    const events = [];
    for (let i = 1; i < lines.length; i++) {
      this.#line(this.#pieces.join(""), events);
      this.#pieces = [lines[i]];
    }
    return events;
  }

  #line(line, events) {
    if (line === "") {
      const {data, type} = this.#fields;
      if (data.length) events.push({type: type || "message", id: this.#lastId, data: data.join("\n")});
      this.#fields = {data: [], type: ""};
      return;
    }
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (name === "data") this.#fields.data.push(value);
    else if (name === "event") this.#fields.type = value;
    else if (name === "id" && !value.includes("\0")) this.#lastId = value;
  }
}

async function* serverSentEvents(response, lastId) {
  const parser = new EventParser(lastId);
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  try {
    for (;;) {
      const {done, value} = await reader.read().catch((error) => { throw asConnectionLost(error); });
      if (done) return;
      yield* parser.push(decoder.decode(value, {stream: true}));
    }
  } finally {
    // A viewer that leaves early closes the connection, which is how the server knows.
    await reader.cancel().catch(() => {});
  }
}

/** Gives an `activation` event its `frame`, checked, and its `data`, a typed array. */
async function withTensor(event, frame = event.frame) {
  if (typeof frame === "string") frame = decodeFrame(bytesOfBase64(frame));
  return frame ? {...event, frame, data: await frame.values()} : event;
}

/** An event, or what is thrown in its place: an error that is the run's end, not that of one tensor. */
function raised(event) {
  if (event.type === "error" && !event.error?.hook_id) throw RunFailedError.from(event);
  return event;
}

/** What waits for a reader that iterates over it. */
class Queue {
  #items = [];
  #wake = null;
  #end = null;

  push(item) {
    if (this.#end) return;
    this.#items.push(item);
    this.#wake?.();
  }

  /** No more comes. A lost connection is told behind all that came before it, any other error at once. */
  close(error) {
    if (error && !(error instanceof ConnectionLostError)) this.#items = [];
    this.#end ??= {error};
    this.#wake?.();
  }

  get isClosed() { return this.#end !== null; }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      if (this.#items.length) yield this.#items.shift();
      else if (this.#end?.error) throw this.#end.error;
      else if (this.#end) return;
      else await new Promise((resolve) => { this.#wake = resolve; });
    }
  }
}

/** How often and after which pause a broken connection is tried again. */
class Patience {
  #tries = 0;

  constructor(retries, signal) {
    Object.assign(this, {retries, signal});
  }

  /** Something arrived: it is worth the whole patience again. */
  renew() { this.#tries = 0; }

  /** Waits before the next try, longer each time; throws when there have been enough. */
  async wait(cause) {
    this.signal?.throwIfAborted();
    if (this.#tries >= this.retries) {
      throw cause instanceof ConnectionLostError
        ? cause : new ConnectionLostError("The connection broke and could not be taken up again", cause);
    }
    const milliseconds = Math.min(100 * 2 ** this.#tries++, 5000);
    await new Promise((resolve) => {
      const timer = setTimeout(done, milliseconds);
      const {signal} = this;
      function done() {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      }
      signal?.addEventListener("abort", done);
    });
    this.signal?.throwIfAborted();
  }
}

// MARK: The client

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Options as the wire names them; those that are the client's own business are left out. */
function body(options, ...more) {
  const entries = [options ?? {}, ...more].flatMap((part) => Object.entries(part));
  return Object.fromEntries(
    entries.filter(([name, value]) => name !== "signal" && value !== undefined)
      .map(([name, value]) => [snakeCase(name), value]));
}

/** Gives the activations of an answer or chunk their numbers as typed arrays. */
function withTypedActivations(answer) {
  for (const list of Object.values(answer.activations ?? {})) {
    for (const activation of list) {
      if (typeof activation.data !== "string") continue;
      const type = {
        float32: "f32", float16: "f16", bfloat16: "bf16", int8_blocks: "i8", uint32: "u32",
      }[activation.dtype];
      activation.data = numbersOf(bytesOfBase64(activation.data), type, activation.shape);
    }
  }
  return answer;
}

/** The chunks of a completion as they come; leaving the loop early ends the run. */
export class CompletionStream {
  #response;

  constructor(response) {
    this.#response = response;
    /** The run behind the answer, which other viewers can join. */
    this.runId = response.headers.get("X-NeuroScope-Run");
  }

  async *[Symbol.asyncIterator]() {
    for await (const {data} of serverSentEvents(this.#response)) {
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw RunFailedError.from(chunk);
      yield withTypedActivations(chunk);
    }
    throw new ConnectionLostError("The stream ended before its end mark");
  }
}

/** What fetch throws for a lost connection, as an error of ours; everything else as it is. */
/** One prompt or several, as the server takes them. */
function asTexts(prompts) {
  return typeof prompts === "string" || typeof prompts[0] === "number" ? [prompts] : [...prompts];
}

function asContrasts(prompts) {
  return asTexts(prompts).map((one) => typeof one === "string" ? one : {tokens: [...one]});
}

function asConnectionLost(error) {
  return error instanceof TypeError ? new ConnectionLostError(`The connection failed: ${error.message}`, error) : error;
}

/** A server's routes as methods. */
export class NeuroScopeClient {
  #options;

  constructor(baseUrl = "http://127.0.0.1:8080", options = {}) {
    this.baseUrl = baseUrl.replace(/\/+$/, "");
    this.#options = options;
  }

  // generated: routes, from operations/
  /** Whether the server is up, and which models it holds. */
  healthCheck() { return this.#json("GET", "/health"); }
  /** Whether the process answers at all. */
  live() { return this.#json("GET", "/livez"); }
  /** Whether work should be sent here. */
  ready() { return this.#json("GET", "/readyz"); }
  /** What this server can capture, reduce, change and send. */
  capabilities() { return this.#json("GET", "/v1/capabilities"); }
  /** Loaded models. */
  listModels() { return this.#json("GET", "/v1/models"); }
  /** What the allowed directories hold. */
  availableModels() { return this.#json("GET", "/v1/models/available"); }
  /** Loads a checkpoint and makes it current; an id in use is replaced. */
  loadModel(path, modelId, options) {
    return this.#json("POST", "/v1/models/load", body(options, {model_path: path, model_id: modelId}), options);
  }
  /** Takes a model off the list; runs in progress end in peace. */
  unloadModel(modelId) { return this.#json("POST", "/v1/models/unload", body({model_id: modelId})); }
  /** The facts of one loaded model. */
  describeModel(id) { return this.#json("GET", `/v1/models/${encodeURIComponent(id)}`); }
  /** Which of the known kinds each head is, with the scores and the tests that say so. */
  nameHeads(id) { return this.#json("GET", `/v1/models/${encodeURIComponent(id)}/heads`); }
  /** Every point that can be captured or changed, with axes, shape, dtype and names. */
  hookPoints(id) { return this.#json("GET", `/v1/models/${encodeURIComponent(id)}/hook_points`); }
  /** A vector of each text: the mean of its residual stream, or the stream at its last token. */
  embed(request) { return this.#json("POST", "/v1/embeddings", body(request), request); }
  /** An answer in the shape of OpenAI's Responses API, whole or as its events. */
  respond(request) { return this.#json("POST", "/v1/responses", body(request), request); }
  /** How likely texts are behind a prompt, token by token. */
  score(request) { return this.#json("POST", "/v1/score", body(request), request); }
  /** Registered hooks, which apply only to requests that ask for them. */
  listHooks(model) { return this.#json("GET", "/v1/activations/hooks", undefined, {query: {model}}); }
  /** Registers all hooks of a list, or none where one is wrong. */
  registerHooks(hooks, model) { return this.#json("POST", "/v1/activations/hooks", body({hooks, model})); }
  /** Forgets the registered hooks of a model, or of all. */
  clearHooks(model) { return this.#json("DELETE", "/v1/activations/hooks", undefined, {query: {model}}); }
  /** What the model's chat format makes of messages. */
  applyTemplate(messages, options) {
    return this.#json("POST", "/v1/apply_template", body(options, {messages}), options);
  }
  /** Tokens to text. */
  detokenize(tokens, options) { return this.#json("POST", "/v1/detokenize", body(options, {tokens}), options); }
  /** Text to tokens. */
  tokenize(text, options) { return this.#json("POST", "/v1/tokenize", body(options, {text}), options); }
  /** Unfinished runs and the last finished ones, the newest first; of long ones the first 16 hooks and
   * interventions and 4,000 bytes of text. */
  listRuns() { return this.#json("GET", "/v1/runs"); }
  /** Begins a run that any number of viewers can watch. */
  startRun(request) { return this.#json("POST", "/v1/runs", body(request), request); }
  /** The run as it is now. */
  describeRun(id) { return this.#json("GET", `/v1/runs/${encodeURIComponent(id)}`); }
  /** Ends a run, or forgets one that is over. */
  cancelRun(id) { return this.#json("DELETE", `/v1/runs/${encodeURIComponent(id)}`); }
  /** Tensor frames one behind the other, from the server's memory and the run's recording. */
  async frames(id, {hook, from, to, signal} = {}) {
    return splitFrames(await bytesOf(await this.request("GET", `/v1/runs/${encodeURIComponent(id)}/frames`, {query: {hook, from, to}, signal})));
  }
  /** Lets other keys watch a run, or its own alone. */
  shareRun(id, shared) { return this.#json("POST", `/v1/runs/${encodeURIComponent(id)}/share`, body({shared})); }
  /** A second run that goes on from here; what the body names replaces the first one's. */
  fork(id, request) { return this.#json("POST", `/v1/runs/${encodeURIComponent(id)}/fork`, body(request), request); }
  /** Adds hooks to a run, or takes them off, from the next step on. */
  changeHooks(id, request) {
    return this.#json("POST", `/v1/runs/${encodeURIComponent(id)}/hooks`, body(request), request);
  }
  /** Changes the forward pass from the next step on; replaces one of the same id. */
  intervene(id, request) {
    return this.#json("POST", `/v1/runs/${encodeURIComponent(id)}/interventions`, body(request));
  }
  /** Takes all interventions off. */
  clearInterventions(id) { return this.#json("DELETE", `/v1/runs/${encodeURIComponent(id)}/interventions`); }
  /** Takes one intervention off. */
  removeIntervention(id, intervention) {
    return this.#json("DELETE", `/v1/runs/${encodeURIComponent(id)}/interventions/${encodeURIComponent(intervention)}`);
  }
  /** Stops before the next step; a replay, before its next event. */
  pause(id) { return this.#json("POST", `/v1/runs/${encodeURIComponent(id)}/pause`); }
  /** Goes on after a pause. */
  resume(id) { return this.#json("POST", `/v1/runs/${encodeURIComponent(id)}/resume`); }
  /** Takes back what came after a step, and pauses. A replay can't; its recording can be played again from any
   * event. */
  rewind(id, toStep) {
    return this.#json("POST", `/v1/runs/${encodeURIComponent(id)}/rewind`, body({to_step: toStep}));
  }
  /** The run as it is now, with the newest tensor of each hook that it still holds. */
  snapshot(id, tensors) {
    return this.#json("GET", `/v1/runs/${encodeURIComponent(id)}/snapshot`, undefined, {query: {tensors}});
  }
  /** Computes (or plays) some passes of a paused run, then pauses again. */
  step(id, count) { return this.#json("POST", `/v1/runs/${encodeURIComponent(id)}/step`, body({count})); }
  /** Adds watchpoints to a run, or takes them off, from the next step on. */
  changeWatches(id, request) {
    return this.#json("POST", `/v1/runs/${encodeURIComponent(id)}/watch`, body(request), request);
  }
  /** What a model expects behind a prompt with places of the pass changed, and without. */
  patchActivations(request) { return this.#json("POST", "/v1/activations/patch", body(request), request); }
  /** The analyses there are, their parameters and where they are described. */
  listAnalyses() { return this.#json("GET", "/v1/analyses"); }
  /** Measures a logit difference while one place of the model after the other is changed. */
  analyse(request) { return this.#json("POST", "/v1/analyses", body(request), request); }
  /** Measures what of a logit difference goes from some parts of the model to others. */
  analysePaths(request) { return this.#json("POST", "/v1/analyses", body(request), request); }
  /** Begins such a measurement as a run of its own; `detach` has to be true. */
  startAnalysis(request) { return this.#json("POST", "/v1/analyses", body(request), request); }
  /** Begins a measurement of paths as a run of its own; `detach` has to be true. */
  startPaths(request) { return this.#json("POST", "/v1/analyses", body(request), request); }
  /** Finds what heads do by their weights alone, and which read what others write. */
  analyseWeights(request) { return this.#json("POST", "/v1/analyses", body(request), request); }
  /** Begins that as a run of its own; `detach` has to be true. */
  startWeights(request) { return this.#json("POST", "/v1/analyses", body(request), request); }
  /** What each head attends to in a prompt, and what kind of head that makes it. */
  analyzeAttention(request) { return this.#json("POST", "/v1/analyze/attention", body(request), request); }
  /** Which places of a model matter for what comes behind a prompt. */
  discoverCircuits(request) { return this.#json("POST", "/v1/circuits/discover", body(request), request); }
  /** The attribution graphs that are kept, the newest use first. */
  listGraphs() { return this.#json("GET", "/v1/graphs"); }
  /** An attribution graph, as Neuronpedia and circuit-tracer read it. */
  describeGraph(slug) { return this.#json("GET", `/v1/graphs/${encodeURIComponent(slug)}`); }
  /** Forgets an attribution graph. */
  deleteGraph(slug) { return this.#json("DELETE", `/v1/graphs/${encodeURIComponent(slug)}`); }
  /** Lets other keys read an attribution graph, or its own alone. */
  shareGraph(slug, shared) {
    return this.#json("POST", `/v1/graphs/${encodeURIComponent(slug)}/share`, body({shared}));
  }
  /** Checks an attribution graph by cutting what is outside of its circuit, and the circuit itself. */
  verifyGraph(slug, request) {
    return this.#json("POST", `/v1/graphs/${encodeURIComponent(slug)}/verify`, body(request), request);
  }
  /** Harvests that are kept in files. */
  listHarvests() { return this.#json("GET", "/v1/harvests"); }
  /** How a kept harvest stands. */
  describeHarvest(id) { return this.#json("GET", `/v1/harvests/${encodeURIComponent(id)}`); }
  /** Ends a harvest that is being written, or removes one that is not. */
  deleteHarvest(id) { return this.#json("DELETE", `/v1/harvests/${encodeURIComponent(id)}`); }
  /** A file of a kept harvest. */
  async harvestFile(id, file) {
    return await bytesOf(await this.request("GET", `/v1/harvests/${encodeURIComponent(id)}/files/${encodeURIComponent(file)}`));
  }
  /** Lets other keys see a kept harvest, or its own alone. */
  shareHarvest(id, shared) {
    return this.#json("POST", `/v1/harvests/${encodeURIComponent(id)}/share`, body({shared}));
  }
  /** Recorded runs. */
  listRecordings() { return this.#json("GET", "/v1/recordings"); }
  /** What a recording says of itself. */
  describeRecording(id) { return this.#json("GET", `/v1/recordings/${encodeURIComponent(id)}`); }
  /** Removes a recording. */
  deleteRecording(id) { return this.#json("DELETE", `/v1/recordings/${encodeURIComponent(id)}`); }
  /** The tensors as safetensors or NPZ. */
  async exportRecording(id, format, dtype) {
    return await bytesOf(await this.request("GET", `/v1/recordings/${encodeURIComponent(id)}/export`, {query: {format, dtype}}));
  }
  /** The file, as recording.md draws it. */
  async recordingFile(id) {
    return await bytesOf(await this.request("GET", `/v1/recordings/${encodeURIComponent(id)}/file`));
  }
  /** Plays a recording as a run, byte for byte, without a model. */
  replayRecording(id, options) {
    return this.#json("POST", `/v1/recordings/${encodeURIComponent(id)}/replay`, body(options), options);
  }
  /** Lets other keys see a recording, or its own alone. */
  shareRecording(id, shared) {
    return this.#json("POST", `/v1/recordings/${encodeURIComponent(id)}/share`, body({shared}));
  }
  /** Executes the recorded run again, with every change it saw, and reports the first difference. */
  verifyRecording(id) { return this.#json("POST", `/v1/recordings/${encodeURIComponent(id)}/verify`); }
  /** The documented scenarios and hook configurations. */
  listScenarios() { return this.#json("GET", "/v1/scenarios"); }
  /** Begins a scenario as a run; the body replaces members of it. */
  runScenario(name, request) {
    return this.#json("POST", `/v1/scenarios/${encodeURIComponent(name)}/run`, body(request), request);
  }
  /** Reads the file of keys and the TLS certificate again; a file that is wrong changes nothing of either. */
  reloadKeys() { return this.#json("POST", "/v1/keys/reload"); }
  /** A ticket that opens one GET on behalf of the caller's key, as `?ticket=…`. */
  makeTicket() { return this.#json("POST", "/v1/tickets"); }
  /** This document as JSON. */
  openApi() { return this.#json("GET", "/v1/openapi.json"); }
  // end of generated

  // Completions

  chat(messages, options) {
    return this.#completion("/v1/chat/completions", body(options, {messages}), options);
  }

  complete(prompt, options) {
    return this.#completion("/v1/completions", body(options, {prompt}), options);
  }

  generateWithActivations(messages, hooks, options) {
    const request = body({encoding: "base64"}, options ?? {}, {messages, activation_hooks: hooks});
    return this.#completion("/v1/chat/completions/with_activations", request, options);
  }

  async #completion(path, request, options) {
    const response = await this.request("POST", path, {body: request, signal: options?.signal});
    if (request.stream) return new CompletionStream(response);
    return withTypedActivations(await read(response));
  }

  /** Attention, mlp and residual of some layers, with ids such as `attention_5`. */
  createCircuitAnalysisHooks(layers = [5, 10, 15, 20]) {
    return layers.flatMap((layer) => ["attention", "mlp", "residual"].map((component) => (
      {layer_name: `transformer.h.${layer}`, component, hook_id: `${component}_${layer}`})));
  }

  // Watching

  /**
   * The events of a run, from the first. A broken connection is taken up again behind the last event that arrived, so
   * nothing is missed or seen twice, as long as the run lives: `detach: true` lets it live without a viewer.
   */
  async *events(id, {tensors = "base64", from, policy, signal = this.#options.signal, retries = 8} = {}) {
    const patience = new Patience(retries, signal);
    let lastId = "";
    for (;;) {
      let lost;
      try {
        const headers = {Accept: "text/event-stream", ...(lastId && {"Last-Event-ID": lastId})};
        const query = {tensors, policy, from: lastId ? undefined : from};
        const response = await this.request("GET", runPath(id, "/events"), {headers, query, signal});
        if (response.status === 204) return;
        for await (const {data, id: arrived} of serverSentEvents(response, lastId)) {
          lastId = arrived;
          patience.renew();
          const event = raised(await withTensor(JSON.parse(data)));
          yield event;
          if (event.type === "run.finished") return;
        }
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;
        lost = error;
      }
      await patience.wait(lost);
    }
  }

  /**
   * Begins a run and gives its events, over cuts of the connection too; leaving the loop or the signal cancels it. The run
   * waits for its reader, so nothing is dropped, unless another policy is asked for.
   */
  async *streamRun(request, options = {}) {
    options.signal?.throwIfAborted();
    const run = await this.startRun({detach: true, ...request});
    let isOver = false;
    try {
      for await (const event of this.events(run.run_id, {policy: "lossless", ...options})) {
        isOver = event.type === "run.finished";
        yield event;
      }
    } finally {
      // Told without the signal, which may be why this ends.
      if (!isOver) await this.#fetch("DELETE", runPath(run.run_id), {signal: null}).catch(() => {});
    }
  }

  /**
   * An analysis of many passes as it goes on: `analysis.progress` and `analysis.rows`, at last `analysis.result`. Leaving the loop or
   * the signal ends the work on the server.
   */
  async *analysisEvents(request, {signal = this.#options.signal} = {}) {
    const response = await this.request("POST", "/v1/analyses", {body: body(request, {stream: true}), signal});
    for await (const {data} of serverSentEvents(response)) {
      const event = JSON.parse(data);
      if (event.type === "error") throw RunFailedError.from(event);
      if (event.type.startsWith("analysis.")) yield event;
      if (event.type === "analysis.result") return;
    }
    throw new ConnectionLostError("The analysis ended before its result");
  }

  /**
   * What made a token (../../circuits.md): an attribution graph of a prompt, messages, tokens, or a run's step, found, kept on the server and
   * read. `progress` is given the events on the way.
   */
  async graph(request, {progress, signal} = {}) {
    let slug;
    for await (const event of this.analysisEvents({analysis: "attribution_graph", ...request}, {signal})) {
      if (event.type === "analysis.result") slug = event.slug;
      else progress?.(event);
    }
    return read(await this.request("GET", `/v1/graphs/${encodeURIComponent(slug)}`, {signal}));
  }

  /** The information flow (../../circuits.md) into what comes next behind a prompt: a text, or tokens. */
  async flow(prompt, {model, signal, ...parameters} = {}) {
    const begun = typeof prompt === "string" ? {prompt} : {tokens: [...prompt]};
    const analyses = [{name: "information_flow", ...body(parameters)}];
    for await (const event of this.streamRun({...begun, model, analyses, maxTokens: 1, temperature: 0, ignoreEos: true}, {signal})) {
      if (event.type === "analysis") return event.result;
    }
    throw new ConnectionLostError("The run ended before its analysis");
  }

  /** Each prompt of a harvest in turn, as it comes: `{index, tokens, frames}`; leaving the loop or the signal ends it. */
  async *harvest(request, {signal = this.#options.signal} = {}) {
    const asked = body(request);
    const own = new AbortController();
    const response = await this.request("POST", "/v1/harvest", {
      body: asked, headers: {Accept: "application/octet-stream"},
      signal: signal ? AbortSignal.any([signal, own.signal]) : own.signal});
    const count = (asked.texts ?? asked.tokens).length;
    const reader = new FrameReader();
    let prompt = {index: 0, tokens: null, frames: []};
    const begin = (index) => { prompt = {index, tokens: null, frames: []}; };
    try {
      for await (const piece of response.body) {
        for (const frame of reader.feed(piece)) {
          while (prompt.index < Number(frame.sequence)) {
            yield prompt;
            begin(prompt.index + 1);
          }
          if (frame.kind === 3) prompt.tokens = [...await frame.values()]; else prompt.frames.push(frame);
        }
      }
      if (reader.isWithin) throw new ConnectionLostError("The harvest ended within a frame");
      for (; prompt.index < count; begin(prompt.index + 1)) yield prompt;
    } catch (error) {
      if (signal?.aborted || error instanceof NeuroScopeError) throw error;
      throw asConnectionLost(error);
    } finally {
      own.abort();
    }
  }

  /**
   * The activations of prompts by name, nothing being generated: `{tokens, arrays: {name: [{shape, data}, …]}}`, one for each
   * prompt. Names are those of TransformerLens, with `*` for any part: `blocks.*.hook_resid_post`.
   */
  async cache(prompts, names, {model, positions, dtype = "f32", signal} = {}) {
    const hooks = await this.#hooks(names, {model, positions, dtype});
    const wanted = hooks.map(({hook_id}) => hook_id);
    const cache = {tokens: [], arrays: Object.fromEntries(wanted.map((name) => [name, []]))};
    for await (const prompt of this.harvest({texts: asTexts(prompts), activationHooks: hooks, inputIds: true, model}, {signal})) {
      cache.tokens.push(prompt.tokens);
      for (const frame of prompt.frames) {
        cache.arrays[wanted[frame.hookIndex]][prompt.index] = {shape: frame.shape.slice(1), data: await frame.values()};
      }
    }
    return cache;
  }

  /** Keeps the activations of prompts in files on the server; `describeHarvest` tells how far it is. The same again goes on. */
  async store(name, prompts, names, {model, positions, dtype = "f32", shardBytes, signal} = {}) {
    const hooks = await this.#hooks(names, {model, positions, dtype});
    const request = {name, texts: asTexts(prompts), activationHooks: hooks, shardBytes, model};
    return this.#json("POST", "/v1/harvest", body(request), {signal});
  }

  /**
   * What heads attend to, the mean over prompts: `{layers, previous_token, duplicate_token, induction}`, each kind `[layer][head]`;
   * NaN where no prompt has what the kind looks for, such as a repeated token.
   */
  async heads(prompts, {layers, model, signal} = {}) {
    const list = asTexts(prompts);
    if (!list.length) throw new TypeError("There is no prompt");
    const found = [];
    for (const prompt of list) found.push((await this.#analysed({name: "head_scores", layers}, prompt, {model, signal})).result);
    const mean = (kind) => {
      const count = found.reduce((sum, one) => sum + one.counts[kind], 0);
      return found[0][kind].map((row, layer) => row.map((_, head) => count === 0 ? NaN
        : found.reduce((sum, one) => sum + one[kind][layer][head] * one.counts[kind], 0) / count));
    };
    return {
      layers: found[0].layers, previous_token: mean("previous_token"), duplicate_token: mean("duplicate_token"),
      induction: mean("induction"),
    };
  }

  /** What each layer would say next, at each position: `{layers, positions, predictions: [layer][position], prompt: [token]}`. */
  async lens(prompt, {layers, positions = "all", top = 5, model, signal} = {}) {
    const {result, pieces} = await this.#analysed({name: "logit_lens", layers, positions, top}, asTexts(prompt)[0], {model, signal});
    return {...result, prompt: pieces};
  }

  /** What of a behaviour comes back when a clean run's activations are put into a corrupted one, place by place. */
  async patch(clean, corrupted, answer, wrong, {component = "resid_post", by, layers, model, signal} = {}) {
    return this.analyse({
      analysis: "activation_patching", clean: asContrasts(clean), corrupted: asContrasts(corrupted), answer, wrong, component,
      by, layers, model, signal});
  }

  /**
   * Which of the known kinds each head of a model is; waits for the job that finds it, where nobody has asked before. `progress` is given
   * what is done on the way.
   */
  async namedHeads(model, {progress, signal} = {}) {
    const name = model ?? (await this.listModels()).data.find((one) => one.is_current).id;
    for (;;) {
      const found = await read(await this.request("GET", `/v1/models/${encodeURIComponent(name)}/heads`, {signal}));
      if (found.status !== "running") return found;
      progress?.(found);
      await new Promise((resolve) => { setTimeout(resolve, 200); });
    }
  }

  /** What heads do by their weights alone: what each asks for and moves, and which read what earlier ones write. */
  async weightCircuits(layers, {foldNorms, directions, top, vectors, edges, model, signal} = {}) {
    return this.analyseWeights({
      analysis: "weight_circuits", layers, fold_norms: foldNorms, directions, top, vectors, edges, model, signal});
  }

  /** What of a behaviour goes from senders (each head, unless some are named) to receivers, everything else held fixed. */
  async patchPaths(clean, corrupted, answer, wrong, receivers, {senders, direction, frozen, model, signal} = {}) {
    return this.analysePaths({
      analysis: "path_patching", clean: asContrasts(clean), corrupted: asContrasts(corrupted), answer, wrong, senders, receivers,
      direction, frozen, model, signal});
  }

  /** An analysis of a prompt's own pass, and the prompt's tokens as texts. */
  async #analysed(analysis, prompt, {model, signal}) {
    const begun = typeof prompt === "string" ? {prompt} : {tokens: [...prompt]};
    const found = {};
    for await (const event of this.streamRun({...begun, maxTokens: 1, analyses: [analysis], model}, {signal})) {
      if (event.type === "run.started") found.pieces = event.prompt.pieces;
      if (event.type === "analysis") found.result ??= event.result;
    }
    return found;
  }

  async #hooks(names, {model, positions, dtype}) {
    const list = [names].flat();
    const isWild = list.some((name) => name.includes("*"));
    const points = isWild ? (await this.hookPoints(model ?? (await this.listModels()).data.find((one) => one.is_current).id)).hook_points : [];
    const found = new Set(list.flatMap((name) => {
      if (!name.includes("*")) return [name];
      const pattern = new RegExp(`^${name.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
      const matching = points.flatMap((point) => [point.name, ...point.aliases].find((one) => pattern.test(one)) ?? []);
      if (!matching.length) throw new TypeError(`${name} matches no hook point of this model`);
      return matching;
    }));
    return [...found].map((name) => ({hook_id: name, layer_name: name, dtype, ...(positions === undefined ? {} : {positions})}));
  }

  /** The events of a run by the browser's own EventSource, which takes broken connections up by itself. */
  async *eventSource(id, {tensors = "base64", from, policy, signal = this.#options.signal} = {}) {
    const EventSource = this.#options.EventSource ?? globalThis.EventSource;
    if (!EventSource) throw new TypeError("There is no EventSource here; pass one as an option, or use events()");
    signal?.throwIfAborted();
    const queue = new Queue();
    const source = new EventSource(this.#url(runPath(id, "/events"), {tensors, from, policy}));
    for (const type of EVENT_TYPES) {
      source.addEventListener(type, (event) => { if (event.data !== undefined) queue.push(event.data); });
    }
    source.addEventListener("error", (event) => {
      if (event.data !== undefined || source.readyState !== 2) return;
      queue.close(new ConnectionLostError("The event source gave up"));
    });
    const abort = () => queue.close(signal.reason);
    signal?.addEventListener("abort", abort);
    try {
      for await (const data of queue) {
        const event = raised(await withTensor(JSON.parse(data)));
        yield event;
        if (event.type === "run.finished") return;
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      source.close();
    }
  }

  /** A WebSocket that starts, watches and steers any number of runs. */
  async socket({signal = this.#options.signal, retries = 8} = {}) {
    const WebSocket = this.#options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError("There is no WebSocket here; pass one as an option");
    const connect = async () => {
      const query = this.#options.apiKey === undefined ? {} : {ticket: await this.#ticket(signal)};
      return new WebSocket(this.#url("/v1/socket", query).replace(/^http/, "ws"), "neuroscope.v1");
    };
    const socket = new NeuroScopeSocket(connect, new Patience(retries, signal));
    await socket._open();
    return socket;
  }

  /** What opens one socket: browsers give a WebSocket no fields, so it cannot show a key. */
  async #ticket(signal) { return (await this.#json("POST", "/v1/tickets", undefined, {signal})).ticket; }

  // Requests

  /** Any request; the answer, or its refusal as an error. */
  async request(method, path, options = {}) {
    const response = await this.#fetch(method, path, options);
    if (response.ok) return response;
    const text = await response.text().catch(() => "");
    let refusal = {error: text || response.statusText};
    try { refusal = JSON.parse(text); } catch { /* a proxy between us may answer in its own words */ }
    throw NeuroScopeError.from({request_id: response.headers.get("X-Request-Id"), ...refusal}, response.status);
  }

  async #fetch(method, path, {query, body, headers, signal = this.#options.signal} = {}) {
    const send = this.#options.fetch ?? globalThis.fetch;
    const {apiKey} = this.#options;
    const key = apiKey !== undefined && {Authorization: `Bearer ${apiKey}`};
    const all = {...this.#options.headers, ...key, ...(body !== undefined && {"Content-Type": "application/json"}), ...headers};
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    try {
      return await send(this.#url(path, query), {method, headers: all, body: text, signal});
    } catch (error) {
      throw asConnectionLost(error);
    }
  }

  async #json(method, path, body, {query, signal} = {}) {
    return read(await this.request(method, path, {query, body, signal}));
  }

  #url(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    return this.baseUrl + path + (given.length ? `?${new URLSearchParams(given)}` : "");
  }
}

const runPath = (id, rest = "") => `/v1/runs/${encodeURIComponent(id)}${rest}`;
const read = (response) => response.json().catch((error) => { throw asConnectionLost(error); });
const bytesOf = async (response) => new Uint8Array(await response.arrayBuffer());

// MARK: The WebSocket

/** A run that a socket watches: its events to iterate over, and its commands. */
export class WatchedRun {
  #socket;
  #queue = new Queue();
  /** The next event wanted after a cut. */
  next;

  constructor(socket, id, wish) {
    this.#socket = socket;
    this.id = id;
    this.wish = wish;
    this.next = wish.from;
  }

  /** Takes an event; binary tensors are unpacked when it is read. */
  _take(event, frame) {
    if (typeof event.seq === "number") this.next = Math.max(event.seq + 1, this.next ?? 0);
    this.#queue.push({event, frame});
    if (event.type === "run.finished") this._end();
  }

  _end(error) { this.#queue.close(error); }
  get isOver() { return this.#queue.isClosed; }

  async *[Symbol.asyncIterator]() {
    for await (const {event, frame} of this.#queue) yield raised(await withTensor(event, frame));
  }

  pause() { return this.#command("pause"); }
  resume() { return this.#command("resume"); }
  step(count) { return this.#command("step", body({count})); }
  rewind(toStep) { return this.#command("rewind", {to_step: toStep}); }
  cancel() { return this.#command("cancel"); }
  changeHooks(changes) { return this.#command("hooks", body(changes)); }
  changeWatches(changes) { return this.#command("watch", body(changes)); }
  intervene(intervention) { return this.#command("intervene", intervention); }
  removeIntervention(id) { return this.#command("remove_intervention", {intervention_id: id}); }

  /** A second run that goes on from here, watched as well. */
  fork(changes, wish) { return this.#socket._begin("fork", {...body(changes), run_id: this.id}, wish); }

  /** Leaves the run; nobody else watching, it ends unless it was detached. */
  async unsubscribe() {
    this._end();
    this.#socket._forget(this.id);
    return this.#command("unsubscribe");
  }

  #command(name, fields) { return this.#socket.command(name, {...fields, run_id: this.id}); }
}

/** A conversation over one WebSocket. Made by `NeuroScopeClient.socket()`. */
export class NeuroScopeSocket {
  #make;
  #patience;
  #socket = null;
  #isClosed = false;
  #lastId = 0;
  #waiting = new Map();
  #runs = new Map();
  /** Activation events whose frame has not come yet. */
  #described = [];

  constructor(make, patience) {
    this.#make = make;
    this.#patience = patience;
  }

  /** Connects; called by `NeuroScopeClient.socket()`. */
  async _open() {
    const {signal} = this.#patience;
    signal?.throwIfAborted();
    signal?.addEventListener("abort", () => this.#shut(signal.reason), {once: true});
    await this.#connect();
  }

  /** Begins a run and watches it. */
  start(request, wish) { return this._begin("start", body(request), wish); }

  /** Watches a run, from its first event unless the wish says otherwise. */
  watch(runId, wish) { return this._begin("subscribe", {run_id: runId}, wish); }

  ping() { return this.command("ping"); }

  /** Sends a command and gives its reply, or throws its refusal. */
  command(name, fields) { return this.#ask(name, fields, (reply) => reply); }

  /** What `accept` makes of the reply, made before any later message is read. */
  #ask(name, fields, accept) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== 1) {
        reject(new ConnectionLostError("The socket is not open"));
        return;
      }
      const id = ++this.#lastId;
      this.#waiting.set(id, {resolve: (reply) => resolve(accept(reply)), reject});
      this.#socket.send(JSON.stringify({...fields, id, command: name}));
    });
  }

  /** Sends a command that makes a run, and watches what it names. */
  _begin(name, fields, {tensors, policy, from} = {}) {
    const wish = body({tensors, policy, from});
    return this.#ask(name, {...fields, ...wish}, ({run_id: id, run: info}) => {
      const run = this.#runs.get(id) ?? new WatchedRun(this, id, wish);
      this.#runs.set(id, run);
      return Object.assign(run, {info});
    });
  }

  /** No more of a run is wanted. */
  _forget(runId) { this.#runs.delete(runId); }

  /** Ends the conversation; runs that nobody else watches end with it unless they were detached. */
  close() { this.#shut(new ConnectionLostError("The socket was closed")); }

  #shut(error) {
    this.#isClosed = true;
    this.#socket?.close();
    this.#fail(error);
    for (const run of this.#runs.values()) run._end(error);
  }

  #fail(error) {
    for (const {reject} of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#described = [];
  }

  async #connect() {
    const socket = await this.#make();
    if (this.#isClosed) {
      socket.close();
      throw new ConnectionLostError("The socket was closed before it opened");
    }
    await new Promise((resolve, reject) => {
      socket.binaryType = "arraybuffer";
      this.#socket = socket;
      let wasOpen = false;
      // A socket that never opened tells some by an error, others by a close: whichever comes first counts.
      const ended = (event) => {
        socket.onerror = socket.onclose = socket.onmessage = null;
        const error = new ConnectionLostError(`The socket ended${event.code ? ` with ${event.code}` : ""}`);
        this.#fail(error);
        reject(error);
        if (wasOpen && !this.#isClosed) this.#takeUpAgain(error);
      };
      socket.onopen = () => { wasOpen = true; resolve(); };
      socket.onmessage = ({data}) => this.#receive(data);
      socket.onerror = ended;
      socket.onclose = ended;
    });
  }

  /** Connects anew and subscribes to each run behind the last event it got. */
  async #takeUpAgain(error) {
    for (;;) {
      try {
        await this.#patience.wait(error);
        if (this.#isClosed) return;
        await this.#connect();
        break;
      } catch (reason) {
        if (!(reason instanceof ConnectionLostError) || reason === error) return this.#shut(reason);
        error = reason;
      }
    }
    for (const run of this.#runs.values()) {
      if (run.isOver) continue;
      this.command("subscribe", {...run.wish, run_id: run.id, from: run.next ?? 0})
        .catch((reason) => { if (!(reason instanceof ConnectionLostError)) run._end(reason); });
    }
  }

  #receive(data) {
    try {
      if (typeof data === "string") this.#text(JSON.parse(data));
      else for (const frame of splitFrames(data)) this.#frame(frame);
    } catch (error) {
      this.#shut(error);
    }
  }

  #text(message) {
    this.#patience.renew();
    if (message.type === "reply") {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.ok) waiting?.resolve(message);
      else waiting?.reject(NeuroScopeError.from(message));
    } else if (message.type === "activation" && !("data" in message) && this.#wantsFrames(message.run_id)) {
      this.#described.push(message);
    } else {
      this.#deliver(message);
    }
  }

  #wantsFrames(runId) { return (this.#runs.get(runId)?.wish.tensors ?? "binary") === "binary"; }

  #frame(frame) {
    const place = this.#described.findIndex(({seq, hook_index: hook}) =>
      BigInt(seq) === frame.sequence && hook === frame.hookIndex);
    if (place >= 0) this.#deliver(this.#described.splice(place, 1)[0], frame);
  }

  #deliver(event, frame) {
    const run = this.#runs.get(event.run_id);
    run?._take(event, frame);
    if (run?.isOver) this.#runs.delete(run.id);
  }
}
