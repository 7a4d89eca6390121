// Draws a circuit as SVG: a node is a button, so that it can be reached by keyboard and read aloud.

import { shape, visible } from "./dom.js";
import { hideTip, showTip } from "./tip.js";

const rowHeight = 19;
const foot = 40;
const head = 40;
const side = 34;

/** Kinds that stand side by side, to the left of the stream. */
const crowded = new Set(["head", "feature", "group"]);
const apart = { logit: 66, head: 16, feature: 16, group: 16 };
const beside = { mlp: 16, expert: 16, place: 14, bias: 26 };

/** Where nodes stand: a column for each position that has one; within it heads at the left, the stream in the middle, MLPs at the right. */
function layOut(nodes, width) {
  const positions = [...new Set(nodes.map((node) => node.position))].sort((one, other) => one - other);
  const layers = Math.max(...nodes.map((node) => node.layer), 1);
  const rank = ({ kind }) => (kind === "logit" ? "logit" : crowded.has(kind) ? "crowd" : null);
  const crowds = Map.groupBy(nodes.filter(rank), (node) => `${node.position} ${node.layer} ${rank(node)}`);
  const room = new Map(positions.map((position) => [position, 34]));
  for (const [first, ...rest] of crowds.values()) {
    const count = rest.length + 1;
    const wanted = first.kind === "logit" && count > 1 ? apart.logit * count : 34 + (first.kind === "logit" ? 0 : 16 * count);
    room.set(first.position, Math.max(room.get(first.position), wanted));
  }
  const wanted = [...room.values()];
  const needed = wanted.reduce((sum, one) => sum + one, side + 24);
  const spare = Math.max(0, width - needed) / positions.length;
  const middles = new Map();
  wanted.reduce((left, one, index) => { middles.set(positions[index], left + one + spare / 2 - 18); return left + one + spare; }, side);
  const height = head + (layers + 1) * rowHeight + foot;
  const y = (level) => head + (layers - level) * rowHeight;
  const places = new Map();
  for (const mates of [...crowds.values(), ...nodes.filter((node) => !rank(node)).map((node) => [node])]) {
    mates.forEach((node, index) => {
      const levels = { embedding: -0.6, logit: layers + 1.1, residual: node.layer + (node.site === "mid" ? 0.45 : 0.95), place: -0.6, mlp: node.layer + 0.7, expert: node.layer + 0.7 };
      const last = middles.get(node.position) - (mates.length > 1 ? room.get(node.position) / 2 - 34 : 0);
      const x = node.kind === "logit" ? last + (mates.length > 1 ? (index - (mates.length - 1) / 2) * apart.logit : 0)
        : middles.get(node.position) + (crowded.has(node.kind) ? -18 - 16 * index : beside[node.kind] ?? 0);
      places.set(node.id, { x, y: y(levels[node.kind] ?? Math.max(node.layer + 0.25, -0.6)) });
    });
  }
  return { places, positions, layers, middles: positions.map((one) => middles.get(one)), height, width: Math.max(needed, width), y, room: Math.min(...wanted) + spare };
}

function edgePath(from, to) {
  if (Math.abs(from.x - to.x) < 1) return `M${from.x} ${from.y}L${to.x} ${to.y}`;
  const middle = (from.y + to.y) / 2;
  return `M${from.x.toFixed(1)} ${from.y.toFixed(1)}C${from.x.toFixed(1)} ${middle.toFixed(1)} ${to.x.toFixed(1)} ${middle.toFixed(1)} ${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
}

/** Pixels of an edge that carries everything. */
export const widest = 7;

/**
 * Draws `nodes` (`{id, kind, layer, position, head}`) and `edges` (`{source, target, size, weight}`, the size 1 being the widest).
 * `name(node)` is read aloud, `text(node)` stands in a logit, `token(position)` below a column. `toggle(id, isMore)` is called when a node is
 * chosen; `pinned` are framed, `lit` are the nodes on chosen ways, or null. With arrows the focus goes to the next node.
 */
export function drawCircuit(root, { key, title, nodes, edges, name, text, token, pinned, lit, toggle }) {
  const isNew = root.dataset.token !== key;
  root.dataset.token = key;
  const focused = document.activeElement?.closest?.(".circuit") === root ? document.activeElement.dataset.node : undefined;
  const plan = layOut(nodes, Math.max(root.clientWidth, 300));
  const svg = shape("svg", { width: plan.width, height: plan.height, viewBox: `0 0 ${plan.width} ${plan.height}`, role: "group", "aria-label": title });
  drawFrame(svg, token, plan);
  const isDim = (id) => lit && !lit.has(id);
  for (const edge of edges.toSorted((one, other) => one.size - other.size)) {
    const [from, to] = [plan.places.get(edge.source), plan.places.get(edge.target)];
    if (!from || !to) continue;
    const isLoud = lit && lit.has(edge.source) && lit.has(edge.target);
    const isStream = edge.source.split(":")[0] === edge.target.split(":")[0] && Math.abs(from.x - to.x) < 1;
    svg.append(shape("path", {
      d: edgePath(from, to), class: `edge${isStream ? " stream" : ""}${edge.weight < 0 ? " against" : ""}${lit ? (isLoud ? " lit" : " dim") : ""}`, "stroke-width": (edge.size * widest).toFixed(3),
      "data-source": edge.source, "data-target": edge.target,
    }));
  }
  const reached = nodes.find((node) => node.id === focused) ?? nodes.find((node) => pinned.has(node.id)) ?? nodes.find((node) => node.kind === "logit") ?? nodes[0];
  const walk = (from, event) => step(root, plan.places, from, event);
  for (const node of nodes) {
    svg.append(drawNode(node, plan.places.get(node.id), { name: name(node), text, isPinned: pinned.has(node.id), isDim: isDim(node.id), isReached: node === reached, toggle, walk }));
  }
  root.replaceChildren(svg);
  // The scores stand at the last position: a picture wider than its place begins there.
  if (isNew) root.scrollLeft = root.scrollWidth;
  if (focused !== undefined) nodeElement(root, focused)?.focus();
}

export const nodeElement = (root, id) => root.querySelector(`[data-node="${CSS.escape(id)}"]`);

const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Brings the focus to the nearest node in an arrow's direction; one key is enough for a picture of a thousand nodes. */
function step(root, places, id, event) {
  const [across, down] = ways[event.key];
  const from = places.get(id);
  let nearest = null;
  let best = Infinity;
  for (const [other, to] of places) {
    const ahead = (to.x - from.x) * across + (to.y - from.y) * down;
    const aside = Math.abs((to.x - from.x) * down) + Math.abs((to.y - from.y) * across);
    if (ahead > 0.5 && ahead + 3 * aside < best) [nearest, best] = [other, ahead + 3 * aside];
  }
  event.preventDefault();
  event.stopPropagation();
  const found = nearest === null ? null : nodeElement(root, nearest);
  if (!found) return;
  nodeElement(root, id)?.setAttribute("tabindex", "-1");
  found.setAttribute("tabindex", "0");
  found.focus();
}

function drawFrame(svg, token, { positions, layers, middles, height, width, y, room }) {
  for (let layer = 0; layer < layers; layer += layers > 30 ? 4 : 2) {
    svg.append(shape("line", { x1: side - 6, x2: width, y1: y(layer), y2: y(layer), class: "grid" }));
    const label = shape("text", { x: side - 10, y: y(layer + 0.5) + 4, class: "axis", "text-anchor": "end" });
    label.textContent = layer;
    svg.append(label);
  }
  positions.forEach((position, index) => {
    const label = shape("text", { x: middles[index], y: height - 8, class: "axis token", "text-anchor": "middle" });
    label.textContent = visible(token(position) ?? "", Math.max(3, Math.floor(room / 8)));
    svg.append(label);
  });
}

const shapes = {
  mlp: () => shape("rect", { x: -5, y: -5, width: 10, height: 10, transform: "rotate(45)" }),
  residual: () => shape("circle", { r: 2.4 }),
  logit: () => shape("rect", { x: -30, y: -11, width: 60, height: 20, rx: 6 }),
  group: () => shape("rect", { x: -8, y: -8, width: 16, height: 16, rx: 4 }),
  head: () => shape("circle", { r: 7.5 }),
  feature: () => shape("circle", { r: 6 }),
};
shapes.expert = shapes.mlp;

function drawNode(node, { x, y }, { name, text, isPinned, isDim, isReached, toggle, walk }) {
  const group = shape("g", {
    class: `node ${node.kind}${isPinned ? " pinned" : ""}${isDim ? " dim" : ""}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, "data-node": node.id,
    role: "button", tabindex: isReached ? 0 : -1, "aria-label": name, "aria-pressed": String(isPinned),
  });
  group.append(shapes[node.kind]?.() ?? shape("circle", { r: 5 }));
  if (node.kind === "residual") group.append(shape("circle", { r: 8, class: "reach" }));
  const words = { head: () => node.head ?? "∗", logit: () => visible(text(node), 8), group: () => node.members.length }[node.kind]?.();
  if (words !== undefined) {
    const label = shape("text", { y: node.kind === "logit" ? 4 : 3.5, "text-anchor": "middle" });
    label.textContent = words;
    group.append(label);
  }
  const press = (event) => { event.preventDefault(); toggle(node.id, event.shiftKey); };
  group.addEventListener("click", press);
  group.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.stopPropagation(); press(event); }
    else if (event.key in ways && !event.ctrlKey && !event.metaKey && !event.altKey) walk(node.id, event);
  });
  group.addEventListener("pointerenter", (event) => showTip(event.clientX, event.clientY, name));
  group.addEventListener("pointerleave", hideTip);
  return group;
}
