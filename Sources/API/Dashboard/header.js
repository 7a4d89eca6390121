// The head of the page: which model, whether the server is there, what runs anybody is making.

import { $, button, element, tell, visible } from "./dom.js";
import { chooseModel, onServer, readRuns, server } from "./server.js";
import { look, recall, remember, view } from "./store.js";
import { isDark } from "./colours.js";
import { redrawAll } from "./redraw.js";
import { toggle } from "./panels.js";

function showModel() {
  const select = $("model");
  const options = server.models.map((model) => element("option", { value: model.model_id, text: model.model_id }));
  const others = server.available.filter((model) => !model.loaded && !server.models.some((loaded) => loaded.model_id === model.id));
  const groups = [...options];
  if (others.length) {
    groups.push(element("optgroup", { label: "Load" },
      ...others.map((model) => element("option", { value: model.id, text: `${model.id} (${Math.round(model.bytes / 1e6)} MB)` }))));
  }
  if (!options.length) groups.unshift(element("option", { value: "", text: "no model is loaded" }));
  select.replaceChildren(...groups);
  select.value = server.model?.model_id ?? "";
  select.disabled = !server.isConnected;
  const { model } = server;
  $("model-facts").textContent = model
    ? `${model.num_layers} layers × ${model.num_heads} heads, ${short(model.parameters)} parameters, ${model.quantization ?? "F32"}` : "";
}

const short = (count) => (count >= 1e9 ? `${(count / 1e9).toPrecision(3)} B` : `${(count / 1e6).toPrecision(3)} M`);

function showConnection() {
  const badge = $("connection");
  const state = server.isConnected ? "open" : server.wasConnected ? "closed" : "waiting";
  badge.dataset.state = state;
  badge.textContent = { open: "connected", closed: "offline, trying again", waiting: "connecting" }[state];
}

const ended = ["finished", "cancelled", "failed"];

function showRuns() {
  const { runs } = server;
  const live = runs.filter((run) => !ended.includes(run.status));
  $("runs-count").textContent = live.length ? `${live.length} running` : `Runs`;
  $("runs").classList.toggle("has-live", live.length > 0);
  if (!$("runs").open) return;
  $("runs-list").replaceChildren(...(runs.length ? runs.slice(0, 40).map(runLine) : [element("p", { class: "quiet-text", text: "Nobody has begun a run yet." })]));
}

function runLine(run) {
  const text = run.job ? run.job.analysis.replaceAll("_", " ") : run.text.trim() || "no answer yet";
  const line = button("", () => (run.job ? showJobs() : show(run.run_id)), {
    class: "run-line", "aria-current": run.run_id === view.run ? "true" : undefined, "data-run": run.run_id,
  });
  line.append(
    element("span", { class: "run-dot", "data-state": run.status }),
    element("bdi", { class: "run-text", text: visible(text, 60) }),
    element("span", { class: "run-facts", text: `${run.model}, ${run.status}, ${run.job ? `${run.job.done} of ${run.job.total} passes` : `${run.completion_tokens} tokens`}, ${run.viewers} watching` }));
  return line;
}

/** An analysis has no tokens to be shown; its panel lists it. */
function showJobs() {
  $("runs").open = false;
  toggle("analyses", true);
}

function show(id) {
  $("runs").open = false;
  look({ run: id, versus: null, token: null, until: null });
}

function showTheme() {
  $("theme").textContent = isDark() ? "☀" : "☾";
  $("theme").title = isDark() ? "Light" : "Dark";
}

export function switchTheme() {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  remember("theme", next);
  redrawAll();
  showTheme();
}

export function showHeader() {
  $("model").addEventListener("change", async () => {
    const name = $("model").value;
    tell(`loading ${name} …`);
    $("model").disabled = true;
    try {
      await chooseModel(name);
      tell(`${name} is ready`);
    } catch (error) {
      tell(`${name} was not loaded: ${error.message}`);
      showModel();
    }
  });
  $("runs").addEventListener("toggle", () => { readRuns(); showRuns(); });
  document.addEventListener("click", (event) => {
    if (!$("runs").contains(event.target)) $("runs").open = false;
  });
  $("runs").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    $("runs").open = false;
    $("runs").querySelector("summary").focus();
  });
  $("theme").addEventListener("click", switchTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (recall("theme") === null) { redrawAll(); showTheme(); }
  });
  onServer(() => { showModel(); showConnection(); showRuns(); });
  showTheme();
  setInterval(readRuns, 2000);
}
