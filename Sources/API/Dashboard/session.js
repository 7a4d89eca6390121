// The runs of this page: begun, watched, branched. `current()` is the one that is shown, `versus()` the one beside it.

import { tell } from "./dom.js";
import { server, client, hasAnalysis } from "./server.js";
import { RunData } from "./run-data.js";
import { isFile, look, onLook, view } from "./store.js";
import { changesInForce } from "./changes.js";
import { watchesInForce } from "./watches.js";

const runs = new Map();
const watchedRuns = new Map();
/** Runs whose numbers are kept; older ones keep their text. */
const keptRuns = 5;
const listeners = new Set();

/** Calls back when a run began, ended, or another is shown; what streams in is seen by `version`. */
export function onRuns(listener) { listeners.add(listener); }
export function announceRuns() { for (const listener of listeners) listener(); }

export const current = () => runs.get(view.run) ?? null;
export const versus = () => (view.versus === view.run ? null : runs.get(view.versus) ?? null);
export const known = () => [...runs.values()];
export const watchedRun = (id = view.run) => watchedRuns.get(id) ?? null;

export function adopt(data) {
  runs.set(data.id, data);
  const heavy = [...runs.values()].filter((one) => one.isOver && one.id !== view.run && one.id !== view.versus);
  for (const old of heavy.slice(0, Math.max(0, runs.size - keptRuns))) runs.delete(old.id);
}

/** Lets go of a run that another took the place of. */
export function forget(data) { runs.delete(data.id); }

/** What the open panels need of a run that is begun now; panels add to it. */
const needs = [];
export function need(panel, ask) { needs.push({ panel, ask }); }

/** Hooks and analyses for a run of a model. */
export function captures(model) {
  const hooks = [];
  const analyses = new Map();
  for (const { panel, ask } of needs) {
    if (panel !== null && !view.panels.includes(panel)) continue;
    const { hooks: more = [], analyses: others = [] } = ask(model);
    hooks.push(...more);
    for (const one of others) if (hasAnalysis(one.name)) analyses.set(one.name, { ...analyses.get(one.name), ...one });
  }
  return { hooks, analyses: [...analyses.values()] };
}

/** Begins a run and shows it; `place` is `run`, or `versus` for the one beside. */
export async function begin(request, origin, place = "run") {
  const model = server.model;
  const watch = watchesInForce(place === "run");
  const watched = await server.socket.start({
    model: model.model_id, topLogprobs: 10, frames: { dtype: "f32", codec: "raw" }, detach: false, ...captures(model), ...request, ...(watch.length ? { watch } : {}),
  }, { tensors: "binary", policy: "lossless" });
  return show(watched, { ...request, watch }, origin, place);
}

function show(watched, request, origin, place, inherited = []) {
  const data = new RunData(watched.id);
  Object.assign(data, { origin, request, inherited });
  data.stand(watched.info);
  adopt(data);
  watchedRuns.set(watched.id, watched);
  look(place === "run" ? { run: watched.id, versus: null, token: null, until: null } : { [place]: watched.id });
  follow(data, watched);
  announceRuns();
  return data;
}

/** Goes on from where the shown run stands in a second one, watched for what is set up now; the first one keeps standing. */
export async function goOnWatched() {
  const parent = current();
  const watch = watchesInForce();
  const forked = await watchedRun().fork({ watch }, { tensors: "binary", policy: "lossless" });
  const origin = { kind: "instead", parent: parent.id, at: parent.tokens.length, label: "other breakpoints" };
  show(forked, { ...parent.request, watch }, origin, "run", parent.tokens.slice(parent.promptLength));
}

/**
 * The answer's tokens of the runs that a fork left, as they were then: a run may go back and say something else. Their events tell them,
 * and nobody is made to wait for a run that goes on.
 */
async function inheritedBy(info, depth = 0) {
  const known = runs.get(info.parent_run_id);
  if (known) return known.forks.get(info.run_id) ?? known.tokens.slice(known.promptLength);
  const tokens = [];
  try {
    const parent = await client.describeRun(info.parent_run_id);
    if (parent.parent_run_id && depth < 16) tokens.push(...await inheritedBy(parent, depth + 1));
    // A run that ends with its last viewer would end with this one.
    if (!parent.detached && !parent.viewers && !isEnded(parent)) return tokens;
    for await (const event of client.events(parent.run_id, { tensors: "none" })) {
      if (event.type === "run.forked" && event.child_run_id === info.run_id) break;
      if (event.type === "token") tokens[event.step] = { id: event.token_id, text: event.text, logprob: event.logprob, top: event.top, step: event.step };
      if (event.seq >= parent.seq - 1) break;
    }
  } catch {
    // A run that is gone takes its text with it.
  }
  return tokens;
}

const isEnded = (info) => ["finished", "cancelled", "failed"].includes(info.status);

/** Watches a run that somebody began, from its first event. */
export async function watch(id, origin = { kind: "watch" }) {
  const info = await client.describeRun(id);
  const isOver = isEnded(info);
  const inherited = info.parent_run_id ? await inheritedBy(info) : [];
  const watched = await server.socket.watch(id, { from: 0, tensors: "binary", policy: isOver ? "lossless" : "conflate" });
  const data = new RunData(id);
  data.inherited = inherited;
  data.origin = info.parent_run_id ? { kind: "instead", parent: info.parent_run_id, label: "fork" } : origin;
  data.stand(info);
  // A run that is over is told to its end all the same.
  if (isOver && info.status !== "failed") data.status = "running";
  adopt(data);
  watchedRuns.set(id, watched);
  follow(data, watched);
  announceRuns();
  return data;
}

async function follow(data, watched) {
  try {
    for await (const event of watched) {
      if (runs.get(data.id) !== data) break;
      data.take(event);
      if (event.type === "run.forked" || event.type === "run.paused" || event.type === "run.resumed") announceRuns();
    }
  } catch (error) {
    data.fail(error);
  }
  if (watchedRuns.get(data.id) === watched) watchedRuns.delete(data.id);
  announceRuns();
}

/** Sends a command to a run; its reply says how the run then stands. */
export async function command(name, ...values) {
  const data = current();
  const id = data?.id;
  if (!id) return;
  try {
    const watched = watchedRun(id);
    const reply = watched ? await watched[name](...values) : await client[name === "cancel" ? "cancelRun" : name](id, ...values);
    data.stand(reply?.run ?? (reply?.status ? reply : null));
  } catch (error) {
    // A run that ended in the meantime needs no command any more.
    if (!data.isOver) throw error;
  } finally {
    announceRuns();
  }
}

/** The request that gives a run's prompt again, drawn the same way. */
export function again(data, tokens = data.tokenIds.slice(0, data.promptLength)) {
  const { temperature, top_p: topP, top_k: topK, min_p: minP, repetition_penalty: repetitionPenalty, seed, stop,
    presence_penalty: presencePenalty, frequency_penalty: frequencyPenalty, max_tokens: maxTokens } = data.sampling;
  return {
    model: data.model, tokens, temperature, topP, topK, minP, repetitionPenalty, presencePenalty, frequencyPenalty, seed,
    stop: stop.length ? stop : undefined, maxTokens, ignoreEos: data.request?.ignoreEos,
  };
}

/** Goes on from a position with another token in its place, beside the run it leaves. */
export function insteadOf(data, position, id, text) {
  const tokens = [...data.tokenIds.slice(0, position), id];
  const left = data.sampling.max_tokens - Math.max(0, position + 1 - data.promptLength);
  const label = `${text} instead`;
  return begin({ ...again(data, tokens), maxTokens: Math.max(1, left), interventions: data.request?.interventions },
    { kind: "instead", parent: data.id, at: position, label }, "versus");
}

/** The shown run once more with the changes that are in force, beside it. */
export function changedBeside(data = current()) {
  const interventions = changesInForce();
  const label = interventions.length === 1 ? "1 change" : `${interventions.length} changes`;
  return begin({ ...again(data), interventions }, { kind: "change", parent: data.id, at: data.promptLength, label, interventions }, "versus");
}

/**
 * A panel that opens while a run of this page goes on gets its numbers from the next token on; what came before is read when the run is
 * over. Runs of others are left as they are.
 */
async function addMissing() {
  const run = current();
  const watched = watchedRun();
  if (!watched || run.isOver || run.isReplay || run.origin.kind === "watch" || run.model !== server.model?.model_id) return;
  const add = captures(server.model).hooks.filter((hook) => !run.hooks.some((one) => one.hook_id === hook.hook_id && one.active));
  if (!add.length) return;
  // A run that ended in the meantime is read again as a whole.
  await watched.changeHooks({ add }).catch((error) => { if (!run.isOver) tell(error.message); });
}

/** Runs that are about to be watched: two watchers of one run would each get a part of it. */
const opening = new Set();

async function open(id) {
  if (!id || runs.has(id) || opening.has(id) || !server.isConnected || !server.socket) return;
  opening.add(id);
  // A file that was dropped on the page is not the server's to give; a recording of the server is opened by its panel.
  try {
    if (isFile(id) && view.recording) return;
    if (isFile(id)) throw new Error("This run was played from a file that was dropped on the page: drop it again.");
    await watch(id);
  } catch (error) {
    // It is tried again when the server is back.
    if (error.code === "connection_lost") return;
    const missing = new RunData(id);
    missing.fail(error);
    adopt(missing);
    announceRuns();
  } finally {
    opening.delete(id);
  }
}

/** Watches what the address names and is not known yet. */
export function openNamed() { return Promise.all([open(view.run), open(view.versus)]); }
onLook(["panels"], addMissing);
onLook(["run", "versus"], () => { openNamed(); announceRuns(); });
