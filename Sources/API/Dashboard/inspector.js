// The chosen token: its numbers, what else might have come, and how to go on from here with something else.

import { $, button, element, percent, quoted, short, tell, visible } from "./dom.js";
import { current, insteadOf, onRuns } from "./session.js";
import { client } from "./server.js";
import { look, onLook, view } from "./store.js";
import { named } from "./strip.js";
import { toggle } from "./panels.js";

let shown = "";

async function fork(run, position, id, text) {
  try {
    await insteadOf(run, position, id, text);
    tell(`A run goes on from token ${position} with ${quoted(text)} instead.`);
  } catch (error) {
    tell(error.message);
  }
}

async function forkText(run, position, text) {
  if (!text) return;
  try {
    const { tokens, pieces } = await client.tokenize(text, { model: run.model, parseSpecial: false });
    if (tokens.length !== 1) return tell(`${quoted(text)} is ${tokens.length} tokens; write one, such as ${quoted(pieces[0])}.`);
    await fork(run, position, tokens[0], pieces[0]);
  } catch (error) {
    tell(error.message);
  }
}

function alternative(run, position, one, chosen) {
  const isChosen = one.token_id === chosen.id;
  const row = element("li", { class: isChosen ? "alternative chosen" : "alternative" });
  const share = element("span", { class: "share", "aria-hidden": "true" });
  share.style.width = `${Math.exp(one.logprob) * 100}%`;
  row.append(share, element("bdi", { class: "token-text", text: visible(one.text) }), element("span", { class: "number", text: percent(one.logprob) }));
  row.append(isChosen ? element("span", { class: "quiet-text", text: "chosen" })
    : button("go on with this", () => fork(run, position, one.token_id, one.text), { class: "quiet instead", "aria-label": `Go on from here with ${quoted(one.text)} instead` }));
  return row;
}

function facts(run, position) {
  const token = run.tokens[position];
  const parts = [`token ${position}`, position < run.promptLength ? "of the prompt" : `answer, pass ${token.step}`];
  if (token.logprob !== null) parts.push(percent(token.logprob), `surprise ${short(-token.logprob / Math.LN2)} bits`);
  if (run.entropies[position] !== undefined) parts.push(`entropy ${short(run.entropies[position] / Math.LN2)} bits`);
  return parts.join(" · ");
}

export function drawInspector() {
  const run = current();
  const place = $("inspector");
  const position = view.token;
  const token = run?.tokens[position];
  place.hidden = !token;
  if (!token) { shown = ""; return; }
  const key = `${run.id} ${position} ${view.until} ${token.top.length} ${token.logprob} ${run.entropies[position]} ${view.panels.includes("why")}`;
  if (key === shown) return;
  shown = key;
  const custom = element("input", { type: "text", class: "custom", placeholder: "another token", "aria-label": "Another token to go on with" });
  const form = element("form", { class: "row", on: { submit: (event) => { event.preventDefault(); forkText(run, position, custom.value); } } },
    custom, element("button", { type: "submit", class: "quiet", text: "go on with this" }));
  const range = view.until !== null && view.until > position ? element("p", { class: "quiet-text", text: `Chosen up to token ${view.until}: ${quoted(run.tokens.slice(position, view.until + 1).map((one) => one.text).join(""), 80)}` }) : null;
  place.replaceChildren(
    element("div", { class: "row" },
      element("bdi", { class: "token-text big", text: named(token, 200) }), element("span", { class: "quiet-text", text: facts(run, position) }),
      element("span", { class: "spacer" }),
      view.panels.includes("why") || position === 0 ? null : button("Why this token?", () => toggle("why", true), { class: "primary small" }),
      button("×", () => look({ token: null, until: null }), { class: "close", "aria-label": "Choose no token" })),
    ...[range].filter(Boolean),
    token.top.length ? element("ol", { class: "alternatives", "aria-label": "What might have come instead" }, ...token.top.slice(0, 8).map((one) => alternative(run, position, one, token)))
      : element("p", { class: "quiet-text", text: position === 0 ? "Nothing comes before the first token, so nothing foretold it." : "This run did not tell alternatives here." }),
    form);
}

export function showInspector() {
  onLook(["token", "until", "run", "panels"], drawInspector);
  onRuns(() => { shown = ""; });
}
