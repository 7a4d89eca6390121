// Experts of a mixture: which of them each token was sent to, layer by layer, and how the load was shared.

import { button, element, emptiness, quoted, short, tell } from "./dom.js";
import { addChange } from "./changes.js";
import { colour, css } from "./colours.js";
import { Matrix } from "./matrix.js";
import { addPanel } from "./panels.js";
import { server } from "./server.js";
import { current, need } from "./session.js";
import { look, view } from "./store.js";
import { named } from "./strip.js";
import { onRedraw } from "./redraw.js";

const isMixture = () => (server.model?.num_experts ?? 0) > 1;

need("experts", (model) => (model.num_experts > 1 ? {
  hooks: Array.from({ length: model.num_layers }, (_, layer) => ["experts", "weights"].map((what) => (
    { layer_name: `blocks.${layer}.mlp.hook_${what}`, component: "moe", hook_id: `${what}.${layer}` }))).flat(),
} : {}));

/** A lane of one layer: experts upwards, tokens sideways, the weight as the colour. */
function contentOf(run, layer, count) {
  const lane = run.experts[layer] ?? [];
  const weight = (expert, position) => {
    const cell = lane[position];
    const place = cell?.ids?.indexOf(expert) ?? -1;
    return place < 0 ? null : cell.weights?.[place] ?? 1;
  };
  return {
    key: `${run.id} ${layer}`, rows: count, columns: run.tokens.length, follows: !run.isOver, marks: [run.promptLength], chosen: { row: null, column: view.token },
    row: (expert) => String(expert), column: (position) => named(run.tokens[position], 10),
    cell: (expert, position) => { const share = weight(expert, position); return share === null ? null : { ground: colour("heat", 0.15 + 0.85 * share) }; },
    tip: (expert, position) => { const share = weight(expert, position); return share === null ? [] : [`expert ${expert} of layer ${layer}`, quoted(run.tokens[position].text, 24), `weight ${short(share)}`]; },
    pick: (expert, position) => look({ layer, token: position, until: null }),
  };
}

/** How often each expert of a layer was chosen. */
function loadOf(run, layer, count) {
  const load = Array(count).fill(0);
  for (const cell of run.experts[layer] ?? []) for (const id of cell?.ids ?? []) load[id] += 1;
  return load;
}

function change(kind, layer, expert) {
  addChange({ layer_name: `transformer.h.${layer}`, component: "moe", kind, experts: [expert] });
  tell(`Expert ${expert} of layer ${layer}: the changed run appears below the tokens.`);
}

addPanel({
  name: "experts", title: "Experts", key: "7", help: "Which experts each token was sent to", isThere: isMixture,
  open(body) {
    const matrix = new Matrix({ name: "Experts by tokens", foot: 58 });
    const load = element("div", { class: "expert-load" });
    const empty = element("div");
    body.append(empty, matrix.root, load);
    let drawn = "";
    onRedraw(() => { drawn = ""; });
    return () => {
      const run = current();
      const layer = run?.experts[view.layer] ? view.layer : run?.experts.findIndex((one) => one?.length) ?? -1;
      const key = [run?.id, run?.version, layer, view.token].join();
      if (key !== drawn) {
        drawn = key;
        const isThere = layer >= 0 && layer !== null;
        matrix.root.hidden = load.hidden = !isThere;
        empty.replaceChildren(...(isThere ? [] : [emptiness("empty", "Begin a run with this panel open: each token's experts appear here.")]));
        if (isThere) {
          const count = server.model?.num_experts ?? 8;
          matrix.box.style.height = `${Math.min(420, count * 12 + 62)}px`;
          matrix.show(contentOf(run, layer, count));
          showLoad(load, run, layer, count);
        }
      }
      matrix.draw();
    };
  },
});

function showLoad(root, run, layer, count) {
  const load = loadOf(run, layer, count);
  const most = Math.max(1, ...load);
  root.replaceChildren(element("p", { class: "quiet-text", text: `Layer ${layer} (j and k choose another): how often each expert was chosen` }),
    ...load.map((times, expert) => {
      const bar = element("span", { class: "load-bar" });
      bar.style.width = `${(times / most) * 100}%`;
      bar.style.backgroundColor = css(colour("heat", 0.7));
      return element("div", { class: "load-line" }, element("span", { text: `expert ${expert}` }), element("span", { class: "load-track" }, bar), element("span", { class: "number", text: String(times) }),
        button("force", () => change("force_experts", layer, expert), { class: "quiet" }), button("ban", () => change("ban_experts", layer, expert), { class: "quiet" }));
    }));
}
