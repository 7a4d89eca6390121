// The panels: opened, closed, made taller, and remembered. A panel is one file that calls `addPanel`; nothing is shown of what
// is not there.

import { $, button, element, emptiness } from "./dom.js";
import { look, onLook, recall, remember, view } from "./store.js";

const panels = new Map();

/**
 * Adds a panel: `name` (in the address), `title`, `key` (a digit or letter of the keyboard), `help` (one line); `open(body, tools)` is
 * called each time it opens and gives what is called once a frame of the screen while it is open. `isThere` says whether the
 * server and its model have what the panel shows.
 */
export function addPanel(panel) { panels.set(panel.name, { ...panel, frame: null, draw: null }); }

const isThere = (panel) => panel.isThere?.() ?? true;

/** Where a panel's key is on the keyboard: 0 is behind 9, and letters behind it. */
const placeOf = ({ key }) => (key === "0" ? 10 : Number(key) || 11);

export const panelList = () => [...panels.values()].filter(isThere).sort((one, other) => placeOf(one) - placeOf(other));

export function toggle(name, isOpen = !view.panels.includes(name)) {
  if (!panels.has(name) || !isThere(panels.get(name))) return;
  const others = view.panels.filter((one) => one !== name);
  look({ panels: isOpen ? [...others, name] : others });
  if (isOpen) panels.get(name).frame?.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function close(panel) {
  panel.frame?.remove();
  panel.shut?.();
  panel.frame = panel.draw = null;
}

function open(panel) {
  const tools = element("div", { class: "tools" });
  const body = element("div", { class: "panel-body" });
  const title = element("h2", { id: `panel-${panel.name}-title`, text: panel.title });
  panel.frame = element("section", { class: `panel panel-${panel.name}`, id: `panel-${panel.name}`, "aria-labelledby": title.id },
    element("header", { class: "panel-head" }, title, element("p", { class: "panel-help", text: panel.help }), tools,
      button("×", () => { toggle(panel.name, false); $(`toggle-${panel.name}`)?.focus(); }, { class: "close", "aria-label": `Close ${panel.title}` })),
    body);
  panel.draw = panel.open(body, tools);
  keepHeight(panel, body);
  keepPlace(panel.frame);
}

/** Beside a taller panel the next one stands right below its own column's last: a panel takes as many of the grid's low rows as it needs. */
function keepPlace(frame) {
  new ResizeObserver(() => {
    frame.style.gridRowEnd = `span ${Math.ceil((frame.offsetHeight + 12) / 4)}`;
  }).observe(frame);
}

/** A panel that was made taller stays so. */
function keepHeight(panel, body) {
  if (!panel.resizes) return;
  const kept = Number(recall(`height.${panel.name}`));
  body.classList.add("resizes");
  body.style.height = `${kept >= 120 && kept <= 3000 ? kept : panel.resizes}px`;
  new ResizeObserver(() => {
    if (body.isConnected && body.offsetHeight >= 120) remember(`height.${panel.name}`, body.offsetHeight);
  }).observe(body);
}

function arrange() {
  const place = $("panels");
  for (const panel of panels.values()) {
    const isOpen = view.panels.includes(panel.name) && isThere(panel);
    if (isOpen && !panel.frame) open(panel);
    if (!isOpen && panel.frame) close(panel);
    const toggle = $(`toggle-${panel.name}`);
    toggle?.setAttribute("aria-pressed", String(isOpen));
  }
  const wanted = panelList().filter((panel) => panel.frame);
  wanted.forEach((panel, index) => {
    if (place.children[index] !== panel.frame) place.insertBefore(panel.frame, place.children[index] ?? null);
  });
}

/** Makes the row of buttons that open panels, and opens those that the address names. */
export function showPanels() {
  const names = panelList().map((panel) => panel.name).join();
  if ($("panel-buttons").dataset.names === names) return;
  $("panel-buttons").dataset.names = names;
  $("panel-buttons").replaceChildren(...panelList().map((panel) =>
    button(panel.title, () => toggle(panel.name), {
      id: `toggle-${panel.name}`, class: "toggle", "aria-pressed": "false", title: `${panel.help} (key ${panel.key})`, "aria-keyshortcuts": panel.key,
    })));
  arrange();
}

/** Draws the open panels; one that fails says so and leaves the others be. */
export function drawPanels() {
  for (const panel of panels.values()) {
    try {
      if (panel.frame) panel.draw?.();
    } catch (error) {
      panel.draw = null;
      panel.frame.querySelector(".panel-body").replaceChildren(emptiness("failed", `This panel can't go on: ${error.message}. Close and open it to try again.`));
      reportError(error);
    }
  }
}

onLook(["panels"], arrange);
