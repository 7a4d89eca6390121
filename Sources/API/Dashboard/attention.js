// Attention: all heads small, one head large, and the chosen token's arcs over the text.

import { addChange, cutOf } from "./changes.js";
import { button, element, emptiness, labelled, percent, quoted, short } from "./dom.js";
import { colour, drawRamp } from "./colours.js";
import { drawArcs } from "./arcs.js";
import { Heads, nameOf, weightsAt } from "./heads.js";
import { askForNames, headNamesVersion, kindWords, letterLegend } from "./head-names.js";
import { Matrix } from "./matrix.js";
import { addPanel } from "./panels.js";
import { probe, Question } from "./probe.js";
import { client, server } from "./server.js";
import { current, need } from "./session.js";
import { look, recall, remember, view } from "./store.js";
import { named } from "./strip.js";
import { onRedraw } from "./redraw.js";

/** Tokens up to which all heads are read again at once; of longer texts one layer is. */
const most = 400;
let isWeighted = recall("attention.weighted") === "yes";
let threshold = Number(recall("attention.threshold") ?? 0.05);

const hooksOf = (layers) => layers.flatMap((layer) => [
  { layer_name: `transformer.h.${layer}`, component: "attention_pattern", hook_id: `pattern.${layer}`, dtype: "f16" },
  { layer_name: `transformer.h.${layer}`, component: "value", hook_id: `value.${layer}`, reduce: "norm" },
]);
const allLayers = (count) => Array.from({ length: count }, (_, layer) => layer);
need("attention", (model) => ({ hooks: hooksOf(allLayers(model.num_layers)), analyses: [{ name: "head_scores" }] }));

const question = new Question();
let asked = "";
let refusal = null;

function readAgain(run) {
  const isLong = run.tokens.length > most;
  const key = `${run.id} ${run.tokens.length} ${isLong ? view.layer ?? 0 : "all"}`;
  if (asked === key || !run.isOver || run.isFile || !run.tokens.length) return;
  asked = key;
  refusal = null;
  const ask = async () => {
    const { num_layers: count } = await client.describeModel(run.model);
    const hooks = hooksOf(isLong ? [view.layer ?? 0] : allLayers(count));
    return probe(run.tokenIds, { model: run.model, interventions: run.request?.interventions, hooks, analyses: [{ name: "head_scores" }] });
  };
  question.ask(ask(), (pass) => {
    Object.assign(run.patterns, pass.patterns);
    Object.assign(run.values, pass.values);
    run.headScores ??= pass.result("head_scores");
    run.revise();
  }, (error) => { refusal = error; });
}

/** Whether the chosen layer, or the prompt, is missing. */
const isPartial = (run) => (view.layer !== null && !run.patterns[view.layer]) || run.patterns.every((layer) => !layer?.[0]);

/** The large head: rows look, columns are looked at. */
function contentOf(run, layer, head) {
  const row = (query) => weightsAt(run, layer, head, query, isWeighted);
  let cachedAt = -1;
  let cached = null;
  const weights = (query) => {
    if (cachedAt !== query) { cachedAt = query; cached = row(query); }
    return cached;
  };
  return {
    key: `${run.id} ${layer} ${head}`, rows: run.tokens.length, columns: run.tokens.length, follows: false, marks: [run.promptLength],
    chosen: { row: view.token === null ? null : view.token - 1, column: null },
    edition: () => (isWeighted ? `weighted ${run.version}` : run.edition),
    row: (query) => named(run.tokens[query], 11), column: (key) => named(run.tokens[key], 10),
    cell(query, key) {
      if (key > query) return null;
      const weight = weights(query)?.[key];
      return weight === undefined ? null : { ground: colour("attention", Math.sqrt(weight)) };
    },
    tip(query, key) {
      const weight = weights(query)?.[key];
      if (weight === undefined || key > query) return [];
      return [`${quoted(run.tokens[query].text, 24)} looks at ${quoted(run.tokens[key].text, 24)}`, `${percent(Math.log(weight))} of layer ${layer}, head ${head}${isWeighted ? ", by size of values" : ""}`];
    },
    pick: (query) => look({ token: Math.min(query + 1, run.tokens.length - 1), until: null }),
  };
}

/** In words: where the head looked when the chosen token was made. */
function sentence(run, layer, head) {
  const names = [nameOf(run, layer, head), ...kindWords(run.model, layer, head)].filter(Boolean);
  const parts = [`Head ${head} of layer ${layer}${names.length ? ` (${names.join(", ")})` : ""}`];
  if (view.token > 0) {
    const weights = weightsAt(run, layer, head, view.token - 1, isWeighted);
    if (!weights) return `${parts[0]}: the token before the chosen one has not been read yet.`;
    const best = [...weights.keys()].sort((one, other) => weights[other] - weights[one]).slice(0, 3).filter((key) => weights[key] >= 0.01);
    parts.push(`at ${quoted(run.tokens[view.token - 1].text, 16)}, about to say ${quoted(run.tokens[view.token].text, 16)}, looks at ${best.map((key) => `${quoted(run.tokens[key].text, 16)} ${percent(Math.log(weights[key]))}`).join(", ")}`);
  } else {
    parts.push("choose a token to see where it looked");
  }
  const rest = run.patterns[layer].filter(Boolean).map((row) => row[head]).filter((row) => row.length > 1);
  const sink = rest.reduce((sum, row) => sum + row[0], 0) / (rest.length || 1);
  return `${parts.join(", ")}. On the first token lies ${short(sink * 100)} % of it on average.`;
}

addPanel({
  name: "attention", title: "Attention", key: "4", help: "Where every head looks",
  open(body, tools) {
    const heads = new Heads();
    const large = new Matrix({ name: "Rows look at columns", cellHeight: 14, widest: 26, foot: 58, side: 92, upwards: false });
    large.box.classList.add("attention-large");
    const empty = element("div");
    const words = element("p", { class: "attention-words", id: "attention-words" });
    const ramp = element("canvas", { class: "ramp", width: 120, height: 8, "aria-hidden": "true" });
    const legend = element("div", { class: "legend" }, element("span", { text: "0" }), ramp, element("span", { text: "all of its attention" }));
    const weighted = element("input", { type: "checkbox", id: "value-weighted", on: { change: () => { isWeighted = weighted.checked; remember("attention.weighted", isWeighted ? "yes" : "no"); drawn = ""; } } });
    weighted.checked = isWeighted;
    const least = element("input", { type: "range", id: "attention-threshold", min: 0, max: 0.5, step: 0.01, value: threshold, on: { input: () => { threshold = Number(least.value); remember("attention.threshold", threshold); drawn = ""; } } });
    tools.append(labelled("arcs from", least), labelled("by size of values", weighted, { class: "check" }));
    const names = element("div", { class: "attention-names quiet-text", id: "attention-names" });
    const parts = element("div", {}, heads.root, names, element("div", { class: "attention-parts" }, large.root, element("div", { class: "attention-side" }, words, legend)));
    body.append(empty, parts);
    let drawn = "";
    onRedraw(() => { drawn = ""; heads.forget(); });
    this.shut = () => drawArcs(null);
    return () => {
      const run = current();
      const isThere = Boolean(run?.patterns.some((layer) => layer?.length));
      const key = [run?.id, run?.version, view.token, view.until, view.layer, view.head, refusal?.message, isWeighted, threshold, innerWidth, headNamesVersion()].join();
      if (key !== drawn) {
        drawn = key;
        parts.hidden = !isThere;
        empty.replaceChildren(...(isThere ? [] : [nothing(run)]));
        if (run && (!isThere || isPartial(run))) readAgain(run);
        if (isThere) show(run, { heads, large, words, names });
        else drawArcs(null);
        drawRamp(ramp, "attention");
      }
      heads.draw();
      large.draw();
    };
  },
});

function show(run, { heads, large, words, names }) {
  const layer = run.patterns[view.layer] ? view.layer : run.patterns.findIndex((one) => one?.length);
  const count = run.patterns[layer].find(Boolean)?.length ?? 1;
  const head = view.head !== null && view.head < count ? view.head : 0;
  heads.show(run, layer, head);
  showNames(names, run.model);
  large.box.style.height = `${Math.min(520, run.tokens.length * 14 + 62)}px`;
  large.show(contentOf(run, layer, head));
  words.replaceChildren(element("span", { text: sentence(run, layer, head) }), " ", button("cut this head", () => addChange(cutOf(layer, head)), { class: "quiet", id: "cut-head" }));
  drawArcs(run, layer, head, { threshold, isWeighted });
}

/** Asks what the heads are called, or says what the letters in the pictures stand for; a run's next token changes nothing of it. */
function showNames(names, model) {
  const isLoaded = server.models.some((one) => one.model_id === model);
  const key = `${model} ${isLoaded} ${headNamesVersion()}`;
  if (names.dataset.key === key) return;
  names.dataset.key = key;
  const asking = isLoaded ? askForNames(model, "attention-name-heads") : [];
  names.replaceChildren(...(asking.length ? asking : [letterLegend(model)]));
}

function nothing(run) {
  if (!run) return emptiness("empty", "While a run speaks, every head is drawn here: rows look, columns are looked at.");
  if (refusal) return emptiness("failed", refusal.message);
  return emptiness("loading", run.isOver ? "Reading these tokens once more, with the attention of all heads …" : "This run was begun without attention; it comes when the run is over.");
}
