// The attribution graph of the chosen token: asked for, since it takes many passes, kept by the server, drawn, marked, checked by cutting,
// saved and opened in Neuronpedia's schema.

import { button, choice, element, emptiness, labelled, quoted, save, tell, visible } from "./dom.js";
import { addChange, cutOf } from "./changes.js";
import { paths } from "./circuit.js";
import { drawCircuit, nodeElement } from "./circuit-drawing.js";
import { addOpener, fileField } from "./files.js";
import { checkForm } from "./graph-check.js";
import { groupID, lookedAt, readGraph, readMarks, startingShare, written } from "./graph-model.js";
import { readable, sideOf } from "./graph-side.js";
import { addPanel, toggle } from "./panels.js";
import { onRedraw } from "./redraw.js";
import { client, onServer, server } from "./server.js";
import { current } from "./session.js";
import { look, recall, remember, view } from "./store.js";

const markedGraphs = 12;

/** What is shown, and what is going on. */
const state = {
  graph: null, marks: null, chosen: null, isKept: false, check: null, checkError: null, isChecking: false,
  asking: null, error: null, kept: null, limits: { influence: 1, share: 0.05 }, version: 0,
};
let asking = null;
let checking = null;
let opening = null;

function set(changes) {
  Object.assign(state, changes);
  state.version += 1;
}

/** Marks of the graphs that were looked at last, by slug. */
function readMarked() {
  try {
    const kept = JSON.parse(recall("graph.marks") ?? "{}");
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {};
  }
}

function mark(marks) {
  set({ marks });
  if (!state.isKept) return;
  const { [state.graph.slug]: _, ...others } = readMarked();
  const newest = Object.entries(others).slice(-(markedGraphs - 1));
  remember("graph.marks", JSON.stringify({ ...Object.fromEntries(newest), [state.graph.slug]: written(state.graph, marks).qParams }));
}

function show(document, isKept) {
  const graph = readGraph(document);
  const own = isKept && Object.hasOwn(readMarked(), graph.slug) ? readMarked()[graph.slug] : document.qParams;
  const marks = readMarks(graph, own ?? {});
  checking?.abort();
  set({ graph, isKept, marks, limits: { influence: 1, share: startingShare(graph, marks) }, chosen: graph.nodes.has(document.qParams?.clickedId) ? document.qParams.clickedId : null, check: null, checkError: null, isChecking: false, error: null });
  look({ graph: isKept ? graph.slug : null });
}

/** The token whose graph is asked for: the chosen one, or the newest. */
function placeOf(run) {
  const position = run ? view.token ?? run.tokens.length - 1 : -1;
  return run?.tokens[position] && position > 0 ? position : null;
}

function requestOf(run, position, target) {
  const answer = target === "likeliest" ? {} : { answer: run.tokens[position].id };
  const wrong = /^\d+$/.test(target) ? { wrong: Number(target) } : {};
  const isServers = position >= run.promptLength && !run.isFile && !run.isReplay;
  const begun = isServers ? { runId: run.id, step: position - run.promptLength } : { tokens: run.tokenIds.slice(0, position), model: run.model };
  return { ...begun, ...answer, ...wrong };
}

/** A long text's graph has at most so many nodes; how many is told with the refusal of more. */
async function asFarAsAllowed(request, options) {
  try {
    return await client.graph(request, options);
  } catch (error) {
    const [, maxNodes] = error.details?.field === "max_nodes" ? /^at most (\d+) /.exec(error.details.allowed) ?? [] : [];
    if (!maxNodes) throw error;
    return client.graph({ ...request, maxNodes: Number(maxNodes) }, options);
  }
}

async function ask(target) {
  const run = current();
  const position = placeOf(run);
  if (position === null) return;
  asking?.abort();
  const mine = asking = new AbortController();
  set({ asking: { done: 0, total: 0, links: 0, token: run.tokens[position].text }, error: null });
  try {
    const document = await asFarAsAllowed(requestOf(run, position, target), {
      signal: mine.signal,
      progress(event) {
        if (mine !== asking || !state.asking) return;
        if (event.type === "analysis.progress") set({ asking: { ...state.asking, done: event.done, total: event.total } });
        if (event.type === "analysis.rows") set({ asking: { ...state.asking, links: state.asking.links + event.links.length } });
      },
    });
    if (mine !== asking) return;
    set({ asking: null });
    show(document, true);
    readKept();
  } catch (error) {
    if (mine === asking) set({ asking: null, error: mine.signal.aborted ? null : error });
  }
}

function cancel() {
  asking?.abort();
  set({ asking: null });
  tell("The graph is not looked for any more.");
}

async function readKept() {
  try {
    set({ kept: (await client.listGraphs()).graphs });
  } catch (error) {
    set({ kept: state.kept ?? [] });
    if (error.code !== "connection_lost") tell(error.message);
  }
}

/** Opens a graph that the server keeps, once. */
async function open(slug) {
  if (!slug || opening === slug || !server.isConnected) return;
  opening = slug;
  set({ error: null });
  try {
    const document = await client.describeGraph(slug);
    if (opening === slug) show(document, true);
  } catch (error) {
    if (opening !== slug) return;
    set({ error });
    look({ graph: null });
  } finally {
    if (opening === slug) opening = null;
  }
}

async function forget() {
  const { slug } = state.graph;
  try {
    await client.deleteGraph(slug);
    set({ graph: null, chosen: null, check: null });
    look({ graph: null });
    tell("The graph is forgotten.");
  } catch (error) {
    tell(error.message);
  }
  readKept();
}

async function verify(request) {
  checking?.abort();
  const mine = checking = new AbortController();
  const { slug } = state.graph;
  set({ isChecking: true, checkError: null });
  try {
    const check = await client.verifyGraph(slug, { ...request, signal: mine.signal });
    // The graph itself now says that it was verified, and so does its file.
    const document = await client.describeGraph(slug);
    if (mine === checking && state.graph?.slug === slug) set({ check, isChecking: false, graph: { ...state.graph, document } });
  } catch (error) {
    if (mine === checking) set({ isChecking: false, checkError: mine.signal.aborted ? null : error });
  }
}

const actions = {
  choose: (chosen) => set({ chosen }),
  pin(id) {
    const pinned = new Set(state.marks.pinned);
    if (!pinned.delete(id)) pinned.add(id);
    mark({ ...state.marks, pinned });
  },
  clear() {
    const grouped = new Set(state.marks.groups.flatMap(({ ids }) => ids));
    mark({ ...state.marks, pinned: new Set([...state.marks.pinned].filter((id) => grouped.has(id))) });
  },
  group(name, ids) {
    const groups = [...state.marks.groups, { name: name.trim() || `group ${state.marks.groups.length + 1}`, ids }];
    set({ chosen: groupID(groups.length - 1) });
    mark({ ...state.marks, groups });
  },
  rename(index, name) {
    const groups = state.marks.groups.map((one, place) => (place === index && name.trim() ? { ...one, name: name.trim() } : one));
    mark({ ...state.marks, groups });
  },
  ungroup(index) {
    set({ chosen: null });
    mark({ ...state.marks, groups: state.marks.groups.filter((_, place) => place !== index) });
  },
  look: (node) => look({ layer: node.layer, head: node.head, panels: [...new Set([...view.panels, "attention"])] }),
  cut(nodes) {
    for (const node of new Map(nodes.map((one) => [`${one.layer} ${one.kind} ${one.head}`, one])).values()) addChange(cutOf(node.layer, node.kind === "head" ? node.head : null));
    tell("Cut: the changed run appears below the tokens.");
  },
};

function choose(id, isMore) {
  if (isMore && state.graph.nodes.has(id)) actions.pin(id);
  else set({ chosen: state.chosen === id ? null : id });
}

addPanel({
  name: "graph", title: "Attribution graph", key: "0", help: "What made a token, followed back along all paths; checked by cutting",
  isThere: () => server.graphs?.some(({ name }) => name === "attribution_graph"),
  open(body, tools) {
    const target = element("select", { id: "graph-target" });
    const start = button("Ask", () => ask(target.value), { class: "primary small", id: "graph-ask" });
    const kept = element("select", { id: "graph-kept", on: { change: () => { open(kept.value); kept.value = ""; } } });
    const pick = fileField("graph-file", ".json", "A graph's file");
    const keep = button("save", () => save(JSON.stringify(written(state.graph, state.marks, state.graph.nodes.has(state.chosen) ? state.chosen : "")), `${state.graph.slug.replace(/[^\w.-]/g, "_") || "graph"}.json`), { class: "quiet", id: "save-graph", title: "The graph with its pins and groups, for Neuronpedia and circuit-tracer" });
    const gone = button("forget", forget, { class: "quiet", id: "forget-graph", title: "The server keeps it no longer" });
    tools.append(labelled("follow", target), start, labelled("open", kept), button("a file", () => pick.click(), { class: "quiet" }), pick, keep, gone);
    const range = (id, attributes, change) => { const made = element("input", { type: "range", id, ...attributes, on: { input: () => change(Number(made.value)) } }); return made; };
    const influence = range("graph-influence", { min: 0.05, max: 1, step: 0.01, value: state.limits.influence }, (value) => set({ limits: { ...state.limits, influence: value } }));
    const share = range("graph-share", { min: 0, max: 0.5, step: 0.005, value: state.limits.share }, (value) => set({ limits: { ...state.limits, share: value } }));
    const told = element("span", { class: "number quiet-text", id: "graph-told" });
    const about = element("div", { class: "row graph-about" });
    const picture = element("div", { class: "circuit" });
    const side = element("div", { class: "circuit-side", id: "graph-side" });
    const check = checkForm({ verify, stop() { checking?.abort(); } });
    const shown = element("div", { class: "graph-shown" }, about,
      element("div", { class: "row" }, labelled("nodes that carry", influence), labelled("links from", share), told),
      element("div", { class: "circuit-parts" }, picture, side), check.root);
    const waiting = element("div");
    body.append(waiting, shown);
    readKept();
    let drawn = "";
    let drawnTarget = "";
    onRedraw(() => { drawn = ""; });
    return () => {
      if (view.graph && view.graph !== (state.isKept ? state.graph?.slug : null)) open(view.graph);
      const run = current();
      const position = placeOf(run);
      const targetKey = [run?.id, position, run?.tokens[position]?.id, run?.tokens[position]?.top.length].join();
      if (targetKey !== drawnTarget) { drawnTarget = targetKey; showTargets(target, run, position); }
      start.disabled = position === null || Boolean(state.asking) || !server.isConnected;
      const key = [state.version, picture.clientWidth, targetKey].join();
      if (key === drawn) return;
      drawn = key;
      const { graph } = state;
      showKept(kept);
      shown.hidden = keep.hidden = !graph;
      gone.hidden = !graph || !state.isKept;
      waiting.replaceChildren(...whatIs(run, position));
      if (!graph) return;
      influence.value = state.limits.influence;
      share.value = state.limits.share;
      const seen = lookedAt(graph, state.limits, state.marks);
      told.textContent = `${Math.round(state.limits.influence * 100)} % of the influence, ${Number((seen.least * 100).toFixed(1))} % of a node's input: ${seen.nodes.length} nodes, ${seen.edges.length} links`;
      showAbout(about, graph);
      const chosen = seen.nodes.some((node) => node.id === state.chosen) ? state.chosen : null;
      drawCircuit(picture, {
        key: `${graph.slug} ${graph.links.length}`, title: "The attribution graph", nodes: seen.nodes, edges: seen.edges, name: (node) => readable(node.name),
        text: (node) => /^Output "([\s\S]*)" \(p=/.exec(node.name)?.[1] ?? node.name, token: (place) => graph.tokens[place],
        pinned: new Set([...state.marks.pinned, ...(chosen ? [chosen] : [])]), lit: chosen ? paths(seen.edges, [chosen]) : null, toggle: choose,
      });
      if (chosen) nodeElement(picture, chosen)?.classList.add("chosen");
      side.replaceChildren(...sideOf(state, actions));
      check.show({ canAsk: state.isKept, isAsking: state.isChecking, check: state.check, error: state.checkError, prompt: String(graph.document.metadata.prompt ?? "") });
    };
  },
});

function showTargets(target, run, position) {
  const token = run?.tokens[position];
  const own = token ? quoted(token.text, 16) : "a token";
  const rivals = (token?.top ?? []).filter((one) => one.token_id !== token.id).slice(0, 6);
  const before = target.value;
  target.replaceChildren(...[["chosen", own], ["likeliest", `what is likeliest there`], ...rivals.map((one) => [String(one.token_id), `${own}, not ${quoted(one.text, 16)}`])]
    .map(([value, text]) => element("option", { value, text })));
  if ([...target.options].some((one) => one.value === before)) target.value = before;
  target.disabled = !token;
}

function showKept(kept) {
  const list = state.kept ?? [];
  const nameOf = (one) => `… ${visible(one.prompt_tokens.slice(-6).join(""), 40)} (${one.node_count ?? "?"} nodes)`;
  const key = list.map((one) => one.slug).join();
  if (kept.dataset.slugs === key && kept.options.length) return;
  kept.dataset.slugs = key;
  kept.replaceChildren(element("option", { value: "", text: list.length ? `kept (${list.length}) …` : "none is kept" }), ...list.map((one) => element("option", { value: one.slug, text: nameOf(one) })));
  kept.disabled = !list.length;
}

function whatIs(run, position) {
  const { asking: going, error, graph } = state;
  if (going) {
    const bar = element("progress", { id: "graph-progress", "aria-label": "The graph" });
    if (going.total) { bar.max = going.total; bar.value = going.done; }
    return [element("div", { class: "emptiness", "data-state": "loading" }, element("p", { text: `Following ${quoted(going.token, 16)} back: ${going.done} of ${going.total || "?"} steps, ${going.links} links` }), bar, button("Cancel", cancel, { id: "graph-cancel" }))];
  }
  if (error) return [emptiness("failed", error.message, button("Close", () => set({ error: null }), { class: "quiet" }))];
  if (graph) return [];
  if (position === null) return [emptiness("empty", run ? "Choose a token that has others before it." : "Run something first, choose a token, and ask; or drop a graph's file on the page.")];
  return [emptiness("empty", `Ask what made ${quoted(run.tokens[position].text, 16)}: it takes a moment. Or drop a graph's file on the page.`)];
}

function showAbout(about, { document, tokens }) {
  const { replacement_score: replacement, completeness_score: completeness, model } = document.metadata;
  const facts = [typeof model === "string" ? visible(model, 40) : null, `${document.nodes.length} nodes, ${document.links.length} links`,
    Number.isFinite(completeness) ? `completeness ${(completeness * 100).toFixed(1)} %` : null, Number.isFinite(replacement) ? `replacement ${(replacement * 100).toFixed(1)} %` : null].filter(Boolean);
  about.replaceChildren(element("bdi", { class: "token-text", text: `… ${visible(tokens.slice(-12).join(""), 80)}` }), element("span", { class: "quiet-text", text: facts.join(" · ") }));
}

addOpener({
  ends: [".json"],
  async open(file) {
    const document = JSON.parse(await file.text());
    show(document, false);
    toggle("graph", true);
    return `${visible(file.name)}: ${document.nodes.length} nodes, ${document.links.length} links.`;
  },
});

// What the server keeps may have gone with it.
onServer(({ isConnected }) => { if (isConnected && state.kept) readKept(); });
