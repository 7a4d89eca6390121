// How the shown run stands, in words and colour, with what can be done about it.

import { $, button, element, emptiness } from "./dom.js";
import { look } from "./store.js";
import { server } from "./server.js";

const missed = (run) => run.gaps.reduce((sum, one) => sum + one.count, 0);

/** `{state, text}` of a run; the states are those that the style knows. */
export function stateOf(run) {
  if (!server.isConnected && server.wasConnected && run && !run.isOver && !run.isFile) return { state: "disconnected", text: "connection lost, trying again" };
  if (!run) return { state: "empty", text: "no run yet" };
  if (run.status === "failed") return { state: "failed", text: run.tokens.length ? `broken off: ${run.error?.message ?? "the run failed"}` : "failed" };
  const answered = run.tokens.length - run.promptLength;
  const gap = missed(run) ? `, ${missed(run)} frames missed` : "";
  if (run.status === "paused") return { state: "paused", text: `paused ${run.stoppedBy ? "by a breakpoint " : ""}at token ${answered}${gap}` };
  if (!run.isOver) {
    if (run.progress !== null && run.progress < 1) return { state: "loading", text: `reading the prompt, ${Math.round(run.progress * 100)} %` };
    if (!answered) return { state: "loading", text: run.status === "queued" ? "waiting for its turn" : "first pass" };
    return { state: gap ? "gap" : "live", text: `${answered} tokens${gap}` };
  }
  const speed = run.speed ? `, ${run.speed.toFixed(run.speed < 10 ? 1 : 0)} tokens/s` : "";
  const how = { stop: "ended", length: "as long as allowed", cancelled: "stopped", end_of_recording: "end of the recording" }[run.finished?.finish_reason] ?? run.status;
  return { state: gap ? "gap" : "done", text: `${answered} tokens, ${how}${speed}${gap}` };
}

export function showState(run) {
  const { state, text } = stateOf(run);
  const line = $("run-state");
  if (line.textContent !== text) line.textContent = text;
  if (line.dataset.state !== state) line.dataset.state = state;
  if (run && missed(run)) line.title = "This page was slower than the run, or came when its first part had left the server's memory. What is missing is left blank; begin the run with Record to keep all of it.";
  else line.removeAttribute("title");
}

export function emptyStrip(strip, run) {
  const key = run ? `${run.id} ${run.status}` : "none";
  if (strip.dataset.empty === key && strip.firstChild?.className === "emptiness") return;
  strip.dataset.empty = key;
  if (!run) {
    strip.replaceChildren(emptiness("empty", "Nothing has been said yet. Press Run, or pick something to try: every token appears here with the numbers that made it."));
  } else if (run.error) {
    strip.replaceChildren(emptiness("failed", run.error.message, button("Close it", () => look({ run: null, versus: null }))));
  } else if (run.isOver) {
    strip.replaceChildren(emptiness("empty", "The run ended before it said anything."));
  } else {
    strip.replaceChildren(element("div", { class: "emptiness", "data-state": "loading" }, element("span", { class: "pulse", "aria-hidden": "true" }), element("p", { text: "The model reads the prompt …" })));
  }
}
