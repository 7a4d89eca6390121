// The conversation: chat or plain prompt, the system's words, how tokens are drawn, and what to try first.

import { $, button, choice, element, labelled, tell, visible } from "./dom.js";
import { client, onServer, server } from "./server.js";
import { changesInForce, onChanges } from "./changes.js";
import { begin, changedBeside, current, onRuns } from "./session.js";
import { look, recall, remember } from "./store.js";
import { starters } from "./starters.js";
import { onWatches, watchesInForce } from "./watches.js";

/** Each option of sampling: name of the request, words, and the field's bounds. */
const options = [
  ["maxTokens", "Tokens", { min: 1, max: 4000, value: 40 }],
  ["temperature", "Temperature", { min: 0, max: 2, step: 0.1, value: 0 }],
  ["topP", "Top p", { min: 0, max: 1, step: 0.05, value: 0.9 }],
  ["topK", "Top k", { min: 0, max: 1000, value: 0 }],
  ["minP", "Min p", { min: 0, max: 1, step: 0.01, value: 0 }],
  ["repetitionPenalty", "Repetition", { min: 0.01, max: 10, step: 0.05, value: 1 }],
  ["presencePenalty", "Presence", { min: -2, max: 2, step: 0.1, value: 0 }],
  ["frequencyPenalty", "Frequency", { min: -2, max: 2, step: 0.1, value: 0 }],
  ["seed", "Seed", { placeholder: "drawn" }],
];

const fields = {};
let messages = [];
/** The run whose answer joins the conversation when it ends. */
let asked = null;

function field([name, words, bounds]) {
  const isSeed = name === "seed";
  fields[name] = element("input", { id: name, name, type: isSeed ? "text" : "number", inputmode: isSeed ? "numeric" : "decimal", ...bounds });
  return labelled(words, fields[name]);
}

function build() {
  fields.mode = choice([["chat", "Chat"], ["plain", "Plain text"]], recall("mode") ?? "plain", showMode, { id: "mode", "aria-label": "Kind of prompt" });
  fields.prompt = element("textarea", { id: "prompt", rows: 3, maxlength: 100000, "aria-label": "Prompt", spellcheck: "false" });
  fields.prompt.value = starters[0].prompt;
  fields.system = element("textarea", { id: "system", rows: 2, "aria-label": "System prompt", placeholder: "You are …" });
  fields.stop = element("input", { id: "stop-text", type: "text", placeholder: "none" });
  fields.ignoreEos = element("input", { id: "ignoreEos", type: "checkbox" });
  fields.record = element("input", { id: "record", type: "checkbox" });
  const form = element("form", { id: "form", autocomplete: "off", novalidate: true, class: "card composer", on: { submit: send } },
    element("div", { class: "row" }, fields.mode, element("span", { class: "spacer" }), button("New", clear, { id: "new", class: "quiet", title: "Forget the conversation" })),
    element("ol", { id: "transcript", class: "transcript" }),
    element("details", { id: "system-part" }, element("summary", { text: "System prompt" }), fields.system),
    fields.prompt,
    element("div", { class: "row basics" }, field(options[0]), field(options[1]), element("span", { class: "spacer" }),
      element("button", { id: "start", type: "submit", class: "primary", disabled: true, text: "Run" })),
    element("p", { id: "why-not", class: "quiet-text", hidden: true }),
    element("p", { id: "in-force", class: "in-force", hidden: true }),
    element("details", { id: "sampling" }, element("summary", { text: "How tokens are drawn" }),
      element("div", { class: "fields" }, ...options.slice(2).map(field), labelled("Stop at", fields.stop),
        labelled("Go on behind the end", fields.ignoreEos, { class: "check" }), labelled("Record", fields.record, { class: "check" }))),
    element("details", { id: "as-tokens", on: { toggle: showTokens } }, element("summary", { text: "What the model is given" }),
      element("p", { id: "given", class: "given" })));
  const tries = element("section", { class: "card tries", "aria-labelledby": "tries-title" },
    element("h2", { id: "tries-title", text: "Try" }), element("div", { id: "starters", class: "starters" }));
  $("conversation").replaceChildren(form, tries);
  fields.prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  fields.prompt.addEventListener("input", () => { if ($("as-tokens").open) showTokens(); });
}

function showStarters() {
  $("starters").replaceChildren(...starters
    .filter((one) => !one.only || one.only === server.model?.model_id)
    .map((one) => {
      const made = button("", () => tryOut(one), { class: "starter", disabled: !canBegin() });
      made.append(element("b", { text: one.title }), element("span", { text: one.about }));
      return made;
    }));
}

function tryOut(starter) {
  messages = [];
  fields.maxTokens.value = starter.maxTokens;
  fields.temperature.value = 0;
  fields.mode.value = starter.messages && !server.model.chat_format_problem ? "chat" : "plain";
  fields.prompt.value = starter.messages ? starter.messages.at(-1).content : starter.prompt ?? "";
  showMode();
  look({ panels: starter.panels });
  start(starter.tokens ? { tokens: starter.tokens } : promptOfFields());
}

const isChat = () => fields.mode.value === "chat";

function showMode() {
  remember("mode", fields.mode.value);
  $("system-part").hidden = !isChat();
  $("new").hidden = !isChat();
  fields.prompt.placeholder = isChat() ? "Ask something" : "Text to go on from";
  showTranscript();
  if ($("as-tokens").open) showTokens();
}

function showTranscript() {
  $("transcript").hidden = !isChat() || !messages.length;
  $("transcript").replaceChildren(...messages.map(({ role, content }) =>
    element("li", { "data-role": role }, element("b", { text: role === "user" ? "You" : "Model" }), element("bdi", { text: content }))));
}

function clear() { messages = []; asked = null; fields.prompt.value = ""; showTranscript(); fields.prompt.focus(); }

function promptOfFields() {
  const text = fields.prompt.value;
  if (!isChat()) return { prompt: text };
  const system = fields.system.value.trim();
  return { messages: [...(system ? [{ role: "system", content: system }] : []), ...messages, { role: "user", content: text }] };
}

function samplingOfFields() {
  const made = {};
  for (const [name] of options) {
    const text = fields[name].value.trim();
    if (text !== "") made[name] = Number(text);
  }
  if (fields.stop.value) made.stop = [fields.stop.value];
  if (fields.ignoreEos.checked) made.ignoreEos = true;
  if (fields.record.checked) made.record = true;
  return made;
}

function send(event) {
  event.preventDefault();
  if (!canBegin()) return;
  const prompt = promptOfFields();
  if (!fields.prompt.value) return tell("There is no text yet.");
  start(prompt);
  if (!isChat()) return;
  messages.push({ role: "user", content: fields.prompt.value });
  fields.prompt.value = "";
  showTranscript();
}

async function start(prompt) {
  const old = current();
  try {
    const data = await begin({ ...prompt, ...samplingOfFields() }, { kind: "start", parent: null, label: "run" });
    asked = prompt.messages ? data : null;
    if (old && !old.isOver) client.cancelRun(old.id).catch(() => {});
    if (changesInForce().length) awaitPrompt(data);
    tell("The run has begun.");
  } catch (error) {
    tell(error.message);
    showProblem(error.message);
  }
}

/** The changed run begins as soon as the prompt's tokens are known. */
function awaitPrompt(data) {
  if (data.promptLength) changedBeside(data).catch((error) => tell(error.message));
  else if (!data.isOver) setTimeout(() => awaitPrompt(data), 30);
}

const canBegin = () => server.isConnected && server.model && !server.model.vocab_only;

function showProblem(text) {
  $("why-not").hidden = !text;
  $("why-not").textContent = text ?? "";
}

function showReadiness() {
  $("start").disabled = !canBegin();
  if (!server.isConnected) showProblem(server.wasConnected ? "The server is away. The page goes on by itself when it is back." : null);
  else if (!server.model) showProblem("No model is loaded: choose one above, or start the server with --model.");
  else showProblem(null);
  const chat = fields.mode.querySelector("option[value=chat]");
  chat.disabled = Boolean(server.model?.chat_format_problem);
  chat.title = server.model?.chat_format_problem ?? "";
  if (chat.disabled && isChat()) { fields.mode.value = "plain"; showMode(); }
  showStarters();
}

function showForce() {
  const changes = changesInForce().length;
  const watches = watchesInForce().length;
  const words = [
    ...(changes ? [`${changes === 1 ? "One change is" : `${changes} changes are`} in force: a changed run begins beside each run.`] : []),
    ...(watches ? [`${watches === 1 ? "One breakpoint is" : `${watches} breakpoints are`} set.`] : []),
  ];
  $("in-force").hidden = !words.length;
  $("in-force").textContent = words.join(" ");
}

async function showTokens() {
  if (!$("as-tokens").open || !server.isConnected) return;
  const prompt = promptOfFields();
  const model = server.model?.model_id;
  try {
    const text = prompt.messages ? (await client.applyTemplate(prompt.messages, { model })).prompt : prompt.prompt;
    const { tokens, pieces } = await client.tokenize(text, { model, parseSpecial: Boolean(prompt.messages) });
    $("given").replaceChildren(...pieces.slice(0, 400).map((piece, index) =>
      element("bdi", { class: "given-token", text: visible(piece), title: `token ${tokens[index]}` })),
    element("span", { class: "quiet-text", text: `${tokens.length} tokens` }));
  } catch (error) {
    $("given").textContent = error.message;
  }
}

export function showComposer() {
  build();
  showMode();
  showForce();
  onServer(showReadiness);
  onChanges(showForce);
  onWatches(showForce);
  onRuns(() => {
    if (!asked?.isOver) return;
    if (asked.answer) messages.push({ role: "assistant", content: asked.answer });
    asked = null;
    showTranscript();
  });
}

export function focusPrompt() { fields.prompt.focus(); fields.prompt.select(); }
