// Why this token and not another: what each head and MLP adds to the difference of their logits (direct attribution), and how
// much of it is lost without each of them (ablation). From here causes are cut, and the answer changes beside.

import { button, choice, element, emptiness, labelled, quoted, short, signed, tell, visible } from "./dom.js";
import { addChange, changeInWords, cutOf } from "./changes.js";
import { colour, drawRamp } from "./colours.js";
import { Matrix } from "./matrix.js";
import { addPanel, toggle } from "./panels.js";
import { probe, Question } from "./probe.js";
import { client, server } from "./server.js";
import { current } from "./session.js";
import { look, view } from "./store.js";
import { onRedraw } from "./redraw.js";

/** A model up to this many parameters is swept without being asked: it takes a second. */
const quick = 20e6;

class Why {
  question = new Question();
  sweep = new Question();
  key = "";
  /** What is known: `{run, position, against, candidates, direct, without}`. */
  facts = null;
  error = null;
  version = 0;

  /** Asks for the token that is chosen, unless that was asked already. */
  follow(run, position) {
    const key = run && position > 0 ? `${run.id} ${position} ${run.tokens[position]?.id}` : "";
    if (key === this.key) return;
    this.key = key;
    this.question.drop();
    this.sweep.drop();
    this.leave?.abort();
    this.facts = this.error = null;
    this.version += 1;
    clearTimeout(this.waiting);
    // Who walks over the tokens asks about the one where he stays.
    if (key) this.waiting = setTimeout(() => this.ask(run, position), 200);
  }

  ask(run, position) {
    const tokens = run.tokenIds.slice(0, position);
    const answer = run.tokens[position].id;
    const model = run.model;
    const hooks = [{ layer_name: "lm_head", component: "logits", hook_id: "logits", positions: "last" }];
    const before = probe(tokens, { model, hooks, interventions: run.request?.interventions });
    this.question.ask(before.then(async (pass) => {
      const logits = pass.logits[position - 1];
      const candidates = await candidatesOf(run, position, logits);
      return { run, position, answer, tokens, candidates, logits };
    }), (facts) => { this.facts = facts; this.contrast(facts.candidates[0].id); }, (error) => this.refuse(error));
  }

  /** Sets against which token the chosen one is held. */
  contrast(against) {
    const facts = this.facts;
    Object.assign(facts, { against, direct: null, without: null, progress: null });
    this.version += 1;
    const analyses = [{ name: "direct_logit_attribution", answer: facts.answer, versus: against }];
    this.question.ask(probe(facts.tokens, { model: facts.run.model, analyses, interventions: facts.run.request?.interventions }),
      (pass) => { facts.direct = pass.result("direct_logit_attribution"); this.version += 1; }, (error) => this.refuse(error));
    if (server.model?.parameters <= quick) this.measure();
  }

  /** Takes every head and MLP away in turn. */
  measure() {
    const facts = this.facts;
    facts.progress = { done: 0, total: 1 };
    this.version += 1;
    this.leave?.abort();
    const { signal } = this.leave = new AbortController();
    const ask = (component) => sweep({
      model: facts.run.model, analysis: "ablation", component, by: component === "z" ? "head" : "layer",
      clean: { tokens: facts.tokens }, answer: facts.answer, wrong: facts.against,
    }, (progress) => { facts.progress = progress; this.version += 1; }, signal);
    this.sweep.ask(ask("z").then(async (heads) => ({ heads, mlps: await ask("mlp_out") })),
      (without) => { Object.assign(facts, { without, progress: null }); this.version += 1; },
      (error) => { facts.progress = null; this.refuse(error); });
  }

  refuse(error) { this.error = error; this.version += 1; }
}

/** A sweep with its progress; the server stops it when the signal aborts, and forgets it once it was read. */
export async function sweep(request, progress, signal) {
  for await (const event of client.analysisEvents(request, { signal })) {
    if (event.type === "analysis.progress") progress(event);
    if (event.type !== "analysis.result") continue;
    client.cancelRun(event.run_id).catch(() => {});
    return event;
  }
}

/**
 * What else might have stood here, the likeliest first. Where the chosen token was taken from the text, the others of the text
 * come first: that is the choice which the model had to make.
 */
async function candidatesOf(run, position, logits) {
  const answer = run.tokens[position].id;
  const before = run.tokens.slice(0, position);
  const names = new Map(run.tokens.map((token) => [token.id, token.text]));
  const others = run.tokens[position].top.filter((one) => one.token_id !== answer);
  for (const one of others) names.set(one.token_id, one.text);
  const byLogit = (ids) => [...new Set(ids)].filter((id) => id !== answer && id < logits.length).sort((one, other) => logits[other] - logits[one]);
  const inText = byLogit(before.map((token) => token.id)).slice(0, 8);
  const likeliest = byLogit(others.map((one) => one.token_id));
  const isCopy = before.some((token) => token.id === answer);
  const ids = [...new Set(isCopy ? [...inText, ...likeliest] : [...likeliest, ...inText])].slice(0, 16);
  if (!ids.length) throw new Error("There is no other token to hold this one against");
  return ids.map((id) => ({ id, text: names.get(id) ?? "" }));
}

const why = new Why();

/** The places of a result as one list: the strongest first. */
function placesOf(facts) {
  const { direct, without } = facts;
  const found = [];
  direct.heads.forEach((row, layer) => row.forEach((value, head) => found.push({ layer, head, direct: value, without: without?.heads.effect[layer]?.[head] ?? null })));
  direct.mlp_out.forEach((value, layer) => found.push({ layer, head: null, direct: value, without: without?.mlps.effect[layer]?.[0] ?? without?.mlps.effect[layer] ?? null }));
  return found;
}

const nameOf = ({ layer, head }) => (head === null ? `MLP of layer ${layer}` : `Head ${head} of layer ${layer}`);

function contentOf(facts, kind, places) {
  const layers = facts.direct.mlp_out.length;
  const heads = facts.direct.heads[0]?.length ?? 0;
  const at = (row, column) => places[column < heads ? row * heads + column : layers * heads + row];
  const value = (place) => (kind === "direct" ? place.direct : place.without === null ? null : -place.without);
  const sizes = places.filter((place) => place.head !== null).map((place) => Math.abs(value(place) ?? 0));
  const most = Math.max(...sizes, 1e-6);
  return {
    key: `${why.key} ${kind} ${facts.against}`, rows: layers, columns: heads + 1, follows: false, marks: [heads], most,
    chosen: { row: view.layer, column: view.layer === null ? null : view.head ?? (view.head === null && why.isMLP ? heads : null) },
    row: (row) => String(row), column: (column) => (column === heads ? "MLP" : heads > 6 ? String(column) : `head ${column}`),
    cell(row, column) {
      const number = value(at(row, column));
      return number === null || number === undefined ? null : { ground: colour("against", number / most) };
    },
    tip(row, column) {
      const place = at(row, column);
      return [nameOf(place), `adds ${signed(place.direct)} directly`,
        ...(place.without === null ? [] : [`without it the difference changes by ${signed(place.without)}`])];
    },
    pick(row, column) {
      why.isMLP = column === heads;
      look({ layer: row, head: column < heads ? column : null });
      why.version += 1;
    },
  };
}

function cut(places) {
  for (const { layer, head } of places) addChange(cutOf(layer, head));
  tell(`${places.map((place) => changeInWords(cutOf(place.layer, place.head))).join(", ")}: the changed run appears below the tokens.`);
  if (!view.panels.includes("change")) toggle("change", true);
}

addPanel({
  name: "why", title: "Why this token", key: "1", help: "Which heads and MLPs speak for it, and what happens without them",
  open(body, tools) {
    const direct = new Matrix({ name: "What each head and MLP adds directly", widest: 60, foot: 22 });
    const without = new Matrix({ name: "What is lost without each head and MLP", widest: 60, foot: 22 });
    const head = element("div", { class: "row why-head" });
    const maps = element("div", { class: "why-maps" },
      element("figure", {}, element("figcaption", { text: "Adds directly to the difference" }), direct.root),
      element("figure", {}, element("figcaption", { text: "What the difference loses without it" }), without.root, element("div", { class: "why-wait" })));
    const ramp = element("canvas", { class: "ramp", width: 120, height: 8, "aria-hidden": "true" });
    const legend = element("div", { class: "legend" }, element("span", { text: "speaks against" }), ramp, element("span", { text: "speaks for" }));
    const list = element("div", { class: "why-list" });
    const empty = element("div");
    body.append(empty, head, maps, legend, list);
    let drawn = "";
    onRedraw(() => { drawn = ""; });
    this.tools = tools;
    return () => {
      const run = current();
      why.follow(run, view.token);
      const key = [why.version, why.key, view.layer, view.head, why.error].join();
      if (key !== drawn) {
        drawn = key;
        const facts = why.facts;
        const isReady = Boolean(facts?.direct);
        for (const part of [head, maps, legend, list]) part.hidden = !isReady;
        empty.replaceChildren(...(isReady && !why.error ? [] : [nothing(run)]));
        if (isReady) show({ facts, head, maps, direct, without, list });
        drawRamp(ramp, "against");
      }
      direct.draw();
      without.draw();
    };
  },
});

function nothing(run) {
  if (why.error) return emptiness("failed", why.error.message);
  if (!run?.tokens.length) return emptiness("empty", "Run something first; then choose a token of the answer to ask where it came from.");
  if (view.token === null) {
    const first = run.tokens[run.promptLength] ? button("Ask about the first token of the answer", () => look({ token: run.promptLength })) : null;
    return emptiness("empty", "Choose a token above to ask where it came from.", first);
  }
  if (view.token === 0) return emptiness("empty", "Nothing comes before the first token.");
  return emptiness("loading", "Asking the model …");
}

function show({ facts, head, maps, direct, without, list }) {
  const places = placesOf(facts);
  const answer = facts.run.tokens[facts.position].text;
  const against = facts.candidates.find((one) => one.id === facts.against)?.text ?? "";
  head.replaceChildren(
    element("span", { text: "Why" }), element("bdi", { class: "token-text big", text: visible(answer) }),
    labelled("and not", choice(facts.candidates.map((one) => [one.id, visible(one.text) || `‹${one.id}›`]), facts.against, (id) => why.contrast(Number(id)), { id: "against" })),
    element("span", { class: "quiet-text", text: `difference of logits ${short(facts.direct.logit)}` }));
  for (const matrix of [direct, without]) matrix.box.style.height = `${places.filter((one) => one.head === null).length * 12 + 26}px`;
  direct.show(contentOf(facts, "direct", places));
  without.root.hidden = !facts.without;
  if (facts.without) without.show(contentOf(facts, "without", places));
  const wait = maps.querySelector(".why-wait");
  wait.replaceChildren(...(facts.without ? [] : [facts.progress
    ? emptiness("loading", `Taking each away in turn: ${facts.progress.done} of ${facts.progress.total} passes`)
    : emptiness("empty", "Takes every head and MLP away in turn: a pass each.", button("Measure", () => why.measure(), { id: "measure" }))]));
  showList(facts, places, list, answer, against);
}

function showList(facts, places, list, answer, against) {
  const heads = places.filter((place) => place.head !== null);
  const weight = (place) => (facts.without ? -place.without : place.direct);
  const strongest = heads.sort((one, other) => weight(other) - weight(one)).slice(0, 6);
  const chosen = view.layer === null ? null : places.find((place) => place.layer === view.layer && place.head === (why.isMLP ? null : view.head));
  const line = (place) => element("li", {},
    element("b", { text: nameOf(place) }),
    element("span", { class: "number", text: facts.without ? `without it ${signed(place.without)}` : `adds ${signed(place.direct)}` }),
    place.head === null ? null : button("attention", () => { look({ layer: place.layer, head: place.head, panels: [...new Set([...view.panels, "attention"])] }); }, { class: "quiet" }),
    button("cut", () => cut([place]), { class: "quiet", "aria-label": `Cut ${nameOf(place)}` }));
  list.replaceChildren(
    element("div", { class: "row" },
      element("span", { class: "quiet-text", text: facts.without ? `${quoted(answer)} over ${quoted(against)} leans most on these heads:` : "These heads add most:" }), element("span", { class: "spacer" }),
      button("Cut the 4 strongest", () => cut(strongest.slice(0, 4)), { class: "primary small", id: "cut-strongest" })),
    element("ol", {}, ...strongest.map(line)),
    ...(chosen ? [element("ol", { class: "why-chosen" }, line(chosen))] : []));
}
