// What is looked at: which run, token, layer, head and panels. It is the page's address too, so a link restores the view.

const numbers = ["token", "until", "layer", "head"];
const names = ["run", "versus", "colour", "recording", "graph"];
const remembered = "neuroscope.view";
const standard = ["why", "map", "change"];

const listeners = [];
let state = read();

function read() {
  const query = new URLSearchParams(location.search);
  const made = { panels: panelsOf(query.get("panels")) ?? panelsOf(recall("panels")) ?? standard };
  for (const name of numbers) made[name] = numberOf(query.get(name));
  for (const name of names) made[name] = query.get(name) || null;
  made.colour ??= recall("colour") ?? "surprise";
  return made;
}

function numberOf(text) {
  return text !== null && /^\d{1,7}$/.test(text) ? Number(text) : null;
}

function panelsOf(text) {
  return text === null || text === undefined ? null : text.split(",").filter((name) => /^[a-z]+$/.test(name));
}

/** A setting of this browser; null where it keeps none. */
export function recall(name) {
  try { return localStorage.getItem(`${remembered}.${name}`); } catch { return null; }
}

export function remember(name, value) {
  try { localStorage.setItem(`${remembered}.${name}`, value); } catch { /* a browser may refuse to keep anything */ }
}

export const view = new Proxy({}, { get: (_, name) => state[name] });

/** Whether a run is one that the page plays from a file itself. */
export const isFile = (run) => run?.startsWith("file-") ?? false;

/** The address that shows what is shown. */
export function address() {
  const query = new URLSearchParams();
  for (const name of [...names, ...numbers]) {
    if (name === "recording" && !isFile(state.run)) continue;
    if (state[name] !== null && !(name === "colour" && state.colour === "surprise")) query.set(name, state[name]);
  }
  query.set("panels", state.panels.join(","));
  return `${location.pathname}?${query.toString().replaceAll("%2C", ",")}`;
}

/** Changes what is looked at and tells everybody who asked for one of its members. */
export function look(changes) {
  const changed = Object.keys(changes).filter((name) => String(state[name]) !== String(changes[name]));
  if (!changed.length) return;
  const isNewRun = changed.includes("run") && changes.run !== null && state.run !== null;
  state = { ...state, ...changes };
  remember("panels", state.panels.join(","));
  remember("colour", state.colour);
  history[isNewRun ? "pushState" : "replaceState"](null, "", address());
  announce(changed);
}

function announce(changed) {
  for (const { wanted, listener } of listeners) if (wanted.some((name) => changed.includes(name))) listener(state);
}

/** Calls back when one of some members of the view changes. */
export function onLook(wanted, listener) { listeners.push({ wanted, listener }); }

addEventListener("popstate", () => {
  state = read();
  announce([...numbers, ...names, "panels"]);
});
