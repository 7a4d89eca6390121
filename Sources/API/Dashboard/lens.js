// The logit lens: what each layer would say, were it the last; the ladder that a token climbs until it is said.

import { choice, element, emptiness, labelled, percent, quoted, visible } from "./dom.js";
import { colour, drawRamp } from "./colours.js";
import { Matrix } from "./matrix.js";
import { addPanel } from "./panels.js";
import { probe, Question } from "./probe.js";
import { client } from "./server.js";
import { current, need } from "./session.js";
import { look, recall, remember, view } from "./store.js";
import { named } from "./strip.js";
import { onRedraw } from "./redraw.js";

const kinds = [["sure", "how sure it is"], ["rank", "rank of the chosen token"]];
let kind = recall("lens.kind") === "rank" ? "rank" : "sure";
/** Positions that are read again at once: a result is one event, and must not be too large. */
const most = 200;

/** At most so many layers, evenly spaced and with the last, so that a deep model's ladder stays readable. */
function lensLayers(count, limit = 32) {
  const step = Math.ceil(count / limit);
  return Array.from({ length: count }, (_, layer) => layer).filter((layer) => (count - 1 - layer) % step === 0);
}

const analysis = (layers) => ({ name: "logit_lens", layers: lensLayers(layers), positions: "all", top: 10 });
need("lens", (model) => ({ analyses: [analysis(model.num_layers)] }));

const question = new Question();
let asked = "";
let refusal = null;

const hasLadder = (run) => run.readings.some((one) => one && one.layers.length > 1);

function readAgain(run) {
  const key = `${run.id} ${run.tokens.length}`;
  if (asked === key || !run.isOver || run.isFile || run.tokens.length < 2) return;
  asked = key;
  refusal = null;
  const ask = async () => {
    const { num_layers: layers } = await client.describeModel(run.model);
    const from = Math.max(0, run.tokens.length - most);
    return probe(run.tokenIds, { model: run.model, interventions: run.request?.interventions, analyses: [{ ...analysis(layers), positions: { from, to: run.tokens.length }, top: 5 }] });
  };
  question.ask(ask(), (pass) => { run.readings = pass.readings; run.revise(); }, (error) => { refusal = error; });
}

function shareOf(cell) {
  if (kind === "sure") return Math.exp(cell.top[0]?.logprob ?? -Infinity);
  return cell.target ? 1 - Math.min(1, Math.log10(1 + cell.target.rank) / 3) : 0;
}

function contentOf(run) {
  const layers = run.readings.find((one) => one && one.layers.length > 1).layers;
  const at = (row, position) => run.readings[position - 1]?.cells[row];
  return {
    key: run.id, rows: layers.length, columns: run.tokens.length, follows: !run.isOver, marks: [run.promptLength],
    chosen: { row: layers.indexOf(view.layer), column: view.token },
    edition: () => `${kind} ${run.edition}`,
    row: (row) => String(layers[row]), column: (position) => named(run.tokens[position], 10),
    cell(row, position) {
      const cell = at(row, position);
      if (!cell?.top.length) return null;
      const best = cell.top[0];
      const text = kind === "rank" ? (cell.target ? String(cell.target.rank + 1) : "") : visible(best.text, 10);
      return { ground: colour("heat", shareOf(cell) * 0.85), text, strong: best.token_id === run.tokens[position].id };
    },
    tip(row, position) {
      const cell = at(row, position);
      if (!cell) return [];
      const chosen = run.tokens[position];
      const { target } = cell;
      return [`layer ${layers[row]}, at ${quoted(run.tokens[position - 1].text, 20)}`,
        ...cell.top.slice(0, 5).map((one) => `${percent(one.logprob).padStart(9)}  ${visible(one.text, 24)}`),
        ...(target ? [`said: ${named(chosen, 24)}, ${percent(target.logprob)}, rank ${target.rank + 1}`] : [])];
    },
    pick: (row, position) => look({ layer: layers[row], token: position, until: null }),
  };
}

addPanel({
  name: "lens", title: "Logit lens", key: "3", help: "What each layer would say next; bold is what was said", resizes: 520,
  open(body, tools) {
    const matrix = new Matrix({ name: "Layers by tokens: what each layer would say", cellHeight: 18, widest: 66, foot: 24 });
    matrix.cellWidth = 66;
    const empty = element("div");
    const ramp = element("canvas", { class: "ramp", width: 120, height: 8, "aria-hidden": "true" });
    const low = element("span");
    const high = element("span");
    const legend = element("div", { class: "legend" }, low, ramp, high);
    let drawn = "";
    tools.append(labelled("colour", choice(kinds, kind, (name) => { kind = name; remember("lens.kind", name); drawn = ""; }, { id: "lens-kind" })));
    body.append(empty, matrix.root, legend);
    onRedraw(() => { drawn = ""; });
    return () => {
      const run = current();
      const isThere = run && hasLadder(run);
      const key = [run?.id, run?.version, view.token, view.layer, kind, refusal?.message].join();
      if (key !== drawn) {
        drawn = key;
        matrix.root.hidden = legend.hidden = !isThere;
        empty.replaceChildren(...(isThere ? [] : [nothing(run)]));
        if (run && !isThere) readAgain(run);
        if (isThere) matrix.show(contentOf(run));
        drawRamp(ramp, "heat");
        [low.textContent, high.textContent] = kind === "sure" ? ["unsure", "sure"] : ["rank 1000", "rank 1"];
      }
      matrix.draw();
    };
  },
});

function nothing(run) {
  if (!run) return emptiness("empty", "While a run speaks, each column shows what every layer would have said in its place.");
  if (refusal) return emptiness("failed", refusal.message);
  return emptiness("loading", run.isOver ? "Reading these tokens once more, layer by layer …" : "This run was begun without the lens; it comes when the run is over.");
}
