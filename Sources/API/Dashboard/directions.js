// Directions that are steered along or held against: of a token, of another run, of a file, less a mean or another token.

import { current } from "./session.js";
import { view } from "./store.js";
import { takeRows } from "./vectors.js";

export const shownRun = () => {
  const run = current();
  if (!run?.tokens.length) throw new Error("There is no text yet whose vectors could be taken; run something first.");
  return run.id;
};

/** A direction, and where it is from: a row, or what is particular about it. */
export async function directionOf({ from, row, less }, place) {
  if (from === "own") {
    const position = view.token;
    if (position === null) throw new Error("Choose a token first: its vector, less the mean of the text, is the direction.");
    return directionOf({ from: `run:${shownRun()}`, row: position, less: "mean" }, place);
  }
  const { rows: [vector], mean, words } = await takeRows(from, place, row);
  if (less === "mean" && mean) return { vector: minus(vector, mean()), words: `${words}, less the mean of its text` };
  if (less !== "chosen") return { vector: Array.from(vector), words };
  if (view.token === null) throw new Error("Choose a token first: its vector is taken off.");
  const { rows: [other], words: others } = await takeRows(`run:${shownRun()}`, place, view.token);
  if (other.length !== vector.length) throw new Error(`The two vectors have ${vector.length} and ${other.length} numbers`);
  return { vector: minus(vector, other), words: `${words}, less ${others}` };
}

const minus = (vector, other) => Array.from(vector, (one, index) => one - other[index]);
