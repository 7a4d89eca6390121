// Whether a graph's circuit is enough, and needed: the server cuts what is outside of it, and the circuit itself; the curve tells how much of
// the answer the heaviest nodes alone keep.

import { button, choice, element, labelled, shape, short } from "./dom.js";
import { showTip, hideTip } from "./tip.js";

const size = { width: 420, height: 190, left: 44, right: 12, top: 10, bottom: 34 };
const percents = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const percentOf = (value, digits = 0) => (Number.isFinite(value) ? `${(value * 100).toFixed(digits).replace("-", "−")} %` : "–");

/** Where a share of all nodes stands: by its logarithm from a thousandth on, nothing at the left end. */
export const across = (share) => (share < 0.0005 ? 0 : Math.min(1, 0.06 + 0.94 * (Math.log10(Math.max(share, 0.001)) + 3) / 3));

/** The curve of a check: `x` is how many of all nodes are kept, `y` how much of the answer comes back. */
export function drawCurve(check) {
  const points = check.curve.filter((point) => Number.isFinite(point.faithfulness));
  const values = [0, 1, check.circuit.faithfulness, ...points.map((point) => point.faithfulness)].filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (nodes) => size.left + across(nodes / check.nodes) * (size.width - size.left - size.right);
  const y = (value) => size.top + (high - value) / (high - low) * (size.height - size.top - size.bottom);
  const svg = shape("svg", { viewBox: `0 0 ${size.width} ${size.height}`, class: "curve", role: "img", "aria-label": `Of the answer come back: ${points.map((point) => `${percentOf(point.faithfulness)} with ${point.nodes} nodes`).join(", ")}` });
  for (const value of new Set([0, 1, ...(low < -0.2 ? [low] : []), ...(high > 1.2 ? [high] : [])])) {
    svg.append(shape("line", { x1: size.left, x2: size.width - size.right, y1: y(value), y2: y(value), class: value === 1 ? "grid whole" : "grid" }), written(size.left - 6, y(value) + 4, percentOf(value), "end"));
  }
  for (const percent of percents.filter((_, index) => index % 3 !== 1)) svg.append(written(size.left + across(percent / 100) * (size.width - size.left - size.right), size.height - 18, `${percent}`, "middle"));
  svg.append(written((size.left + size.width) / 2, size.height - 3, "% of all heads and MLPs kept, the heaviest first", "middle"));
  svg.append(shape("polyline", { points: points.map((point) => `${x(point.nodes).toFixed(2)},${y(point.faithfulness).toFixed(2)}`).join(" "), class: "line" }));
  for (const point of points) svg.append(dot(x(point.nodes), y(point.faithfulness), point, "the heaviest", ""));
  if (Number.isFinite(check.circuit.faithfulness)) svg.append(dot(x(check.circuit.nodes), y(check.circuit.faithfulness), check.circuit, "this graph's", " own"));
  return svg;
}

function written(x, y, text, anchor) {
  const label = shape("text", { x, y, class: "axis", "text-anchor": anchor });
  label.textContent = text;
  return label;
}

function dot(x, y, { nodes, faithfulness }, whose, kind) {
  const made = shape("circle", { cx: x.toFixed(2), cy: y.toFixed(2), r: kind ? 5.5 : 3.5, class: `dot${kind}`, "data-nodes": nodes, "data-faithfulness": faithfulness });
  made.addEventListener("pointerenter", (event) => showTip(event.clientX, event.clientY, `${whose} ${nodes} nodes keep ${percentOf(faithfulness, 1)}`));
  made.addEventListener("pointerleave", hideTip);
  return made;
}

const replaced = [["zero", "zeros"], ["mean", "their mean"], ["corrupted", "another prompt's"]];

/** The form and what it found; `verify(request)` asks, `stop()` leaves. */
export function checkForm({ verify, stop }) {
  const corrupted = element("input", { type: "text", id: "verify-corrupted", spellcheck: "false" });
  const corruptedLabel = labelled("prompt", corrupted, { class: "long" });
  const kind = choice(replaced, "zero", () => { corruptedLabel.hidden = kind.value !== "corrupted"; }, { id: "verify-replace" });
  const press = element("button", { type: "submit", id: "verify", text: "Verify" });
  const leave = button("Cancel", stop, { class: "quiet", id: "verify-cancel", hidden: true });
  const told = element("div", { class: "check-result", id: "check" });
  const why = element("p", { class: "quiet-text" });
  const form = element("form", { class: "row", on: { submit: (event) => { event.preventDefault(); verify({ replace: kind.value, ...(kind.value === "corrupted" ? { corrupted: corrupted.value } : {}) }); } } },
    labelled("what is cut gets", kind), corruptedLabel, press, leave);
  corruptedLabel.hidden = true;
  return {
    root: element("div", { class: "graph-check" }, element("h3", { text: "Is this the circuit?" }), form, why, told),
    show({ canAsk, isAsking, check, error, prompt }) {
      press.disabled = !canAsk || isAsking;
      press.textContent = isAsking ? "Cutting …" : "Verify";
      leave.hidden = !isAsking;
      if (!corrupted.value) corrupted.value = prompt;
      why.textContent = error?.message ?? (canAsk ? "The model runs again without everything else, and without the circuit." : "Only a graph that the server keeps can be verified; this one came from a file.");
      why.className = error ? "bad" : "quiet-text";
      told.replaceChildren(...(check ? [numbersOf(check), drawCurve(check)] : []));
    },
  };
}

function numbersOf(check) {
  const lines = [
    ["faithfulness", percentOf(check.faithfulness, 1), "Of the answer, what the circuit alone keeps"],
    ["completeness", percentOf(check.completeness, 1), "Of the answer, what is lost without the circuit"],
    ["nodes", `${check.circuit.nodes} of ${check.nodes}`, "Heads and MLPs at positions"],
    ["cpr", short(check.cpr), "Area under the curve"], ["cmd", short(check.cmd), "Area between the curve and 100 %"],
    ["cut gets", Object.fromEntries(replaced)[check.replace], "What takes the place of what is cut"],
  ];
  return element("dl", { class: "numbers" }, ...lines.map(([name, value, title]) => element("div", { title }, element("dt", { text: name }), element("dd", { text: value, "data-number": name }))));
}
