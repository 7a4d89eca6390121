// What runs are watched for: a list with switches, kept in the browser. What is switched on holds for every run that the page
// begins; a run beside another one is marked where it would have been paused, for nobody would see it stand.

import { quoted, short } from "./dom.js";
import { recall, remember } from "./store.js";

let watches = read();
let version = 0;
const listeners = new Set();

function read() {
  try {
    const kept = JSON.parse(recall("watches") ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => one?.spec?.then && (one.spec.surprise || one.spec.text || one.spec.hook?.layer_name)) : [];
  } catch {
    return [];
  }
}

function keep(changed) {
  watches = changed;
  version += 1;
  remember("watches", JSON.stringify(watches));
  for (const listener of listeners) listener();
}

export function onWatches(listener) { listeners.add(listener); }

export const allWatches = () => watches;
export const watchesVersion = () => version;

/** What a new run is watched for; `isShown` says whether somebody would see it stand. */
export function watchesInForce(isShown = true) {
  return watches.filter((one) => one.isOn).map(({ spec }) => (isShown || spec.then !== "pause" ? spec : { ...spec, then: "mark" }));
}

/** Adds a watch, switched on; one that is there already is switched on again. `origin` tells where its direction is from. */
export function addWatch(spec, origin) {
  const key = JSON.stringify(spec);
  const others = watches.filter((one) => one.key !== key);
  const number = 1 + Math.max(0, ...watches.map((one) => one.number));
  keep([...others, { key, number, isOn: true, origin, spec }]);
}

export function switchWatch(number, isOn) { keep(watches.map((one) => (one.number === number ? { ...one, isOn } : one))); }
export function removeWatch(number) { keep(watches.filter((one) => one.number !== number)); }

/** The wire tells surprise in nats, the page in bits. */
export const bitsOf = (nats) => nats / Math.LN2;
export const natsOf = (bits) => bits * Math.LN2;

const parts = { residual: "the residual stream", attention: "the attention's output", mlp: "the MLP's output" };

function placeOf({ layer_name: name, component, heads }) {
  const layer = /\d+/.exec(name)?.[0] ?? "";
  if (name.endsWith("hook_pattern")) return `a weight of ${heads ? `head ${heads} of ` : ""}layer ${layer}`;
  return heads ? `head ${heads} of layer ${layer}` : `${parts[component] ?? component} of layer ${layer}`;
}

const sizes = { norm: "the size of ", mean_abs: "the mean size of " };

const subjectOf = ({ hook, surprise }) => (surprise ? "surprise" : `${hook.reduce?.project ? "one direction of " : sizes[hook.reduce] ?? (hook.layer_name.endsWith("hook_pattern") ? "" : "a number of ")}${placeOf(hook)}`);

/** What a number is held against, in words. */
function boundOf({ surprise, above, below, changes_by: change }) {
  const told = (value) => (surprise ? `${short(bitsOf(value))} bits` : short(value));
  if (above !== undefined) return `above ${told(above)}`;
  if (below !== undefined) return `below ${told(below)}`;
  return change !== undefined ? `changes by ${told(change)}` : "is not finite";
}

/** A watch in words: `surprise above 6 bits`. */
export function watchInWords(spec) {
  if (spec.text !== undefined) return `a token with ${quoted(spec.text, 24)}`;
  return `${subjectOf(spec)} ${boundOf(spec)}${spec.hook?.positions === "last" ? ", at the newest token" : ""}`;
}

/** The watch that fired, as far as the event tells it: a run of somebody else was asked for what this page does not know. */
export function watchOf({ condition, threshold, text, ...event }) {
  if (condition === "text") return { text };
  const bound = condition === "non_finite" ? {} : { [condition]: threshold };
  return event.layer_name === undefined ? { surprise: true, ...bound } : { hook: { layer_name: event.point, component: event.component }, ...bound };
}

/** The number that fired it, in the page's unit. */
export function firedValue(fired) {
  if (fired.condition === "text") return quoted(fired.text, 24);
  if (fired.value === null) return "not finite";
  return fired.layer_name === undefined ? `${short(bitsOf(fired.value))} bits` : short(fired.value);
}
