// The changes of the forward pass that this page has set up: a list with switches. What is switched on is in force for every
// changed run that the page begins. Kept in the browser, so a reload does not lose an experiment.

import { recall, remember } from "./store.js";

const listeners = new Set();
let changes = read();

function read() {
  try {
    const kept = JSON.parse(recall("changes") ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => one?.spec?.layer_name && one.spec.kind) : [];
  } catch {
    return [];
  }
}

export function onChanges(listener) { listeners.add(listener); }

function announce() {
  remember("changes", JSON.stringify(changes));
  for (const listener of listeners) listener(changes);
}

export const allChanges = () => changes;
export const changesInForce = () => changes.filter((one) => one.isOn).map((one) => one.spec);

/** Adds a change, switched on; one that is there already is switched on again. `origin` tells where its vectors are from. */
export function addChange(spec, origin) {
  const key = JSON.stringify({ ...spec, intervention_id: undefined });
  const found = changes.find((one) => one.key === key);
  if (found) {
    changes = changes.map((one) => (one === found ? { ...one, isOn: true } : one));
  } else {
    const number = 1 + Math.max(0, ...changes.map((one) => one.number));
    changes = [...changes, { key, number, isOn: true, origin, spec: { ...spec, intervention_id: `change-${number}` } }];
  }
  announce();
}

export function switchChange(number, isOn) {
  changes = changes.map((one) => (one.number === number ? { ...one, isOn } : one));
  announce();
}

export function removeChange(number) {
  changes = changes.filter((one) => one.number !== number);
  announce();
}

export function clearChanges() { changes = []; announce(); }

const verbs = {
  zero: "cut", mean: "mean of", scale: "scale", add: "steer", clamp: "clamp", noise: "noise in", patch: "patch",
  force_experts: "force experts in", ban_experts: "ban experts in",
};
const places = {
  residual: "residual stream", attention: "attention", mlp: "MLP", z: "head", result: "head", attention_pattern: "pattern of head",
};

/** A change in words: `cut head 3 of layer 14`. */
export function changeInWords({ layer_name: name, component, kind, heads, positions, strength }) {
  const layer = /\d+/.exec(name)?.[0];
  const what = heads?.length ? `head ${heads.join(", ")}` : places[component] ?? component;
  const where = layer === undefined ? "" : ` of layer ${layer}`;
  const at = Array.isArray(positions) ? ` at token ${positions.join(", ")}`
    : positions?.from !== undefined ? ` at tokens ${positions.from}–${positions.to - 1}` : "";
  const by = strength === undefined || strength === null ? "" : ` by ${strength}`;
  return `${verbs[kind] ?? kind} ${what}${where}${at}${by}`;
}

/** A change of the list in words, with where its vectors are from. */
export const toldChange = ({ spec, origin }) => `${changeInWords(spec)}${typeof origin === "string" ? `: ${origin}` : ""}`;

/** The cut of a head, or with no head of an MLP. */
export function cutOf(layer, head) {
  return head === null
    ? { layer_name: `transformer.h.${layer}`, component: "mlp", kind: "zero" }
    : { layer_name: `blocks.${layer}.attn.hook_z`, component: "attention", kind: "zero", heads: [head] };
}
