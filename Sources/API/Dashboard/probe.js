// A single pass over a text that is already there, with other hooks, analyses or changes: how panels opened late, and
// questions about one token, get their numbers. The pass is a run of one token that is forgotten as soon as it was read.

import { client, server } from "./server.js";
import { RunData } from "./run-data.js";

const kept = new Map();
const limit = 16;

/** What a pass over some tokens brings; the same question is asked once. */
export function probe(tokens, question) {
  const key = JSON.stringify([server.model?.model_id, tokens, question]);
  if (!kept.has(key)) {
    const answer = pass(tokens, question);
    kept.set(key, answer);
    answer.catch(() => kept.delete(key));
    while (kept.size > limit) kept.delete(kept.keys().next().value);
  }
  return kept.get(key);
}

async function pass(tokens, { model, hooks = [], analyses = [], interventions = [] }) {
  if (!server.socket) throw new Error("The server is not connected");
  const watched = await server.socket.start({
    model, tokens, hooks, analyses, interventions, maxTokens: 1, temperature: 0, ignoreEos: true, frames: { dtype: "f32", codec: "raw" },
  }, { tensors: "binary", policy: "lossless" });
  const data = new RunData(watched.id);
  try {
    for await (const event of watched) data.take(event);
  } finally {
    client.cancelRun(watched.id).catch(() => {});
  }
  return data;
}

/** One question at a time for a panel: an answer that another question overtook is dropped. */
export class Question {
  #newest = 0;
  isAsking = false;

  /** Asks, and hands the answer to `take`, or the refusal to `refuse`, if it is still wanted. */
  async ask(promise, take, refuse) {
    const mine = ++this.#newest;
    this.isAsking = true;
    try {
      const answer = await promise;
      if (mine === this.#newest) take(answer);
    } catch (error) {
      if (mine === this.#newest) refuse(error);
    } finally {
      if (mine === this.#newest) this.isAsking = false;
    }
  }

  drop() { this.#newest += 1; this.isAsking = false; }
}
