// The tokens: prompt and answer as chips, coloured by a number; what is chosen here is what every panel looks at. Runs that
// left this one stand below it, with what differs marked.

import { $, button, choice, element, percent, short, visible } from "./dom.js";
import { colour, css, inkOn } from "./colours.js";
import { current, known, need, onRuns, versus } from "./session.js";
import { emptyStrip, showState } from "./run-state.js";
import { look, onLook, view } from "./store.js";
import { hideTip, showTip } from "./tip.js";
import { onRedraw } from "./redraw.js";
import { firedValue } from "./watches.js";

const bits = (nats) => nats / Math.LN2;

/** What a chip's colour may tell: a number of a token and the share of the ramp that it takes. */
const scales = {
  surprise: { words: "surprise", of: (run, position) => finite(-bits(run.tokens[position].logprob ?? NaN)), share: (value) => value / 10, unit: "bits" },
  probability: { words: "probability", of: (run, position) => finite(Math.exp(run.tokens[position].logprob ?? NaN)), share: (value) => value, unit: "" },
  entropy: { words: "entropy", of: (run, position) => finite(bits(run.entropies[position] ?? NaN)), share: (value) => value / 8, unit: "bits" },
  norm: { words: "norm in the map", of: normAt, share: (value, run) => (value - run.low) / (run.high - run.low || 1), unit: "" },
  none: { words: "nothing", of: () => null, share: () => 0, unit: "" },
};
const finite = (value) => (Number.isFinite(value) ? value : null);

/** The norm at the chosen layer, or the last one, of what the map shows. */
function normAt(run, position) {
  const grid = run.grids.get(run.shownGrid) ?? run.grids.values().next().value;
  if (!grid) return null;
  const row = grid.rows[view.layer ?? grid.rows.length - 1] ?? [];
  return row[position] ?? null;
}

need(null, () => ({ analyses: [{ name: "token_entropy", positions: "all" }] }));
need(null, (model) => (model.vocab_size <= 65536 ? { analyses: [{ name: "logit_lens", layers: [model.num_layers - 1], positions: "all", top: 10 }] } : {}));

/** Control tokens have no text: they are called by their number. */
export const named = (token, limit = 40) => (token.text === "" ? `‹${token.id}›` : visible(token.text, limit));

let drawn = { run: null, count: 0, version: -1, key: "" };

function makeChip(run, position, from) {
  const token = run.tokens[position];
  const chip = element("button", {
    type: "button", class: "chip", tabindex: "-1", "data-position": position, "data-prompt": position < run.promptLength ? "" : undefined,
  }, element("bdi", { text: named(token) }));
  if (/\n/.test(token.text)) chip.dataset.breaks = "";
  if (from) chip.dataset.from = from;
  return chip;
}

/** Gives a chip its colour, and its letters the one that is read on it. */
function paint(chip, run, position) {
  const scale = scales[view.colour] ?? scales.surprise;
  const value = scale.of(run, position);
  if (value === null || view.colour === "none") {
    chip.style.removeProperty("background-color");
    chip.style.removeProperty("color");
    return;
  }
  const ground = colour("heat", Math.min(Math.max(scale.share(value, run), 0), 1) * 0.9);
  chip.style.backgroundColor = css(ground);
  chip.style.color = inkOn(ground);
}

function rangeOf(run) {
  if (view.colour !== "norm") return;
  const values = run.tokens.map((_, position) => normAt(run, position)).filter((value) => value !== null);
  // The first token is often a hundred times the others: the ramp is for those.
  const sorted = values.sort((one, other) => one - other);
  run.low = sorted[0] ?? 0;
  run.high = sorted[Math.floor(sorted.length * 0.95)] ?? 1;
}

function describe(run, position) {
  const token = run.tokens[position];
  const kind = position < run.promptLength ? "prompt" : "answer";
  const lines = [element("b", { text: named(token, 80) }),
    element("div", { class: "tip-quiet", text: `${kind} token ${position}, id ${token.id}` })];
  if (token.logprob !== null) {
    const entropy = run.entropies[position];
    lines.push(element("div", { text: `${percent(token.logprob)}, surprise ${short(-bits(token.logprob))} bits${entropy === undefined ? "" : `, entropy ${short(bits(entropy))} bits`}` }));
  }
  for (const one of run.fired) if (one.position === position) lines.push(element("div", { text: `breakpoint: ${firedValue(one)}` }));
  lines.push(...token.top.slice(0, 5).map((one) => bar(one, one.token_id === token.id)));
  return lines;
}

function bar(one, isChosen) {
  const made = element("div", { class: isChosen ? "tip-bar chosen" : "tip-bar" },
    element("span", { class: "tip-share" }), element("bdi", { text: visible(one.text, 24) }), element("span", { class: "tip-number", text: percent(one.logprob) }));
  made.firstChild.style.width = `${Math.exp(one.logprob) * 100}%`;
  return made;
}

/** Draws what came since the last time; a run that is another is drawn anew. */
export function drawStrip() {
  const run = current();
  showState(run);
  const beside = versus();
  const key = `${view.colour} ${view.colour === "norm" ? view.layer : ""}`;
  if (run === drawn.run && run?.version === drawn.version && key === drawn.key && beside?.version === drawn.beside) return;
  const strip = $("strip");
  if (!run || !run.tokens.length) {
    emptyStrip(strip, run);
    drawn = { run, count: 0, version: run?.version ?? -1, key, beside: beside?.version };
    return;
  }
  const isSame = run === drawn.run && drawn.count && drawn.count <= run.tokens.length && key === drawn.key;
  if (!isSame) { strip.replaceChildren(); drawn.count = 0; }
  const settled = view.colour === "norm" || drawn.count <= run.promptLength ? 0 : drawn.count - 1;
  rangeOf(run);
  for (let position = drawn.count; position < run.tokens.length; position++) strip.append(makeChip(run, position));
  for (let position = settled; position < run.tokens.length; position++) paint(strip.children[position], run, position);
  drawn = { run, count: run.tokens.length, version: run.version, key, beside: beside?.version };
  mark();
  drawBranches();
}

/** The chosen tokens, the first ones that a change reached, and which chip the keyboard is on. */
function mark() {
  const run = current();
  if (!run) return;
  const last = view.until ?? view.token;
  const affected = new Map(run.applied.map((one) => [run.promptLength + one.from - 1, one]));
  const fired = new Set(run.fired.map((one) => one.position));
  for (const chip of $("strip").children) {
    const position = Number(chip.dataset.position);
    const isChosen = view.token !== null && position >= view.token && position <= last;
    const isFired = fired.has(position);
    const isAffected = affected.has(position) && position >= run.promptLength;
    const tabIndex = position === (view.token ?? run.tokens.length - 1) ? 0 : -1;
    // Only what changed is written: a write makes the browser look at the element again.
    if (chip.getAttribute("aria-pressed") !== String(isChosen)) chip.setAttribute("aria-pressed", String(isChosen));
    if (chip.tabIndex !== tabIndex) chip.tabIndex = tabIndex;
    if (chip.classList.contains("affected") !== isAffected) chip.classList.toggle("affected", isAffected);
    if (chip.classList.contains("fired") !== isFired) chip.classList.toggle("fired", isFired);
  }
}

/** All runs that left this one, and what they left, as rows of a tree. */
function family(run) {
  let base = run;
  const all = known();
  const seen = new Set([base.id]);
  for (let parent = all.find((one) => one.id === base.origin.parent); parent && !seen.has(parent.id); parent = all.find((one) => one.id === base.origin.parent)) {
    seen.add(parent.id);
    base = parent;
  }
  const rows = [];
  const visit = (one, depth) => {
    rows.push({ run: one, depth });
    for (const child of all) if (child.origin.parent === one.id && !rows.some((row) => row.run === child)) visit(child, depth + 1);
  };
  visit(base, 0);
  return rows;
}

export function drawBranches() {
  const run = current();
  const rows = run ? family(run) : [];
  const place = $("branches");
  place.hidden = rows.length < 2;
  if (place.hidden) return place.replaceChildren();
  const key = JSON.stringify([view.run, view.versus, rows.map(({ run: one }) => [one.id, one.version, one.status])]);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const focus = document.activeElement?.dataset?.branch;
  place.replaceChildren(...rows.map(({ run: one, depth }) => branchRow(one, depth, run)));
  if (focus) place.querySelector(`[data-branch="${focus}"]`)?.focus();
}

function branchRow(one, depth, run) {
  const start = Math.min(one.origin.at ?? run.promptLength, run.promptLength);
  const tokens = one.tokens.slice(start);
  const line = element("span", { class: "branch-tokens" });
  tokens.slice(0, 60).forEach((token, index) => {
    const other = run.tokens[start + index];
    const differs = one !== run && token.id !== other?.id;
    line.append(element("bdi", { class: differs ? "branch-token differs" : "branch-token", text: named(token) }));
  });
  if (tokens.length > 60) line.append(element("span", { text: " …" }));
  const name = depth === 0 ? "first" : one.origin.label ?? "run";
  const row = element("div", { class: "branch", "data-depth": Math.min(depth, 4), "data-kind": one.origin.kind, "data-shown": one === run ? "" : undefined });
  row.append(
    button(visible(name, 24), () => look({ run: one.id, versus: one.id === run.id ? view.versus : run.id, until: null }), {
      class: "branch-name", "data-branch": one.id, "aria-current": one === run ? "true" : undefined, title: one === run ? "This run is shown" : "Show this run",
    }), line);
  if (one !== run) {
    row.append(button(one.id === view.versus ? "beside" : "compare", () => look({ versus: one.id === view.versus ? null : one.id }), {
      class: "quiet", "aria-pressed": String(one.id === view.versus), title: "Panels show this run beside, and the difference",
    }));
  }
  if (one.error) row.append(element("span", { class: "bad", text: one.error.message }));
  return row;
}

/** Chooses a token, or with `isRange` the tokens up to it. */
export function chooseToken(position, isRange = false) {
  const run = current();
  if (!run || position < 0 || position >= run.tokens.length) return;
  if (isRange && view.token !== null) {
    look({ token: Math.min(view.token, position), until: Math.max(view.token, position) });
  } else {
    look({ token: position, until: null });
  }
}

function step(by, isRange) {
  const run = current();
  if (!run?.tokens.length) return;
  const from = view.until ?? view.token ?? run.tokens.length - (by < 0 ? 0 : 1);
  const to = Math.min(Math.max(from + by, 0), run.tokens.length - 1);
  if (isRange && view.token !== null) look({ until: Math.max(to, view.token) });
  else look({ token: to, until: null });
  $("strip").children[to]?.focus();
}

export function showStrip() {
  const strip = $("strip");
  const picker = choice(Object.entries(scales).map(([name, { words }]) => [name, words]), view.colour, (name) => look({ colour: name }), { id: "colour" });
  $("controls").before(element("label", { class: "colour-by" }, element("span", { text: "colour" }), picker));
  strip.addEventListener("click", (event) => {
    const chip = event.target.closest(".chip");
    hideTip();
    if (!chip) return;
    const position = Number(chip.dataset.position);
    if (!event.shiftKey && position === view.token && view.until === null) look({ token: null, until: null });
    else chooseToken(position, event.shiftKey);
  });
  strip.addEventListener("pointerover", (event) => {
    const chip = event.target.closest(".chip");
    const run = current();
    if (!chip || !run) return hideTip();
    const box = chip.getBoundingClientRect();
    showTip(box.left + box.width / 2, box.top, ...describe(run, Number(chip.dataset.position)));
  });
  strip.addEventListener("pointerleave", hideTip);
  strip.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(by, event.shiftKey);
  });
  onLook(["token", "until", "run"], mark);
  onLook(["colour", "layer", "versus"], () => { picker.value = view.colour; drawn.version = -1; });
  onRedraw(() => { drawn.key = ""; });
  onRuns(() => { drawn.version = -1; drawBranches(); });
}
