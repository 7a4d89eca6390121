// What is in force is tried at once: when the list of changes changes, the shown run is run again with it, beside itself.

import { tell } from "./dom.js";
import { changesInForce, onChanges } from "./changes.js";
import { client } from "./server.js";
import { changedBeside, current, forget, known, versus } from "./session.js";
import { look } from "./store.js";

let waiting = null;

/** The run without changes that the shown one is compared with. */
export function baseline() {
  const run = current();
  if (run?.origin.kind !== "change") return run;
  return known().find((one) => one.id === run.origin.parent) ?? run;
}

async function rerun() {
  const base = baseline();
  if (!base?.promptLength || base.isFile || !base.sampling) return;
  for (const old of known().filter((one) => one.origin.kind === "change" && one.origin.parent === base.id)) {
    if (!old.isOver) client.cancelRun(old.id).catch(() => {});
    forget(old);
  }
  look({ run: base.id, versus: versus()?.origin.kind === "change" ? null : versus()?.id ?? null });
  if (!changesInForce().length) return;
  try {
    await changedBeside(base);
  } catch (error) {
    tell(error.message);
  }
}

onChanges(() => {
  clearTimeout(waiting);
  waiting = setTimeout(rerun, 120);
});
