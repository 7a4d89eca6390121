// The plain page: starts a run, or watches the one that its address names, and draws the norm of every layer, token by
// token, as the tensors arrive. What travels is read by the published client, which the server gives to pages too.

import { NeuroScopeClient } from "/dashboard/neuroscope.js";
import { HeatMap, drawRamp } from "/dashboard/heatmap.js";
import { Lens } from "/dashboard/lens.js";

const $ = (id) => document.getElementById(id);

const map = new HeatMap({ canvas: $("map"), scale: $("scale"), low: $("low"), high: $("high") });
const lens = new Lens({
  section: $("lens-section"), grid: $("lens-grid"), axis: $("lens-axis"), tip: $("lens-tip"),
});

/** At most so many layers, evenly spaced and with the last, so that a deep model's grid stays readable. */
function lensLayers(count, most = 32) {
  const step = Math.ceil(count / most);
  return Array.from({ length: count }, (_, layer) => layer).filter((layer) => (count - 1 - layer) % step === 0);
}

// MARK: The run

/** What is shown; `watched` is the client's side of it, null before it has begun. */
const run = { watched: null, isOver: true, isPaused: false, isReplay: false, tokens: [], promptLength: 0, frames: 0, hooks: [] };
let model = null;
let socket = null;
let isConnected = false;
/** A run that the page's address names: it is watched, whoever started it, a replayed recording for instance. */
const named = new URLSearchParams(location.search).get("run");

function status(text) { $("status").textContent = text; }

function setRunning(isRunning) {
  run.isOver = !isRunning;
  $("start").disabled = isRunning || !isConnected || !model;
  $("stop").disabled = !isRunning;
  showPause(run.isPaused);
}

function showPause(isPaused) {
  run.isPaused = isPaused;
  $("pause").disabled = $("stop").disabled;
  $("pause").textContent = isPaused ? "Resume" : "Pause";
  $("step").disabled = $("stop").disabled || !isPaused;
}

/** Takes what the server says of the run. */
function stand(info) {
  if (!info || info.run_id !== run.watched?.id) return;
  run.isReplay = "replay_of" in info;
  run.isPaused = info.status === "paused";
  setRunning(["queued", "running", "paused"].includes(info.status));
}

/** Sends a command about the run; its reply says how the run then stands. */
function tell(command) {
  const { watched } = run;
  watched?.[command]().then((reply) => stand(reply.run), (error) => { if (run.watched === watched) showError(error.message); });
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

/** A tensor's rows as one number each: norms as they come, of anything wider the norm. */
function norms({ data, shape }) {
  const width = shape.slice(2).reduce((product, count) => product * count, 1);
  return Array.from({ length: data.length / width }, (_, row) => {
    if (width === 1) return data[row];
    const squares = data.subarray(row * width, (row + 1) * width).reduce((sum, value) => sum + value * value, 0);
    return Math.sqrt(squares);
  });
}

const handlers = {
  "run.started"(event) {
    run.promptLength = event.prompt.token_ids.length;
    event.prompt.pieces.forEach((piece, position) => showToken(piece, position, true));
    run.hooks = event.hooks;
    if (named) {
      map.reset(Math.max(1, ...event.hooks.map((hook) => (hook.layer ?? -1) + 1)));
      drawAxis();
    }
    status(`${run.promptLength} prompt tokens, seed ${event.sampling.seed}`);
  },
  "prompt.progress"(event) { status(`prompt: ${event.processed} of ${event.total} tokens`); },
  token(event) { showToken(event.text, run.promptLength + event.step, false); },
  activation(event) {
    if (!event.data || event.is_input || event.shape.length > 3) return;
    const layer = run.hooks.find((hook) => hook.index === event.hook_index)?.layer ?? -1;
    run.frames += 1;
    norms(event).forEach((norm, index) => {
      map.add(layer, event.position_list?.[index] ?? event.positions[0] + index, norm);
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
    setRunning(false);
    const speed = event.timings.decode_tokens_per_second;
    status(
      `${event.usage.completion_tokens} tokens, finished by ${event.finish_reason}` +
      (speed ? `, ${speed.toFixed(1)} tokens/s` : ""));
  },
  error(event) { showError(event.error.message); },
  gap(event) {
    const missed = event.dropped.reduce((sum, one) => sum + one.count, 0);
    status(`this page was too slow for ${missed} frames`);
  },
};

/** Shows a run that is begun by `begin`, until it ends or another takes its place. */
async function show(begin) {
  if (!run.isOver) tell("cancel");
  Object.assign(run, { watched: null, isPaused: false, isReplay: false, tokens: [], frames: 0, hooks: [] });
  $("answer").replaceChildren();
  $("count").textContent = "";
  lens.reset();
  status("waiting for the first pass");
  setRunning(true);
  let watched = null;
  try {
    watched = run.watched = await begin();
    stand(watched.info);
    for await (const event of watched) {
      if (run.watched !== watched) return;
      handlers[event.type]?.(event);
    }
  } catch (error) {
    if (run.watched !== watched) return;
    showError(error.message);
    setRunning(false);
  }
}

function start() {
  map.reset(model.num_layers);
  drawAxis();
  $("lens-section").hidden = !$("lens").checked;
  const analyses = $("lens").checked
    ? [{ name: "logit_lens", top: 5, layers: lensLayers(model.num_layers) }] : [];
  const component = $("component").value;
  const hooks = Array.from({ length: model.num_layers }, (_, layer) => ({
    layer_name: `transformer.h.${layer}`, component, hook_id: `norm_${layer}`, reduce: "norm",
  }));
  const text = $("prompt").value;
  const prompt = model.chat_format_problem ? { prompt: text } : { messages: [{ role: "user", content: text }] };
  show(() => socket.start({
    ...prompt, activationHooks: hooks, analyses,
    maxTokens: Number($("tokens").value) || 60, temperature: Number($("temperature").value) || 0,
  }, { tensors: "binary" }));
}

// MARK: The connection

async function readModel() {
  const { current_model: id } = await client.healthCheck();
  if (!id) {
    model = null;
    $("model").textContent = "no model is loaded";
    return;
  }
  model = await client.describeModel(id);
  const size = (model.parameters / 1e6).toFixed(1);
  $("model").textContent =
    `${model.model_id}: ${model.model_type}, ${model.num_layers} layers of ${model.hidden_size}, ` +
    `${size} M parameters, ${model.quantization ?? "F32"}`;
  if (run.isOver && !run.watched) {
    map.reset(model.num_layers);
    drawAxis();
  }
}

/** Shows whether the connection stands, which the client takes up again by itself. */
class ShownSocket extends WebSocket {
  constructor(...address) {
    super(...address);
    this.addEventListener("open", () => showConnection(true));
    this.addEventListener("close", () => showConnection(false));
  }
}

async function showConnection(isOpen) {
  isConnected = isOpen;
  $("connection").textContent = isOpen ? "connected" : "offline, trying again";
  $("connection").dataset.state = isOpen ? "open" : "closed";
  if (isOpen) await readModel().catch(() => {});
  setRunning(!run.isOver);
}

const client = new NeuroScopeClient(location.origin, { WebSocket: ShownSocket });

async function connect(delay = 500) {
  try {
    socket = await client.socket({ retries: Infinity });
  } catch {
    setTimeout(() => connect(Math.min(delay * 2, 8000)), delay);
    return;
  }
  if (named) show(() => socket.watch(named, { from: 0, tensors: "binary" }));
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

drawRamp($("ramp"));
drawAxis();
setRunning(false);
connect();
tick();
