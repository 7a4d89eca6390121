// Breakpoints: a run that is watched for something stands, or is marked, exactly where that comes; the server finds it, so nothing is
// missed however fast it speaks.

import { button, element, emptiness, save, tell } from "./dom.js";
import { pauseOrResume, stepOnce } from "./controls.js";
import { addPanel } from "./panels.js";
import { current, goOnWatched, onRuns, watchedRun } from "./session.js";
import { look, view } from "./store.js";
import { named } from "./strip.js";
import { watchForm } from "./watch-form.js";
import { allWatches, firedValue, removeWatch, switchWatch, watchesInForce, watchesVersion, watchInWords, watchOf } from "./watches.js";

/** The watch of a run that fired, in words. */
const wordsOf = (run, fired) => watchInWords(run.request?.watch?.[fired.watch_index] ?? watchOf(fired));

function watchLine({ number, isOn, origin, spec }) {
  const words = `${spec.then} at ${watchInWords(spec)}${typeof origin === "string" ? `: ${origin}` : ""}`;
  const box = element("input", { type: "checkbox", on: { change: () => switchWatch(number, box.checked) } });
  box.checked = isOn;
  return element("li", { class: isOn ? "change" : "change off" },
    element("label", {}, box, element("span", { class: "change-words", text: words })),
    button("×", () => removeWatch(number), { class: "close", "aria-label": `Remove: ${words}` }));
}

/** The token of a place, which may not have come yet. */
const placeName = (run, { position }) => (run.tokens[position] ? named(run.tokens[position], 24) : `token ${position}`);

function firedLine(run, fired) {
  const name = placeName(run, fired);
  const snapshot = fired.snapshot
    ? button("save its row", () => save(JSON.stringify(fired, null, 1), `snapshot-${run.id}-${fired.position}.json`), { class: "quiet" }) : null;
  const others = fired.count > 1 ? `, at ${fired.count} tokens of the pass` : "";
  return element("tr", { "data-position": fired.position, "aria-current": fired.position === view.token ? "true" : undefined },
    element("th", { scope: "row" }, button(name, () => look({ token: fired.position, until: null }), { class: "cell-token", title: `token ${fired.position}` })),
    element("td", { text: `${wordsOf(run, fired)}${others}` }),
    element("td", { class: "number", text: firedValue(fired) }),
    element("td", {}, element("span", { text: fired.done }), snapshot));
}

function stopped(run) {
  const fired = run.stoppedBy;
  if (!fired) return [];
  return [element("div", { class: "row stopped", id: "stopped", role: "status" },
    element("span", { text: `Stands at ${placeName(run, fired)}: ${wordsOf(run, fired)}, it is ${firedValue(fired)}.` }),
    button("Go on", pauseOrResume, { class: "primary small", id: "stopped-resume" }), button("Step", () => stepOnce(1), { class: "quiet" }),
    isOther(run) && watchedRun() ? button("Go on in a branch with the list as it is now", () => goOnWatched().catch((error) => tell(error.message)), { class: "quiet", id: "stopped-branch" }) : null)];
}

/** Most lines that are drawn of what fired; a mark at every token is no use to anybody. */
const most = 200;

function firings(run) {
  const shown = run.fired.slice(-most);
  if (!shown.length) {
    return run.request?.watch?.length ? [emptiness("empty", run.isOver ? "Nothing that the run was watched for came." : "Nothing has come yet.")] : [];
  }
  const more = run.fired.length > most ? [element("p", { class: "quiet-text", text: `The last ${most} of ${run.fired.length}.` })] : [];
  return [...more, element("table", { class: "list", id: "fired" }, element("tbody", {}, ...shown.map((one) => firedLine(run, one))))];
}

/** Whether a run that goes on is watched for something else than the list says. */
const isOther = (run) => !run.isOver && JSON.stringify(run.request?.watch ?? []) !== JSON.stringify(watchesInForce());

/** For which runs the list holds. */
function heldWords(run) {
  if (run && isOther(run)) return "The run under way keeps the breakpoints that it began with; the list holds from the next run on.";
  return allWatches().length ? "These hold for every run that begins here." : "Nothing is watched for. Add a breakpoint, then run.";
}

/** What the shown run stands at is what is looked at. */
let seen = null;
onRuns(() => {
  const fired = current()?.stoppedBy;
  if (!fired || fired === seen) return;
  seen = fired;
  look({ token: fired.position, until: null });
  tell(`Paused by a breakpoint: ${wordsOf(current(), fired)}, it is ${firedValue(fired)}.`);
});

addPanel({
  name: "watch", title: "Breakpoints", key: "w", help: "Runs stand, or are marked, where something comes",
  open(body) {
    const form = watchForm();
    const list = element("ul", { class: "changes", id: "watches" });
    const held = element("p", { class: "quiet-text" });
    const stop = element("div");
    const result = element("div");
    body.append(form.root, list, held, stop, result);
    let drawnList = "";
    let drawnRun = "";
    return () => {
      form.draw();
      const run = current();
      const words = heldWords(run);
      const listKey = `${watchesVersion()} ${words}`;
      if (listKey !== drawnList) {
        drawnList = listKey;
        const all = allWatches();
        list.replaceChildren(...all.map(watchLine));
        list.hidden = !all.length;
        held.textContent = words;
      }
      const last = run?.fired.at(-1);
      const runKey = [run?.id, run?.status, run?.fired.length, last?.seq, run?.tokens.length > last?.position, Boolean(run?.stoppedBy), view.token, watchesVersion()].join();
      if (runKey === drawnRun) return;
      drawnRun = runKey;
      stop.replaceChildren(...(run ? stopped(run) : []));
      result.replaceChildren(...(run ? firings(run) : []));
    };
  },
});
