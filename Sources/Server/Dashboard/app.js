// The plain page: starts a run over the WebSocket and draws the norm of every layer, token by token, from the binary
// tensor frames as they arrive. No dependencies; the frame's layout is drawn in Protocol/frames.md.

import { Lens } from "/dashboard/lens.js";

const $ = (id) => document.getElementById(id);

// MARK: Frames

/** The tensor frames of one binary message. Norms are sent as raw f32, so only those are read here. */
function* frames(buffer) {
  const view = new DataView(buffer);
  let start = 0;
  while (start + 64 <= buffer.byteLength) {
    if (view.getUint32(start, true) !== 0x4654534e) throw new Error("not a tensor frame");
    const headerLength = view.getUint16(start + 6, true);
    const payloadLength = Number(view.getBigUint64(start + 48, true));
    const isRawSingle = view.getUint8(start + 8) === 0 && view.getUint8(start + 9) === 0;
    yield {
      firstPosition: view.getUint32(start + 24, true),
      hookIndex: view.getUint32(start + 32, true),
      layer: view.getInt32(start + 36, true),
      values: isRawSingle
        ? new Float32Array(buffer, start + headerLength, payloadLength / 4)
        : new Float32Array(0),
    };
    start += headerLength + ((payloadLength + 7) & ~7);
  }
}

// MARK: Heat map

/** Eight stops from dark to bright, even in lightness; the bright end differs between a light and a dark page. */
const ramp = ["#14213d", "#1f3d68", "#1f6080", "#1f8584", "#43a878", "#86c563", "#cfdc58", "#fdf0a0"].map((hex) =>
  [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16)));

function color(share) {
  const place = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const low = Math.min(Math.floor(place), ramp.length - 2);
  return ramp[low].map((value, channel) => Math.round(value + (ramp[low + 1][channel] - value) * (place - low)));
}

class HeatMap {
  constructor(canvas) {
    this.canvas = canvas;
    this.reset(1);
  }

  reset(layers) {
    this.layers = layers;
    this.rows = Array.from({ length: layers }, () => []);
    this.columns = 0;
    this.low = Infinity;
    this.high = -Infinity;
    this.rowRange = Array.from({ length: layers }, () => [Infinity, -Infinity]);
    this.isDirty = true;
  }

  add(layer, position, value) {
    if (layer < 0 || layer >= this.layers || !Number.isFinite(value)) return;
    this.rows[layer][position] = value;
    this.columns = Math.max(this.columns, position + 1);
    const range = this.rowRange[layer];
    range[0] = Math.min(range[0], value);
    range[1] = Math.max(range[1], value);
    this.low = Math.min(this.low, value);
    this.high = Math.max(this.high, value);
    this.isDirty = true;
  }

  /** Where a value lies between the smallest and the largest, from 0 to 1. */
  share(layer, value) {
    const perLayer = $("scale").value === "layer";
    const [low, high] = perLayer ? this.rowRange[layer] : [this.low, this.high];
    if (!(high > low)) return 0.5;
    if (perLayer) return (value - low) / (high - low);
    const floor = Math.max(low, 1e-6);
    return Math.log(Math.max(value, floor) / floor) / Math.log(high / floor);
  }

  draw() {
    if (!this.isDirty) return;
    this.isDirty = false;
    const columns = Math.max(this.columns, 1);
    this.canvas.width = columns;
    this.canvas.height = this.layers;
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(columns, this.layers);
    for (let layer = 0; layer < this.layers; layer++) {
      for (let column = 0; column < columns; column++) {
        const value = this.rows[layer][column];
        if (value === undefined) continue;
        const place = ((this.layers - 1 - layer) * columns + column) * 4;
        const [red, green, blue] = color(this.share(layer, value));
        image.data.set([red, green, blue, 255], place);
      }
    }
    context.putImageData(image, 0, 0);
    const perLayer = $("scale").value === "layer";
    $("low").textContent = perLayer ? "layer's least" : Number.isFinite(this.low) ? this.low.toFixed(2) : "–";
    $("high").textContent = perLayer ? "layer's most" : Number.isFinite(this.high) ? this.high.toFixed(2) : "–";
  }
}

const map = new HeatMap($("map"));
const lens = new Lens({
  section: $("lens-section"), grid: $("lens-grid"), axis: $("lens-axis"), tip: $("lens-tip"),
});

/** At most so many layers, evenly spaced and with the last, so that a deep model's grid stays readable. */
function lensLayers(count, most = 32) {
  const step = Math.ceil(count / most);
  return Array.from({ length: count }, (_, layer) => layer).filter((layer) => (count - 1 - layer) % step === 0);
}

function drawRamp() {
  const context = $("ramp").getContext("2d");
  for (let x = 0; x < 160; x++) {
    context.fillStyle = `rgb(${color(x / 159).join(" ")})`;
    context.fillRect(x, 0, 1, 10);
  }
}

// MARK: The run

const run = { id: null, isOver: true, isPaused: false, isReplay: false, tokens: [], promptLength: 0, frames: 0, began: 0, hooks: [], activation: null };
let model = null;
let socket = null;
/** A run that the page's address names: it is watched, whoever started it, a replayed recording for instance. */
const watched = new URLSearchParams(location.search).get("run");

function status(text) { $("status").textContent = text; }

function setRunning(isRunning) {
  $("start").disabled = isRunning || !socket || socket.readyState !== WebSocket.OPEN || !model;
  $("stop").disabled = !isRunning;
  showPause(run.isPaused);
}

function showPause(isPaused) {
  run.isPaused = isPaused;
  $("pause").disabled = $("stop").disabled;
  $("pause").textContent = isPaused ? "Resume" : "Pause";
  $("step").disabled = $("stop").disabled || !isPaused;
}

/** Sends a command about the run; its reply says how the run then stands. */
function tell(command) {
  if (run.id) socket.send(JSON.stringify({ id: command, command, run_id: run.id }));
}

function showToken(text, position, isPrompt) {
  run.tokens[position] = text;
  if (isPrompt) return;
  const span = document.createElement("span");
  span.className = "token";
  span.dataset.position = position;
  span.textContent = text;
  $("answer").append(span);
}

function showError(message) {
  const span = document.createElement("span");
  span.className = "error";
  span.textContent = message;
  $("answer").append(span);
}

const handlers = {
  "run.started"(event) {
    run.promptLength = event.prompt.token_ids.length;
    event.prompt.pieces.forEach((piece, position) => showToken(piece, position, true));
    run.hooks = event.hooks;
    if (watched) {
      map.reset(Math.max(1, ...event.hooks.map((hook) => (hook.layer ?? -1) + 1)));
      drawAxis();
    }
    status(`${run.promptLength} prompt tokens, seed ${event.sampling.seed}`);
  },
  "prompt.progress"(event) { status(`prompt: ${event.processed} of ${event.total} tokens`); },
  token(event) { showToken(event.text, run.promptLength + event.step, false); },
  /** Tensors come as numbers only where a run is watched; rows that are not norms yet become them here. */
  activation(event) {
    if (!event.data || event.is_input || event.shape.length > 3) return;
    const layer = run.hooks.find((hook) => hook.index === event.hook_index)?.layer ?? -1;
    run.frames += 1;
    event.data[0].forEach((row, index) => {
      map.add(layer, event.positions[0] + index, typeof row === "number" ? row : Math.hypot(...row));
    });
    $("count").textContent = `${run.frames} frames`;
  },
  "hooks.changed"(event) { run.hooks = event.hooks; },
  analysis(event) { if (event.name === "logit_lens") lens.add(event.step, event.result); },
  text(event) { showToken(event.text, run.promptLength + event.step + 1, false); },
  // In a replay these are the recorded run's.
  "run.paused"() { if (!run.isReplay) showPause(true); },
  "run.resumed"() { if (!run.isReplay) showPause(false); },
  "run.finished"(event) {
    run.isOver = true;
    setRunning(false);
    const speed = event.timings.decode_tokens_per_second;
    status(
      `${event.usage.completion_tokens} tokens, finished by ${event.finish_reason}` +
      (speed ? `, ${speed.toFixed(1)} tokens/s` : ""));
  },
  error(event) {
    run.isOver = true;
    setRunning(false);
    showError(event.error.message);
  },
  gap(event) {
    const missed = event.dropped.reduce((sum, one) => sum + one.count, 0);
    status(`this page was too slow for ${missed} frames`);
  },
};

function receive(message) {
  if (typeof message.data !== "string") {
    if (run.activation !== run.id) return;
    for (const frame of frames(message.data)) {
      run.frames += 1;
      frame.values.forEach((value, index) => map.add(frame.layer, frame.firstPosition + index, value));
    }
    $("count").textContent = `${run.frames} frames`;
    return;
  }
  const event = JSON.parse(message.data);
  if (event.type === "reply") {
    if (!event.ok) {
      if (event.id === "start" || event.id === "watch") setRunning(false);
      showError(event.error);
    } else if (event.run) {
      if (event.id === "start") run.id = event.run_id;
      if (event.run_id !== run.id || run.isOver) return;
      run.isReplay = "replay_of" in event.run;
      run.isPaused = event.run.status === "paused";
      setRunning(["queued", "running", "paused"].includes(event.run.status));
    }
    return;
  }
  if (event.type === "activation") run.activation = event.run_id;
  if (event.type === "run.started") run.id = event.run_id;
  if (event.run_id === run.id) handlers[event.type]?.(event);
}

/** Watches the run that the address names, from its first event. */
function watch() {
  Object.assign(run, { id: watched, isOver: false, isPaused: false, tokens: [], frames: 0, activation: null });
  $("answer").replaceChildren();
  lens.reset();
  socket.send(JSON.stringify({ id: "watch", command: "subscribe", run_id: watched, from: 0, tensors: "json" }));
}

function start() {
  if (!run.isOver) tell("cancel");
  Object.assign(run, { id: null, isOver: false, isPaused: false, isReplay: false, tokens: [], frames: 0, activation: null });
  $("answer").replaceChildren();
  $("count").textContent = "";
  map.reset(model.num_layers);
  drawAxis();
  lens.reset();
  $("lens-section").hidden = !$("lens").checked;
  const analyses = $("lens").checked
    ? [{ name: "logit_lens", top: 5, layers: lensLayers(model.num_layers) }] : [];
  const component = $("component").value;
  const hooks = Array.from({ length: model.num_layers }, (_, layer) => ({
    layer_name: `transformer.h.${layer}`, component, hook_id: `norm_${layer}`, reduce: "norm",
  }));
  const text = $("prompt").value;
  const prompt = model.chat_format_problem ? { prompt: text } : { messages: [{ role: "user", content: text }] };
  socket.send(JSON.stringify({
    id: "start", command: "start", ...prompt, activation_hooks: hooks, analyses, tensors: "binary",
    max_tokens: Number($("tokens").value) || 60, temperature: Number($("temperature").value) || 0,
  }));
  setRunning(true);
}

// MARK: The connection

async function readModel() {
  const health = await (await fetch("/health")).json();
  if (!health.current_model) {
    model = null;
    $("model").textContent = "no model is loaded";
    return;
  }
  model = await (await fetch(`/v1/models/${encodeURIComponent(health.current_model)}`)).json();
  const size = (model.parameters / 1e6).toFixed(1);
  $("model").textContent =
    `${model.model_id}: ${model.model_type}, ${model.num_layers} layers of ${model.hidden_size}, ` +
    `${size} M parameters, ${model.quantization ?? "F32"}`;
  if (run.isOver && run.id === null) {
    map.reset(model.num_layers);
    drawAxis();
  }
}

function connect(delay = 500) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/v1/socket`, "neuroscope.v1");
  socket.binaryType = "arraybuffer";
  socket.onopen = async () => {
    delay = 500;
    $("connection").textContent = "connected";
    $("connection").dataset.state = "open";
    await readModel().catch(() => {});
    setRunning(false);
    if (watched) watch();
  };
  socket.onmessage = receive;
  socket.onclose = () => {
    $("connection").textContent = "offline, trying again";
    $("connection").dataset.state = "closed";
    if (!run.isOver) status("the connection was lost; the run has ended");
    run.isOver = true;
    setRunning(false);
    setTimeout(() => connect(Math.min(delay * 2, 8000)), delay);
  };
}

// MARK: Looking closer

function drawAxis() {
  const last = map.layers - 1;
  const marks = last > 3 ? [last, Math.round(last / 2), 0] : [last, 0];
  $("layers").replaceChildren(...marks.map((layer) => {
    const mark = document.createElement("span");
    mark.textContent = layer;
    return mark;
  }));
}

function light(position) {
  for (const span of $("answer").children) {
    span.classList.toggle("lit", span.dataset.position === String(position));
  }
}

$("map").addEventListener("pointermove", (event) => {
  if (!map.columns) return;
  const box = $("map").getBoundingClientRect();
  const column = Math.min(map.columns - 1, Math.floor(((event.clientX - box.left) / box.width) * map.columns));
  const row = Math.min(map.layers - 1, Math.floor(((event.clientY - box.top) / box.height) * map.layers));
  const layer = map.layers - 1 - row;
  const value = map.rows[layer]?.[column];
  const tip = $("tip");
  tip.hidden = value === undefined;
  if (value === undefined) return;
  const token = JSON.stringify(run.tokens[column] ?? "");
  tip.textContent = `layer ${layer}, ${column < run.promptLength ? "prompt" : "answer"} token ${column}\n${token}\nnorm ${value.toFixed(3)}`;
  tip.style.left = `${Math.min(Math.max(event.clientX - box.left, 80), box.width - 80)}px`;
  tip.style.top = `${Math.max(event.clientY - box.top, 70)}px`;
  light(column);
});

$("map").addEventListener("pointerleave", () => {
  $("tip").hidden = true;
  light(-1);
});

$("scale").addEventListener("change", () => { map.isDirty = true; });
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (model) start();
});
$("stop").addEventListener("click", () => tell("cancel"));
$("pause").addEventListener("click", () => tell(run.isPaused ? "resume" : "pause"));
$("step").addEventListener("click", () => tell("step"));
$("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    $("form").requestSubmit();
  }
});

function tick() {
  map.draw();
  lens.draw();
  requestAnimationFrame(tick);
}

drawRamp();
drawAxis();
setRunning(false);
connect();
tick();
