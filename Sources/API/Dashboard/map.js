// The stream map: layers upwards, tokens sideways, in each cell a number of that place; beside another run, the difference.

import { choice, element, emptiness, labelled, quoted, short, signed, visible } from "./dom.js";
import { colour, drawRamp } from "./colours.js";
import { Matrix } from "./matrix.js";
import { addPanel } from "./panels.js";
import { current, need, versus } from "./session.js";
import { look, recall, remember, view } from "./store.js";
import { onRedraw } from "./redraw.js";
import { probe, Question } from "./probe.js";
import { client } from "./server.js";

const components = [["residual", "residual stream"], ["attention", "attention output"], ["mlp", "MLP output"]];
const scales = [["layer", "each layer by itself"], ["log", "all layers, logarithmic"], ["linear", "all layers, linear"]];
let component = components.some(([name]) => name === recall("map.component")) ? recall("map.component") : "residual";
let scale = scales.some(([name]) => name === recall("map.scale")) ? recall("map.scale") : "layer";

const hooksOf = (name, layers) => Array.from({ length: layers }, (_, layer) => ({
  layer_name: `transformer.h.${layer}`, component: name, hook_id: `${name}.norm.${layer}`, reduce: "norm",
}));
need("map", (model) => ({ hooks: hooksOf(component, model.num_layers) }));

const question = new Question();
let asked = null;
let refusal = null;

/** A run that was made without these numbers is read once more, in one pass over its tokens. */
function fetchGrid(run, name) {
  const key = `${run.id} ${name} ${run.tokens.length}`;
  if (asked === key || !run.isOver || run.isFile || !run.tokens.length) return;
  asked = key;
  refusal = null;
  question.ask(readAgain(run, name),
    (read) => { if (read.grids.has(name)) { run.grids.set(name, read.grids.get(name)); run.revise(); } },
    (error) => { refusal = error; });
}

async function readAgain(run, name) {
  const { num_layers: layers } = await client.describeModel(run.model);
  return probe(run.tokenIds, { model: run.model, hooks: hooksOf(name, layers), interventions: run.request?.interventions });
}

/** Whether the prompt is missing: the panel was opened, or this page came, when the run had begun. */
const isPartial = (grid) => grid.rows.every((row) => row?.[0] === undefined);

/** Lowest and highest value of all and of each layer; the first token, a sink in most models, is left out where others are. */
function rangesOf(grid) {
  const rows = grid.rows.map((row = []) => {
    let low = Infinity;
    let high = -Infinity;
    row.forEach((value, position) => {
      if (!Number.isFinite(value) || (position === 0 && grid.columns > 1)) return;
      low = Math.min(low, value);
      high = Math.max(high, value);
    });
    return { low, high };
  });
  return { rows, low: Math.min(...rows.map((one) => one.low)), high: Math.max(...rows.map((one) => one.high)) };
}

function shareOf(value, layer, ranges) {
  const { low, high } = scale === "layer" ? ranges.rows[layer] : ranges;
  if (scale === "log") return (Math.log(Math.max(value, 1e-9)) - Math.log(Math.max(low, 1e-9))) / (Math.log(Math.max(high, 1e-9)) - Math.log(Math.max(low, 1e-9)) || 1);
  return (value - low) / (high - low || 1);
}

function contentOf(run, grid, other) {
  const ranges = rangesOf(grid);
  const difference = (layer, position) => other.rows[layer]?.[position] / grid.rows[layer]?.[position] - 1;
  return {
    key: `${run.id} ${component} ${other ? view.versus : ""}`, rows: grid.rows.length, columns: run.tokens.length,
    follows: !run.isOver, marks: [run.promptLength],
    chosen: { row: view.layer, column: view.token },
    edition: (layer) => {
      const { low, high } = (scale === "layer" ? ranges.rows[layer] : ranges) ?? {};
      return [scale, run.edition, other ? versus().version : "", low, high].join();
    },
    row: (layer) => String(layer), column: (position) => visible(run.tokens[position]?.text ?? "", 12),
    cell(layer, position) {
      const value = grid.rows[layer]?.[position];
      if (value === undefined) return null;
      if (!other) return { ground: colour("heat", shareOf(value, layer, ranges)) };
      const change = difference(layer, position);
      return Number.isFinite(change) ? { ground: colour("against", change / 0.5) } : null;
    },
    tip(layer, position) {
      const value = grid.rows[layer]?.[position];
      if (value === undefined) return [];
      const change = other ? difference(layer, position) : NaN;
      return [`layer ${layer}, ${position < run.promptLength ? "prompt" : "answer"} token ${position}`, quoted(run.tokens[position]?.text ?? ""), `norm ${short(value)}`,
        ...(Number.isFinite(change) ? [`beside ${short(other.rows[layer][position])} (${signed(change * 100)} %)`] : [])];
    },
    pick: (layer, position) => look({ layer, token: position, until: null }),
    ranges,
  };
}

addPanel({
  name: "map", title: "Stream map", key: "2", help: "Size of the stream at every layer and token", resizes: 400,
  open(body, tools) {
    const matrix = new Matrix({ name: "Layers by tokens: arrows move the cross-hair, Enter chooses", tallest: 28 });
    const empty = element("div");
    const ramp = element("canvas", { class: "ramp", width: 120, height: 8, "aria-hidden": "true" });
    const low = element("span");
    const high = element("span");
    const note = element("span", { class: "quiet-text" });
    tools.append(
      labelled("show", choice(components, component, (name) => { component = name; remember("map.component", name); drawn = ""; }, { id: "component" })),
      labelled("scale", choice(scales, scale, (name) => { scale = name; remember("map.scale", name); drawn = ""; }, { id: "scale" })));
    const legend = element("div", { class: "legend" }, low, ramp, high, element("span", { class: "spacer" }), note);
    body.append(empty, matrix.root, legend);
    this.matrix = matrix;
    let drawn = "";
    onRedraw(() => { drawn = ""; });
    return () => {
      const run = current();
      const grid = run?.grids.get(component);
      const beside = versus();
      if (run) run.shownGrid = component;
      const key = [run?.id, run?.version, beside?.id, beside?.version, view.token, view.layer, component, scale, refusal].join();
      if (key !== drawn) {
        drawn = key;
        matrix.root.hidden = legend.hidden = !grid;
        empty.replaceChildren(...(grid ? [] : [nothing(run)]));
        if (run && (!grid || isPartial(grid))) fetchGrid(run, component);
        if (grid) {
          if (beside && !beside.grids.has(component)) fetchGrid(beside, component);
          const content = contentOf(run, grid, beside?.grids.get(component));
          matrix.show(content);
          tellScale(content, beside, { ramp, low, high, note });
        }
      }
      matrix.draw();
    };
  },
});

function nothing(run) {
  if (!run) return emptiness("empty", "The map is drawn while a run speaks: one column a token, one row a layer.");
  if (refusal) return emptiness("failed", refusal.message);
  return emptiness("loading", run.isOver ? "Reading these tokens once more for this map …" : "This run does not stream these numbers; the map comes when it is over.");
}

function tellScale({ ranges }, beside, { ramp, low, high, note }) {
  drawRamp(ramp, beside ? "against" : "heat");
  low.textContent = beside ? "half less" : scale === "layer" ? "least of its layer" : short(ranges.low);
  high.textContent = beside ? "half more" : scale === "layer" ? "most of its layer" : short(ranges.high);
  note.textContent = beside ? "norm beside, against norm shown" : "the first token is left out of the scale";
}
