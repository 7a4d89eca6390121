// All heads small: layers sideways, heads downwards, each a picture of its pattern.

import { colour, pixels, themed } from "./colours.js";
import { headNamesVersion, kindLetter, kindWords } from "./head-names.js";
import { Matrix } from "./matrix.js";
import { look, view } from "./store.js";

/** Names that the scores over the prompt give, with the score from which one is given. */
const names = [["previous_token", "previous token"], ["duplicate_token", "duplicate token"], ["induction", "induction"]];
const least = 0.4;

/** What a head is called: the kind that it scores highest in, if it scores high. */
export function nameOf(run, layer, head) {
  const scores = run.headScores ?? run.result("head_scores", 0);
  if (!scores) return "";
  const row = scores.layers.indexOf(layer);
  const found = names.map(([key, words]) => ({ words, score: scores.counts[key] > 2 ? scores[key][row]?.[head] ?? 0 : 0 })).sort((one, other) => other.score - one.score)[0];
  return found.score >= least ? `${found.words} ${Math.round(found.score * 100)} %` : "";
}

/** Where a position looks; by size of values, weights times the values' norms, again adding up to one. */
export function weightsAt(run, layer, head, query, isWeighted) {
  const row = run.patterns[layer]?.[query]?.[head];
  if (!row || !isWeighted || !run.values[layer]) return row;
  const heads = run.patterns[layer][query].length;
  const values = run.values[layer][Math.floor(head * run.values[layer].length / heads)];
  const weighted = Float64Array.from(row, (weight, key) => weight * (values[key] ?? 0));
  const sum = weighted.reduce((all, one) => all + one, 0);
  return sum > 0 ? weighted.map((one) => one / sum) : row;
}

/** Pixels across of one small picture. */
const size = 30;
/** Milliseconds of a frame that pictures may take: a run that grows makes all of them stale with every token. */
const share = 2;

export class Heads {
  /** All pictures side by side, as the matrix has them; of each the pass that it shows, in what theme, with what name. */
  #sheet = document.createElement("canvas");
  #context = this.#sheet.getContext("2d");
  #painted = [];
  #next = 0;
  #run = null;

  constructor() {
    this.matrix = new Matrix({ name: "All heads: layers sideways, heads downwards; Enter chooses", cellHeight: size + 4, widest: size + 4, foot: 18, side: 24, upwards: false });
    this.root = this.matrix.root;
  }

  forget() { this.#run = null; }

  show(run, layer, head) {
    const layers = run.patterns.length;
    const heads = run.patterns[layer].find(Boolean)?.length ?? 1;
    this.matrix.box.style.height = `${heads * (size + 4) + 22}px`;
    this.matrix.show({
      key: run.id, rows: heads, columns: layers, follows: false, chosen: { row: head, column: layer },
      row: (row) => String(row), column: (column) => String(column),
      cell: (row, column) => (run.patterns[column]?.length ? { ground: colour("attention", 0), picture: this.#sheet, at: [column * size, row * size, size] } : null),
      tip: (row, column) => [`layer ${column}, head ${row}`, ...[nameOf(run, column, row)].filter(Boolean), ...kindWords(run.model, column, row)],
      pick: (row, column) => look({ layer: column, head: row }),
    });
    if (run === this.#run && this.#painted.length === layers * heads) return;
    this.#run = run;
    this.#sheet.width = layers * size;
    this.#sheet.height = heads * size;
    this.#painted = new Array(layers * heads).fill("");
  }

  /** Paints what is stale, one picture behind the other for as long as a frame may take, and goes on there with the next. */
  draw() {
    const run = this.#run;
    const heads = this.#sheet.height / size;
    const end = performance.now() + share;
    for (let count = 0; run && count < this.#painted.length && performance.now() < end; count++) {
      const place = this.#next;
      this.#next = (place + 1) % this.#painted.length;
      const [layer, head] = [Math.floor(place / heads), place % heads];
      const rows = run.patterns[layer];
      const state = `${rows?.length ?? 0} ${run.edition} ${headNamesVersion()}`;
      if (!rows?.length || this.#painted[place] === state) continue;
      this.#painted[place] = state;
      paint(this.#context, layer * size, head * size, rows, head, kindLetter(run.model, layer, head));
      this.matrix.redraw();
    }
    this.matrix.draw();
  }
}

/**
 * A pattern in so many pixels; where several weights share one, the largest of some of them is shown. What the head is called stands where
 * no token can look.
 */
function paint(context, left, top, rows, head, letter) {
  const image = context.createImageData(size, size);
  const picture = new Uint32Array(image.data.buffer);
  const ramp = pixels("attention");
  const count = rows.length;
  const steps = Math.max(1, Math.min(3, Math.ceil(count / size)));
  const sampled = (place) => Array.from({ length: steps }, (_, step) => Math.floor(((place + step / steps) * count) / size));
  const columns = Array.from({ length: size }, (_, x) => sampled(x));
  for (let y = 0; y < size; y++) {
    const seen = sampled(y).map((query) => rows[query]?.[head]).filter(Boolean);
    for (let x = 0; x <= y; x++) {
      let most = 0;
      for (const row of seen) for (const key of columns[x]) most = Math.max(most, row[key] ?? 0);
      picture[y * size + x] = ramp[Math.round(Math.sqrt(Math.min(most, 1)) * 255)];
    }
  }
  context.putImageData(image, left, top);
  context.font = "700 12px system-ui, sans-serif";
  context.textAlign = "right";
  context.fillStyle = themed("--ink");
  context.fillText(letter, left + size - 2, top + 12);
}
