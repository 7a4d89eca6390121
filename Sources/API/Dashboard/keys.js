// The keyboard: every key is in this list, which `?` shows.

import { $, button, element, tell } from "./dom.js";
import { address } from "./store.js";
import { current } from "./session.js";
import { chooseToken } from "./strip.js";
import { focusPrompt } from "./composer.js";
import { pauseOrResume, rewind, stepOnce } from "./controls.js";
import { panelList, toggle } from "./panels.js";
import { switchTheme } from "./header.js";
import { look, view } from "./store.js";

const move = (by) => {
  const run = current();
  if (run?.tokens.length) chooseToken(Math.min(Math.max((view.token ?? run.tokens.length) + by, 0), run.tokens.length - 1));
};
const layer = (by) => {
  const count = current()?.layers;
  if (count) look({ layer: Math.min(Math.max((view.layer ?? count) + by, 0), count - 1) });
};

const keys = [
  ["i", "write a prompt", focusPrompt],
  ["p", "pause, or go on", pauseOrResume],
  ["s", "one token more, while paused", () => stepOnce()],
  ["b", "back to the chosen token, while paused", rewind],
  ["h", "the token before", () => move(-1)],
  ["l", "the token behind", () => move(1)],
  ["k", "a layer up", () => layer(1)],
  ["j", "a layer down", () => layer(-1)],
  ["Escape", "choose no token", () => look({ token: null, until: null })],
  ["t", "light or dark", switchTheme],
  ["c", "copy a link to this view", copyLink],
  ["?", "this list", () => showKeys()],
];

async function copyLink() {
  const link = new URL(address(), location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    tell("The link to this view is copied.");
  } catch {
    tell(`The link to this view: ${link}`);
  }
}

export function showKeys() {
  const dialog = $("keys");
  const line = ([key, words]) => element("div", { class: "key-line" }, element("kbd", { text: key === "Escape" ? "Esc" : key }), element("span", { text: words }));
  dialog.replaceChildren(
    element("header", { class: "panel-head" }, element("h2", { id: "keys-title", text: "Keys" }), button("×", () => dialog.close(), { class: "close", "aria-label": "Close" })),
    element("div", { class: "key-columns" },
      element("div", {}, ...keys.map(line)),
      element("div", {}, ...panelList().map((panel) => line([panel.key, `${panel.title}: open or close`])))),
    element("p", { class: "quiet-text", text: "In a map: arrows move the cross-hair, Enter chooses, + and − or Ctrl and the wheel zoom. On the tokens: arrows walk, with Shift they choose a range. In the prompt, Enter runs and Shift-Enter begins a line." }));
  if (!dialog.open) dialog.showModal();
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const panel = panelList().find((one) => one.key === event.key);
    const found = keys.find(([key]) => key === event.key);
    if (!panel && !found) return;
    event.preventDefault();
    if (panel) toggle(panel.name);
    else found[2]();
  });
  $("help").addEventListener("click", showKeys);
}
