// Arcs over the tokens: from where the chosen token was made to where its head looked.

import { $, shape } from "./dom.js";
import { colour, css } from "./colours.js";
import { weightsAt } from "./heads.js";
import { view } from "./store.js";

/** Draws them, or takes them away where there is no run. */
export function drawArcs(run, layer, head, { threshold, isWeighted } = {}) {
  const strip = $("strip");
  strip.parentElement.querySelector(".arcs")?.remove();
  for (const chip of strip.querySelectorAll(".chip.source")) chip.classList.remove("source");
  if (!run || view.token === null || view.token < 1) return;
  const first = view.token - 1;
  const last = (view.until ?? view.token) - 1;
  const weights = sum(run, layer, head, first, last, isWeighted);
  if (!weights) return;
  const svg = shape("svg", { class: "arcs", "aria-hidden": "true" });
  strip.after(svg);
  const frame = strip.getBoundingClientRect();
  svg.style.left = `${strip.offsetLeft}px`;
  svg.style.top = `${strip.offsetTop}px`;
  svg.style.width = `${frame.width}px`;
  svg.style.height = `${frame.height}px`;
  const middle = (position) => {
    const box = strip.children[position]?.getBoundingClientRect();
    return box && { x: box.left + box.width / 2 - frame.left, y: box.top - frame.top, bottom: box.bottom - frame.top };
  };
  const from = middle(last);
  weights.forEach((weight, key) => {
    if (weight < Math.max(threshold, 0.005) || key === last) return;
    const to = middle(key);
    if (!to || !from) return;
    svg.append(arc(from, to, weight, key));
    strip.children[key].classList.add("source");
  });
}

/** The mean over the chosen range. */
function sum(run, layer, head, first, last, isWeighted) {
  let all = null;
  let count = 0;
  for (let query = first; query <= last; query++) {
    const row = weightsAt(run, layer, head, query, isWeighted);
    if (!row) continue;
    const longer = new Float64Array(Math.max(row.length, all?.length ?? 0));
    longer.forEach((_, key) => { longer[key] = (all?.[key] ?? 0) + (row[key] ?? 0); });
    all = longer;
    count += 1;
  }
  return all?.map((one) => one / count);
}

function arc(from, to, weight, key) {
  const height = Math.min(40, 8 + Math.abs(from.x - to.x) / 6);
  const isSameLine = Math.abs(from.y - to.y) < 4;
  const path = isSameLine
    ? `M${from.x} ${from.bottom} Q${(from.x + to.x) / 2} ${from.bottom + height} ${to.x} ${to.bottom}`
    : `M${from.x} ${from.y} Q${(from.x + to.x) / 2} ${(from.y + to.bottom) / 2} ${to.x} ${to.bottom}`;
  return shape("path", { d: path, fill: "none", stroke: css(colour("attention", 0.35 + 0.65 * weight)), "stroke-width": (0.8 + 5 * weight).toFixed(2), "data-key": key, "data-weight": weight.toFixed(4) });
}
