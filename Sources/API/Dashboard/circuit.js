// The circuit: what made a token, drawn as it streams. Layers upwards, positions sideways; an edge is as wide as its share of what
// went into the node above it. Walked back from the token's scores by the server (information_flow).

import { button, element, emptiness, labelled, quoted, save, tell } from "./dom.js";
import { addChange, cutOf } from "./changes.js";
import { drawCircuit } from "./circuit-drawing.js";
import { addPanel } from "./panels.js";
import { probe, Question } from "./probe.js";
import { hasAnalysis } from "./server.js";
import { current, need } from "./session.js";
import { look, recall, remember, view } from "./store.js";
import { named } from "./strip.js";
import { onRedraw } from "./redraw.js";

const analysis = { name: "information_flow" };
need("circuit", () => ({ analyses: [analysis] }));

const question = new Question();
let asked = "";
let refusal = null;
let threshold = Number(recall("circuit.threshold") ?? 0.05);
/** Nodes that stay lit, by their ids, which are the same in all graphs of a run. */
let pinned = new Set();

/** The graph of the chosen token, or of the newest. */
function graphOf(run) {
  const position = view.token;
  if (position === null) return run.result("information_flow");
  return run.flows?.get(position) ?? run.result("information_flow", position - run.promptLength);
}

function readAgain(run) {
  const position = view.token ?? run.tokens.length - 1;
  const key = `${run.id} ${position} ${run.tokens[position]?.id}`;
  if (asked === key || position < 1 || run.isFile || (view.token === null && !run.isOver)) return;
  asked = key;
  refusal = null;
  question.ask(probe(run.tokenIds.slice(0, position), { model: run.model, analyses: [analysis], interventions: run.request?.interventions }),
    (pass) => {
      (run.flows ??= new Map()).set(position, pass.result("information_flow"));
      run.version += 1;
    }, (error) => { refusal = error; });
}

/** What is left of a graph at a share: the edges of at least that, and the nodes that still lead to the scores. */
export function pruned(graph, least) {
  const into = Map.groupBy(graph.edges.filter((edge) => edge.share >= least), (edge) => edge.target);
  const kept = new Set(graph.nodes.filter((node) => node.kind === "logit").map((node) => node.id));
  const edges = [];
  const waiting = [...kept];
  while (waiting.length) {
    for (const edge of into.get(waiting.pop()) ?? []) {
      edges.push(edge);
      if (!kept.has(edge.source)) { kept.add(edge.source); waiting.push(edge.source); }
    }
  }
  return { nodes: graph.nodes.filter((node) => kept.has(node.id)), edges };
}

/** All nodes on ways through some of them. */
export function paths(edges, chosen) {
  const lit = new Set();
  for (const [from, to] of [["source", "target"], ["target", "source"]]) {
    const ways = Map.groupBy(edges, (edge) => edge[from]);
    const waiting = [...chosen];
    const seen = new Set(waiting);
    while (waiting.length) {
      const id = waiting.pop();
      lit.add(id);
      for (const edge of ways.get(id) ?? []) if (!seen.has(edge[to])) { seen.add(edge[to]); waiting.push(edge[to]); }
    }
  }
  return lit;
}

/** What was said where a graph's scores stand: the flow is the same, whichever token was drawn from them. */
export const saidAt = (run, node) => run.tokens[node.position + 1]?.text ?? node.text ?? "";

export function nameOfNode(run, node) {
  const at = run.tokens[node.position] ? ` at ${quoted(run.tokens[node.position].text, 16)}` : "";
  const names = {
    embedding: () => "embedding", logit: () => `scores of ${quoted(saidAt(run, node), 16)}`,
    head: () => (node.head === undefined ? `attention of layer ${node.layer}` : `head ${node.head} of layer ${node.layer}`),
    mlp: () => `MLP of layer ${node.layer}`, expert: () => (node.expert === undefined ? `shared expert of layer ${node.layer}` : `expert ${node.expert} of layer ${node.layer}`),
    residual: () => `stream ${node.site === "mid" ? "inside" : "behind"} layer ${node.layer}`,
  };
  return `${names[node.kind]?.() ?? node.kind}${at}`;
}

function details(run, graph, node) {
  const name = (id) => { const found = graph.nodes.find((one) => one.id === id); return found ? nameOfNode(run, found) : id; };
  const list = (title, edges, side) => element("div", {}, element("b", { text: title }),
    element("ol", {}, ...edges.toSorted((one, other) => other.share - one.share).slice(0, 6).map((edge) => element("li", {}, element("span", { text: name(edge[side]) }), element("span", { class: "number", text: `${(edge.share * 100).toFixed(1)} %` })))));
  const reads = graph.edges.filter((edge) => edge.target === node.id);
  const writes = graph.edges.filter((edge) => edge.source === node.id);
  const isHead = node.kind === "head" && node.head !== undefined;
  return [
    element("div", { class: "row" }, element("b", { class: "node-name", text: nameOfNode(run, node) }), element("span", { class: "spacer" }),
      isHead ? button("attention", () => look({ layer: node.layer, head: node.head, panels: [...new Set([...view.panels, "attention"])] }), { class: "quiet" }) : null,
      isHead || node.kind === "mlp" ? button("cut it", () => cut([node]), { class: "primary small", id: "cut-node" }) : null),
    element("div", { class: "node-sides" }, ...(reads.length ? [list("reads from", reads, "source")] : []), ...(writes.length ? [list("goes into", writes, "target")] : [])),
  ];
}

function cut(nodes) {
  const places = new Map(nodes.map((node) => [`${node.layer} ${node.kind === "head" ? node.head : "mlp"}`, node]));
  for (const node of places.values()) addChange(cutOf(node.layer, node.kind === "head" ? node.head : null));
  tell("Cut: the changed run appears below the tokens.");
}

addPanel({
  name: "circuit", title: "Circuit", key: "6", help: "What made the token: ways through heads and MLPs, from the words to its scores",
  isThere: () => hasAnalysis("information_flow"),
  open(body, tools) {
    const picture = element("div", { class: "circuit" });
    const side = element("div", { class: "circuit-side" });
    const parts = element("div", { class: "circuit-parts" }, picture, side);
    const empty = element("div");
    let drawn = "";
    let saved = null;
    const least = element("input", { type: "range", id: "circuit-threshold", min: 0.01, max: 0.5, step: 0.01, value: threshold, on: { input: () => { threshold = Number(least.value); remember("circuit.threshold", threshold); drawn = ""; } } });
    const told = element("span", { class: "number", id: "circuit-told" });
    const keep = button("save", () => { if (saved) save(JSON.stringify(saved, null, 1), `circuit-${saved.run_id}-${saved.position}.json`); }, { class: "quiet", id: "save-circuit", title: "The graph as the server sent it, as JSON" });
    tools.append(labelled("edges from", least), told, keep);
    body.append(empty, parts);
    onRedraw(() => { drawn = ""; });
    const toggle = (id, isMore) => {
      if (!isMore) pinned = new Set(pinned.has(id) && pinned.size === 1 ? [] : [id]);
      else if (!pinned.delete(id)) pinned.add(id);
      drawn = "";
    };
    return () => {
      const run = current();
      const graph = run ? graphOf(run) : null;
      const key = [run?.id, graph?.token?.token_id, graph?.nodes.length, view.token, run?.flows?.size, graph ? run.tokens.length : run?.version, refusal?.message, threshold, picture.clientWidth].join();
      if (key === drawn) return;
      drawn = key;
      parts.hidden = keep.hidden = !graph;
      saved = graph && { run_id: run.id, model: run.model, position: view.token ?? run.tokens.length - 1, tokens: run.tokens.map((token) => token.text), ...graph };
      empty.replaceChildren(...(graph ? [] : [nothing(run)]));
      if (run && !graph) readAgain(run);
      if (!graph) { told.textContent = ""; return; }
      const shown = pruned(graph, Math.max(threshold, graph.threshold));
      told.textContent = `${Math.round(Math.max(threshold, graph.threshold) * 100)} %, ${shown.edges.length} edges`;
      drawCircuit(picture, {
        key: `${run.id} ${shown.nodes[0]?.id}`, title: "The circuit of the token", nodes: shown.nodes, edges: shown.edges.map((edge) => ({ ...edge, size: edge.share })),
        name: (node) => nameOfNode(run, node), text: (node) => saidAt(run, node), token: (position) => run.tokens[position]?.text, pinned, toggle,
        lit: pinned.size ? paths(shown.edges, [...pinned].filter((id) => shown.nodes.some((node) => node.id === id))) : null,
      });
      showSide(side, run, graph, shown);
    };
  },
});

function showSide(side, run, graph, shown) {
  const node = graph.nodes.find((one) => pinned.has(one.id));
  const heads = shown.nodes.filter((one) => one.kind === "head" && one.head !== undefined);
  const into = (one) => shown.edges.filter((edge) => edge.source === one.id).reduce((sum, edge) => sum + edge.share, 0);
  const strongest = heads.toSorted((one, other) => into(other) - into(one)).slice(0, 6);
  side.replaceChildren(...(node ? details(run, graph, node) : [
    element("p", { class: "quiet-text", text: `What made ${quoted(saidAt(run, graph.nodes.find((one) => one.kind === "logit") ?? {}), 16)}. Choose a node to see what it reads and writes, with Shift several. These heads carry most:` }),
    element("ol", { class: "circuit-heads" }, ...strongest.map((one) => element("li", {},
      element("span", { text: nameOfNode(run, one) }), element("span", { class: "number", text: `${(into(one) * 100).toFixed(1)} %` }),
      button("cut", () => cut([one]), { class: "quiet", "aria-label": `Cut ${nameOfNode(run, one)}` })))),
    strongest.length ? button(`Cut these ${strongest.length}`, () => cut(strongest), { class: "primary small", id: "cut-circuit" }) : element("p", { class: "quiet-text", text: "No head carries this much; move the slider to the left." }),
  ]));
}

function nothing(run) {
  if (!run) return emptiness("empty", "While a run speaks, the circuit of each new token forms here.");
  if (refusal) return emptiness("failed", refusal.message);
  if (view.token === 0) return emptiness("empty", "Nothing comes before the first token.");
  return emptiness("loading", `Walking back from ${view.token === null ? "the newest token" : named(run.tokens[view.token] ?? { text: "", id: "" })} …`);
}
