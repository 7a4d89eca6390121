// Beside an attribution graph: what a node is, what it reads and writes, what is pinned, and groups with their names.

import { button, element, labelled, short, signed, visible } from "./dom.js";
import { groupID, sidesOf } from "./graph-model.js";

const shown = 8;
const percent = (share) => `${(share * 100).toFixed(1)} %`;
/** Names come from files too. */
export const readable = (text) => visible(text, 60);

function lines(graph, title, list, choose) {
  return element("div", { class: "graph-list" }, element("b", { text: `${title} (${list.length})` }),
    element("ol", {}, ...list.slice(0, shown).map(({ id, weight, share }) => element("li", {},
      button(readable(graph.nodes.get(id).name), () => choose(id), { class: "quiet node-link", "data-link": id }),
      element("span", { class: "number", text: signed(weight) }), element("span", { class: "number share", text: percent(share) })))));
}

const kindWords = { embedding: "embedding", place: "position", head: "attention head", mlp: "MLP", bias: "bias", logit: "logit", feature: "feature" };

function facts(node) {
  return [
    kindWords[node.kind], node.kind === "embedding" || node.kind === "logit" ? null : `layer ${node.layer}`, `position ${node.position}`,
    node.influence === null || node.kind === "logit" ? null : `among what carries ${percent(node.influence)} of the influence`,
    node.activation === null ? null : node.kind === "logit" ? `logit ${short(node.activation)}` : `gives ${signed(node.activation)}`,
  ].filter(Boolean).join(" · ");
}

function ofNode(state, node, { choose, pin, look, cut }) {
  const { graph, marks } = state;
  const { reads, writes } = sidesOf(graph, [node.id]);
  const isPinned = marks.pinned.has(node.id);
  return [
    element("div", { class: "row" }, element("b", { class: "node-name", text: readable(node.name) }), button(isPinned ? "unpin" : "pin", () => pin(node.id), { class: "quiet", id: "pin-node", title: "Shift and a click does the same" }),
      node.kind === "head" && node.head !== undefined ? button("attention", () => look(node), { class: "quiet" }) : null,
      (node.kind === "head" && node.head !== undefined) || node.kind === "mlp" ? button("cut it", () => cut([node]), { class: "primary small", id: "cut-graph-node" }) : null, element("span", { class: "spacer" }),
      button("×", () => choose(null), { class: "close", "aria-label": "Choose no node" })),
    element("p", { class: "quiet-text", id: "node-facts", text: facts(node) }),
    element("div", { class: "node-sides" }, ...(reads.length ? [lines(graph, "reads from", reads, choose)] : []), ...(writes.length ? [lines(graph, "goes into", writes, choose)] : [])),
  ];
}

function ofGroup(state, index, { choose, ungroup, rename, cut }) {
  const { graph, marks } = state;
  const { name, ids } = marks.groups[index];
  const { reads, writes } = sidesOf(graph, ids);
  const field = element("input", { type: "text", value: name, maxlength: 80, id: "group-rename" });
  const places = ids.map((id) => graph.nodes.get(id)).filter((node) => node.kind === "mlp" || (node.kind === "head" && node.head !== undefined));
  return [
    element("div", { class: "row" }, element("b", { class: "node-name", text: readable(name) }),
      button("ungroup", () => ungroup(index), { class: "quiet", id: "ungroup" }), places.length ? button("cut them", () => cut(places), { class: "primary small" }) : null, element("span", { class: "spacer" }),
      button("×", () => choose(null), { class: "close", "aria-label": "Choose no node" })),
    element("form", { class: "row", on: { submit: (event) => { event.preventDefault(); rename(index, field.value); } } }, labelled("name", field), element("button", { type: "submit", class: "quiet", text: "rename" })),
    element("ul", { class: "members" }, ...ids.map((id) => element("li", { text: readable(graph.nodes.get(id).name) }))),
    element("div", { class: "node-sides" }, lines(graph, "read from", reads, choose), lines(graph, "go into", writes, choose)),
  ];
}

function ofGraph(state, { choose, clear, group }) {
  const { graph, marks } = state;
  const grouped = new Set(marks.groups.flatMap(({ ids }) => ids));
  const loose = [...marks.pinned].filter((id) => !grouped.has(id));
  const field = element("input", { type: "text", maxlength: 80, id: "group-name", placeholder: "name movers" });
  const logits = [...graph.nodes.values()].filter((node) => node.kind === "logit");
  return [
    element("p", { class: "quiet-text", text: "Choose a node to see its ways, what it reads and writes; with Shift it is pinned, and stays. Pinned nodes are put together under a name." }),
    ...(marks.groups.length ? [element("b", { text: "Groups" }), element("ul", { class: "members" }, ...marks.groups.map(({ name, ids }, index) => element("li", {}, button(`${readable(name)}: ${ids.length}`, () => choose(groupID(index)), { class: "quiet node-link" }))))] : []),
    ...(loose.length ? [element("div", { class: "row" }, element("b", { text: "Pinned" }), element("span", { class: "spacer" }), button("unpin all", clear, { class: "quiet" })),
      element("ul", { class: "members", id: "pinned" }, ...loose.map((id) => element("li", {}, button(readable(graph.nodes.get(id).name), () => choose(id), { class: "quiet node-link" }))))] : []),
    ...(loose.length > 1 ? [element("form", { class: "row", on: { submit: (event) => { event.preventDefault(); group(field.value, loose); } } },
      labelled("name", field), element("button", { type: "submit", id: "group", class: "quiet", text: `Group these ${loose.length}` }))] : []),
    ...logits.slice(0, 1).map((node) => lines(graph, `into ${readable(node.name)}`, sidesOf(graph, [node.id]).reads, choose)),
  ];
}

/** What stands beside the picture for what is chosen. */
export function sideOf(state, actions) {
  const { graph, marks, chosen } = state;
  const index = marks.groups.findIndex((_, place) => groupID(place) === chosen);
  if (index >= 0) return ofGroup(state, index, actions);
  return graph.nodes.has(chosen) ? ofNode(state, graph.nodes.get(chosen), actions) : ofGraph(state, actions);
}
