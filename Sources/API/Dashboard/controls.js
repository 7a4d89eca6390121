// The debugger's buttons: pause, step, rewind, go on, stop; how fast a replay plays is in the recordings' panel.

import { $, button, tell } from "./dom.js";
import { command, current, onRuns } from "./session.js";
import { playerOf } from "./player.js";
import { view } from "./store.js";

const buttons = {};
const refused = (error) => tell(error.message);

export function pauseOrResume() {
  const run = current();
  const player = playerOf(run);
  if (player) player.play(!player.isPlaying);
  else if (run && !run.isOver) command(run.status === "paused" ? "resume" : "pause").catch(refused);
}

export function stepOnce(count = 1) {
  if (current()?.status === "paused") command("step", count).catch(refused);
}

export function stop() {
  const run = current();
  if (run && !run.isOver) command("cancel").catch(refused);
}

/** Takes back what came after the chosen token, or the last token. */
export function rewind() {
  const run = current();
  if (!run || run.isOver || run.isReplay) return;
  const last = run.tokens.length - run.promptLength - 1;
  const chosen = view.token !== null && view.token >= run.promptLength ? view.token - run.promptLength : last - 1;
  if (chosen >= 0) command("rewind", Math.min(chosen, last)).catch(refused);
}

export function drawControls() {
  const run = current();
  const isLive = Boolean(run) && !run.isOver;
  const isPaused = run?.status === "paused";
  buttons.pause.disabled = !isLive || Boolean(run.isFile);
  const words = isPaused ? "Go on" : "Pause";
  if (buttons.pause.textContent !== words) buttons.pause.textContent = words;
  buttons.step.disabled = buttons.ten.disabled = !isPaused || Boolean(run.isFile);
  buttons.rewind.disabled = !isPaused || run.isReplay || Boolean(run.isFile) || run.tokens.length - run.promptLength < 2;
  buttons.stop.disabled = !isLive || Boolean(run.isFile);
}

export function showControls() {
  buttons.pause = button("Pause", pauseOrResume, { id: "pause", title: "Pause or go on (p)", "aria-keyshortcuts": "p" });
  buttons.step = button("Step", () => stepOnce(1), { id: "step", title: "One token more (s)", "aria-keyshortcuts": "s" });
  buttons.ten = button("+10", () => stepOnce(10), { id: "step-ten", title: "Ten tokens more", "aria-label": "Ten tokens more" });
  buttons.rewind = button("Back", rewind, { id: "rewind", title: "Take back what came behind the chosen token (b)", "aria-keyshortcuts": "b" });
  buttons.stop = button("Stop", stop, { id: "stop", title: "End the run" });
  $("controls").replaceChildren(...Object.values(buttons));
  onRuns(drawControls);
}
