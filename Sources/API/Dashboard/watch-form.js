// How a breakpoint is put together: what is looked at, when it fires, what is done then.

import { choice, element, labelled, short, tell } from "./dom.js";
import { directionOf } from "./directions.js";
import { placeFields } from "./place-fields.js";
import { current } from "./session.js";
import { addWatch, bitsOf, natsOf } from "./watches.js";

const subjects = [
  ["surprise", "a token's surprise"], ["text", "a token's text"], ["residual", "residual stream"], ["attention", "attention's output"],
  ["mlp", "MLP's output"], ["head", "one head's output"], ["pattern", "where one head looks"],
];
const isToken = (subject) => subject === "surprise" || subject === "text";
const isHead = (subject) => subject === "head" || subject === "pattern";
const conditions = [["above", "is above"], ["below", "is below"], ["changes_by", "changes by"], ["non_finite", "is not finite"]];
const reductions = [["norm", "its size"], ["mean_abs", "its mean size"], ["along", "how far it goes the chosen token's way"], ["none", "any of its numbers"]];
const actions = [["pause", "pause"], ["mark", "mark"], ["snapshot", "keep its row"]];

/** The tensor of a layer, as hooks name it, and where a direction that it is projected on is from. */
async function hookOf({ subject, layer, head, reduce, positions }) {
  const place = {
    head: { layer_name: `blocks.${layer}.attn.hook_z`, heads: [head] }, pattern: { layer_name: `blocks.${layer}.attn.hook_pattern`, heads: [head] },
  }[subject] ?? { layer_name: `transformer.h.${layer}`, component: subject };
  const hook = { ...place, ...(positions === "last" ? { positions } : {}) };
  if (reduce === "none" || subject === "pattern") return { hook };
  if (reduce !== "along") return { hook: { ...hook, reduce } };
  const { vector, words } = await directionOf({ from: "own" }, place);
  const size = Math.hypot(...vector) || 1;
  return { hook: { ...hook, reduce: { project: [vector.map((one) => one / size)] } }, origin: words };
}

/** The watch as the API takes it, and where its direction is from. */
async function build({ subject, condition, bound, text, then, ...place }) {
  if (subject === "text") {
    if (!text) throw new Error("Write the text that a token has to hold, such as “ Mary”; a blank before it counts.");
    return { spec: { text, then } };
  }
  const isFault = condition === "non_finite";
  if (!isFault && (bound.trim() === "" || !Number.isFinite(Number(bound)))) throw new Error("Write the number that it is held against.");
  const limit = isFault ? true : subject === "surprise" ? natsOf(Number(bound)) : Number(bound);
  if (subject === "surprise") return { spec: { surprise: true, [condition]: limit, then } };
  const { hook, origin } = await hookOf({ subject, ...place });
  return { spec: { hook, [condition]: limit, then }, origin };
}

/** From which to which number it went in the shown run, where the page knows. */
function rangeOf(run, subject, layer, reduce) {
  if (!run) return null;
  let numbers = [];
  if (subject === "surprise") numbers = run.tokens.map((token) => (token.logprob === null ? NaN : bitsOf(-token.logprob)));
  else if (reduce === "norm") numbers = run.grids.get(subject)?.rows[layer] ?? [];
  const known = numbers.filter(Number.isFinite);
  return known.length > 1 ? [Math.min(...known), Math.max(...known)] : null;
}

export function watchForm() {
  const subject = choice(subjects, "surprise", shape, { id: "watch-subject" });
  const { layer, head, follow } = placeFields("watch", shape);
  const reduce = choice(reductions, "norm", shape, { id: "watch-reduce" });
  const condition = choice(conditions, "above", shape, { id: "watch-condition" });
  const bound = element("input", { id: "watch-bound", type: "text", inputmode: "decimal", class: "bound", "aria-label": "Number that it is held against" });
  const text = element("input", { id: "watch-text", type: "text", maxlength: 200, spellcheck: "false", placeholder: " Mary" });
  const positions = choice([["all", "every token"], ["last", "the newest token"]], "all", () => {}, { id: "watch-positions" });
  const then = choice(actions, "pause", () => {}, { id: "watch-then" });
  const range = element("span", { class: "quiet-text number", id: "watch-range" });
  const unit = element("span", { class: "quiet-text", text: "bits" });
  const labels = {
    layer: labelled("layer", layer), head: labelled("head", head), reduce: labelled("by", reduce), condition: labelled("when it", condition),
    text: labelled("holds", text), positions: labelled("at", positions),
  };
  const root = element("form", { class: "change-form row", on: { submit } },
    labelled("do", then), labelled("when", subject), labels.layer, labels.head, labels.reduce, labels.text, labels.condition, bound, unit, labels.positions,
    element("button", { type: "submit", id: "watch-add", text: "Add" }), range);
  let shown = "";

  function shape() {
    const kind = subject.value;
    labels.layer.hidden = isToken(kind);
    labels.head.hidden = !isHead(kind);
    labels.reduce.hidden = isToken(kind) || kind === "pattern";
    labels.text.hidden = kind !== "text";
    labels.condition.hidden = kind === "text";
    bound.hidden = kind === "text" || condition.value === "non_finite";
    unit.hidden = bound.hidden || kind !== "surprise";
    labels.positions.hidden = isToken(kind);
    const [, , change, fault] = condition.options;
    change.disabled = kind === "pattern";
    fault.disabled = kind === "surprise";
    const along = [...reduce.options].find((one) => one.value === "along");
    along.disabled = isHead(kind);
    if (reduce.selectedOptions[0].disabled) reduce.value = "norm";
    if (condition.selectedOptions[0].disabled) condition.value = "above";
    then.options[2].disabled = isToken(kind);
    if (then.selectedOptions[0].disabled) then.value = "mark";
    shown = "";
  }

  async function submit(event) {
    event.preventDefault();
    try {
      const { spec, origin } = await build({
        subject: subject.value, layer: Number(layer.value), head: Number(head.value), reduce: reduce.value, condition: condition.value,
        bound: bound.value, text: text.value, positions: positions.value, then: then.value,
      });
      addWatch(spec, origin);
    } catch (error) {
      tell(error.message);
    }
  }

  shape();
  return {
    root,
    draw() {
      if (follow()) shown = "";
      const run = current();
      const now = `${run?.id} ${run?.version} ${layer.value}`;
      if (now === shown) return;
      shown = now;
      const found = bound.hidden ? null : rangeOf(run, subject.value, Number(layer.value), reduce.value);
      range.textContent = found ? `in the shown run from ${short(found[0])} to ${short(found[1])}` : "";
    },
  };
}
