// Path patching, set up by clicking: what the chosen inputs read of each head, everything else held fixed. The head that is found is
// the next one whose inputs are asked about, so a circuit is walked from its answer back.

import { button, choice, element, labelled, signed } from "./dom.js";
import { colour } from "./colours.js";
import { placeFields } from "./place-fields.js";
import { look, view } from "./store.js";

const parts = [["q", "queries of"], ["k", "keys of"], ["v", "values of"], ["mlp_in", "input of the MLP of"], ["logits", "the scores"]];
const isHead = (part) => ["q", "k", "v"].includes(part);

/** A receiver in words: `queries of head 3 of layer 9`. */
function told({ component, layer, head }) {
  const words = Object.fromEntries(parts)[component] ?? component;
  return component === "logits" ? words : `${words} ${head === undefined ? "" : `head ${head} of `}layer ${layer}`;
}

export function receiversField() {
  let receivers = [{ component: "logits" }];
  const list = element("ul", { class: "changes", id: "receivers" });
  const part = choice(parts, "q", shape, { id: "receiver-part" });
  const { layer, head, follow } = placeFields("receiver");
  const labels = [labelled("layer", layer), labelled("head", head)];
  const frozen = choice([["both", "through nothing else"], ["heads", "through MLPs too"]], "both", () => {}, { id: "path-frozen" });
  const root = element("div", { class: "receivers", hidden: true }, list,
    element("div", { class: "row" }, labelled("add", part), ...labels, button("Add", add, { id: "receiver-add", class: "quiet" }),
      element("span", { class: "spacer" }), labelled("paths", frozen)));

  function shape() {
    labels[0].hidden = part.value === "logits";
    labels[1].hidden = !isHead(part.value);
  }

  function show() {
    list.replaceChildren(...receivers.map((one) => element("li", { class: "change" }, element("span", { class: "change-words", text: told(one) }),
      button("×", () => { receivers = receivers.filter((other) => other !== one); show(); }, { class: "close", "aria-label": `Remove: ${told(one)}` }))));
  }

  /** Scores are read by nothing else: they stand alone, or the inputs of heads and MLPs do. */
  function add() {
    const component = part.value;
    const made = { component, ...(component === "logits" ? {} : { layer: Number(layer.value) }), ...(isHead(component) ? { head: Number(head.value) } : {}) };
    receivers = [...receivers.filter((one) => one.component !== "logits" && component !== "logits" && told(one) !== told(made)), made];
    show();
  }

  shape();
  show();
  return {
    root,
    /** What is asked: the receivers read together. */
    get value() {
      if (!receivers.length) throw new Error("Add what is read: the scores, or the queries, keys or values of a head.");
      return { receivers: [receivers], ...(frozen.value === "heads" ? { frozen: ["heads"] } : {}) };
    },
    follow,
  };
}

/** The result as a map: layers upwards, the senders' heads sideways. */
export function pathContent(result) {
  const at = new Map();
  result.senders.forEach((group, index) => {
    const [{ component, layer, head }] = group;
    if (group.length === 1 && component === "z" && head !== undefined) at.set(`${layer} ${head}`, index);
  });
  const places = [...at.keys()].map((key) => key.split(" ").map(Number));
  const rows = 1 + Math.max(0, ...places.map(([layer]) => layer));
  const columns = 1 + Math.max(0, ...places.map(([, head]) => head));
  const value = (row, column) => { const index = at.get(`${row} ${column}`); return index === undefined ? null : result.effect[index][0]; };
  const most = Math.max(1e-6, ...result.effect.map(([one]) => Math.abs(one ?? 0)));
  return {
    key: JSON.stringify([result.receivers, result.clean, rows]), rows, columns, follows: false, most, chosen: { row: view.layer, column: view.layer === null ? null : view.head },
    row: (row) => String(row), column: (column) => `head ${column}`,
    // What is lost of the answer is what the head gave to it.
    cell(row, column) { const number = value(row, column); return number === null ? null : { ground: colour("against", number / most) }; },
    tip(row, column) {
      const number = value(row, column);
      return number === null ? [`layer ${row}, head ${column}`, "no path leads there"]
        : [`layer ${row}, head ${column}`, `gives ${signed(number * 100)} % of the difference`, `difference of logits without it ${signed(result.logit_diff[at.get(`${row} ${column}`)][0])}`];
    },
    pick: (row, column) => look({ layer: row, head: column }),
  };
}

/** The receivers of a result in words. */
export const receiversTold = (result) => result.receivers.flat().map(told).join(", ");
