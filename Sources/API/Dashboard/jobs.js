// Analyses that go on as runs of their own: how far each is, its result, and its end.

import { button, element, tell, visible } from "./dom.js";
import { client, readRuns, server } from "./server.js";
import { look, view } from "./store.js";

const isOver = (run) => ["finished", "cancelled", "failed"].includes(run.status);
export const jobName = (run) => run.job.analysis.replaceAll("_", " ");

async function doing(work) {
  try {
    await work();
  } catch (error) {
    tell(error.message);
  }
  await readRuns();
}

/** Shows what a job came to; `show` takes a grid. */
const open = (id, show) => doing(async () => {
  const { result } = await client.describeRun(id);
  if (!result) return tell("It came to nothing, or the server has forgotten it.");
  if (result.slug) look({ graph: result.slug, panels: [...new Set([...view.panels, "graph"])] });
  else show(result);
});

function line(run, show) {
  const { done, total } = run.job;
  const over = isOver(run);
  const state = over ? run.status : `${done} of ${total}`;
  return element("tr", { "data-job": run.run_id, "data-state": run.status },
    element("th", { scope: "row", text: jobName(run) }), element("td", { text: visible(run.model, 20) }),
    element("td", {}, element("progress", { max: total, value: done, "aria-label": `${jobName(run)}: ${state}` })),
    element("td", { class: "number", text: state, title: run.error?.message }),
    element("td", { class: "row" },
      run.status === "finished" ? button("open", () => open(run.run_id, show), { class: "quiet" }) : null,
      over ? null : button(run.status === "paused" ? "go on" : "pause", () => doing(() => client[run.status === "paused" ? "resume" : "pause"](run.run_id)), { class: "quiet" }),
      button(over ? "forget" : "cancel", () => doing(() => client.cancelRun(run.run_id)), { class: "quiet" })));
}

/** The section of the analyses panel. */
export function jobsSection(show) {
  const place = element("div");
  const root = element("section", { hidden: true }, element("h3", { text: "Going on by themselves" }), place);
  let seen = null;
  let drawn = "";
  readRuns();
  return {
    root,
    draw() {
      if (server.runs === seen) return;
      seen = server.runs;
      const jobs = seen.filter((run) => run.job && run.detached).slice(0, 40);
      const key = JSON.stringify(jobs.map((run) => [run.run_id, run.status, run.job.done]));
      if (key === drawn) return;
      drawn = key;
      root.hidden = !jobs.length;
      place.replaceChildren(element("table", { class: "list", id: "jobs" }, element("tbody", {}, ...jobs.map((run) => line(run, show)))));
    },
  };
}
