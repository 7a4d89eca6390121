// What heads are called: found by the server with tests of its own, once for a model, and shown as a list of kinds and in the pictures of
// attention.

import { button, element, emptiness } from "./dom.js";
import { client, server } from "./server.js";
import { look, recall, remember, view } from "./store.js";

/** By model: `{progress}` while it is being found, `{found, kinds}`, or `{error}`. */
const states = new Map();
let version = 0;

export const headNamesVersion = () => version;

function set(model, state) { states.set(model, state); version += 1; }

/** Kinds as people write them, and the letter that stands in a small picture. */
const kinds = {
  previous_token: ["previous token", "P"], duplicate_token: ["duplicate token", "D"], induction: ["induction", "I"], name_mover: ["name mover", "N"],
  s_inhibition: ["S-inhibition", "S"], copy_suppression: ["copy suppression", "C"], attention_sink: ["attention sink", "0"],
};
const wordsOf = (kind) => kinds[kind]?.[0] ?? kind.replaceAll("_", " ");

async function find(model) {
  set(model, { progress: { done: 0, total: 1 } });
  try {
    const { heads, kinds: meanings } = await client.namedHeads(model, { progress: (progress) => set(model, { progress }) });
    const named = new Map(heads.map((one) => [`${one.layer} ${one.head}`, Object.entries(one.kinds).sort(([, one], [, other]) => other - one)]));
    set(model, { heads, meanings, named });
    remember(`named.${model}`, "yes");
  } catch (error) {
    set(model, { error });
  }
}

/** What a head was found to be, the surest first: `[kind, score]`; nothing where nobody has asked. */
export const kindsOf = (model, layer, head) => states.get(model)?.named?.get(`${layer} ${head}`) ?? [];

/** The same in words. */
export const kindWords = (model, layer, head) => kindsOf(model, layer, head).map(([kind, score]) => `${wordsOf(kind)} ${score.toFixed(2)}`);

/** The letter of what it is most. */
export const kindLetter = (model, layer, head) => kinds[kindsOf(model, layer, head)[0]?.[0]]?.[1] ?? "";

/** What the letters stand for, as far as a model has them. */
export function letterLegend(model) {
  const { heads = [] } = states.get(model) ?? {};
  const there = new Set(heads.flatMap((one) => Object.keys(one.kinds)));
  return Object.entries(kinds).filter(([kind]) => there.has(kind)).map(([, [words, letter]]) => `${letter} ${words}`).join(", ");
}

/** Asks for names, and tells how far the finding is; nothing once they are there. */
export function askForNames(model, id) {
  const { progress, error, heads } = states.get(model) ?? {};
  if (heads) return [];
  if (error) return [emptiness("failed", error.message, button("Try again", () => find(model), { class: "quiet" }))];
  // The server keeps them: whoever has asked once is told at once.
  if (!progress && recall(`named.${model}`) === "yes") find(model);
  else if (!progress) return [button("Name the heads", () => find(model), { class: "quiet", id, title: "Runs tests that are made for it, once for a model" })];
  const { done, total } = states.get(model).progress;
  const bar = element("progress", { max: total, value: done, "aria-label": "Naming the heads" });
  return [element("div", { class: "row" }, element("span", { class: "quiet-text number", text: `naming: ${done} of ${total} passes` }), bar)];
}

function headButton({ layer, head, score }) {
  const isChosen = view.layer === layer && view.head === head;
  return button(`${layer}.${head}`, () => look({ layer, head }), {
    class: "quiet named-head", "data-layer": layer, "data-head": head, "aria-pressed": String(isChosen), title: `head ${head} of layer ${layer}: ${score.toFixed(3)}`,
  });
}

function table({ heads, meanings }) {
  const rows = meanings.map((kind) => {
    const found = heads.filter((one) => kind.name in one.kinds).map((one) => ({ layer: one.layer, head: one.head, score: one.kinds[kind.name] }));
    found.sort((one, other) => other.score - one.score);
    return element("tr", { "data-kind": kind.name },
      element("th", { scope: "row", text: wordsOf(kind.name), title: kind.score }), element("td", { class: "number", text: `≥ ${kind.threshold}` }),
      element("td", { class: "row" }, ...(found.length ? found.slice(0, 40).map(headButton) : [element("span", { class: "quiet-text", text: "none" })]),
        found.length > 40 ? element("span", { class: "quiet-text", text: `and ${found.length - 40} more` }) : null));
  });
  return element("table", { class: "list names", id: "head-names" },
    element("thead", {}, element("tr", {}, element("th", { scope: "col", text: "kind" }), element("th", { scope: "col", text: "from" }), element("th", { scope: "col", text: "heads, as layer.head, the surest first" }))),
    element("tbody", {}, ...rows));
}

/** The section of the analyses panel. */
export function namesSection() {
  const place = element("div");
  let drawn = "";
  return {
    root: element("section", {}, element("h3", { text: "What the heads are" }), place),
    draw() {
      const model = server.model?.model_id;
      const key = [model, version, view.layer, view.head].join();
      if (key === drawn) return;
      drawn = key;
      const state = states.get(model);
      place.replaceChildren(...(model ? askForNames(model, "name-heads") : []), ...(state?.heads ? [table(state)] : []));
    },
  };
}
