// The changes in force, how one is made, and what they do: the shown run and the changed one token by token.

import { button, element, emptiness, percent, short, signed, tell, visible } from "./dom.js";
import { allChanges, changeInWords, changesInForce, clearChanges, onChanges, removeChange, switchChange, toldChange } from "./changes.js";
import { compareRuns } from "./compare.js";
import { changeForm } from "./change-form.js";
import { addPanel } from "./panels.js";
import { Question } from "./probe.js";
import { baseline } from "./rerun.js";
import { client, server } from "./server.js";
import { command, current, known, versus } from "./session.js";
import { look, view } from "./store.js";
import { named } from "./strip.js";
import { colour, css, inkOn } from "./colours.js";

const question = new Question();
let asked = "";
let compared = null;
let refusal = null;
let listVersion = 0;
onChanges(() => { listVersion += 1; });

function changeLine(change) {
  const box = element("input", { type: "checkbox", on: { change: () => switchChange(change.number, box.checked) } });
  box.checked = change.isOn;
  const words = toldChange(change);
  const live = current();
  return element("li", { class: change.isOn ? "change" : "change off" },
    element("label", {}, box, element("span", { class: "change-words", text: words })),
    live && !live.isOver && !live.isFile && !live.isReplay
      ? button("apply now", () => applyNow(change), { class: "quiet", title: "Changes the run while it goes on; the first token that it reaches is marked" }) : null,
    button("×", () => removeChange(change.number), { class: "close", "aria-label": `Remove: ${words}` }));
}

async function applyNow(change) {
  try {
    await command("intervene", change.spec);
    tell(`${changeInWords(change.spec)}, from the next token on.`);
  } catch (error) {
    tell(error.message);
  }
}

/** Changes that hold in the shown run itself, which anybody may have made. */
function foreign(run) {
  const own = new Map(allChanges().map((one) => [one.spec.intervention_id, one]));
  const open = run.applied.filter((one) => one.until === null);
  return open.map((one) => element("li", { class: "change" },
    element("span", { class: "change-words", text: `in this run since pass ${one.from}: ${own.has(one.id) ? changeInWords(own.get(one.id).spec) : one.id}` }),
    run.isOver || run.isReplay || run.isFile ? null : button("take off", () => client.removeIntervention(run.id, one.id).catch((error) => tell(error.message)), { class: "quiet" })));
}

function compare(base, changed) {
  const key = `${base.id} ${changed.id} ${base.tokens.length}`;
  if (asked === key || !base.isOver || base.tokens.length < base.promptLength + 1) return;
  asked = key;
  compared = refusal = null;
  question.ask(compareRuns(base, changed, server.model?.vocab_size ?? 50000),
    (rows) => { compared = { base, changed, rows }; }, (error) => { refusal = error; });
}

function row(one, base, changed) {
  const token = base.tokens[one.position];
  const beside = changed.tokens[one.position];
  const ground = colour("heat", Math.min(1, one.kl / 4) * 0.8);
  const kl = element("td", { class: "number", text: short(one.kl) });
  kl.style.backgroundColor = css(ground);
  kl.style.color = inkOn(ground);
  const differs = beside && beside.id !== token.id;
  return element("tr", { on: { click: () => look({ token: one.position, until: null }) }, "data-position": one.position, "aria-current": one.position === view.token ? "true" : undefined },
    element("th", { scope: "row" }, button(named(token, 24), () => look({ token: one.position, until: null }), { class: "cell-token" })),
    element("td", { class: differs ? "token-text differs" : "token-text", text: beside ? named(beside, 24) : "–" }),
    element("td", { class: "number", text: percent(one.before) }), element("td", { class: "number", text: percent(one.after) }),
    element("td", { class: "number", text: signed(one.difference) }), kl);
}

const heads = [
  ["token", "The shown run's token"], ["changed run", "What stands there in the changed run"], ["before", "The token's probability in the shown run"],
  ["after", "Its probability with the changes, after the same text"], ["Δ logit", "Change of its logit, less the logit of what the changed model would say there (or of the next best)"],
  ["KL", "Kullback-Leibler divergence of the two distributions after the same text, in nats"],
];

function table({ base, changed, rows }) {
  return element("table", { class: "compare", id: "compare" },
    element("thead", {}, element("tr", {}, ...heads.map(([text, title]) => element("th", { scope: "col", text, title })))),
    element("tbody", {}, ...rows.slice(0, 400).map((one) => row(one, base, changed))));
}

const besideOf = (base) => (versus() && versus() !== base ? versus() : known().findLast((one) => one.origin.kind === "change" && one.origin.parent === base?.id));

function answers(base, changed) {
  const line = (title, run, other) => {
    const text = element("p", { class: "answer-text" });
    run.tokens.slice(base.promptLength, base.promptLength + 120).forEach((token, index) => {
      text.append(element("bdi", { class: other.tokens[base.promptLength + index]?.id === token.id ? undefined : "differs", text: token.text }));
    });
    return element("div", { class: "answer-side" }, element("b", { text: title }), text);
  };
  return element("div", { class: "answer-sides", id: "answers" }, line("As it is", base, changed), line("With the changes", changed, base));
}

addPanel({
  name: "change", title: "Change", key: "5", help: "Cut, scale or steer; the changed run appears beside the first",
  open(body, tools) {
    const list = element("ul", { class: "changes", id: "changes" });
    const form = changeForm();
    const result = element("div", { class: "change-result" });
    body.append(element("div", { class: "change-parts" }, element("div", {}, list, form.root), result));
    const clear = button("Remove all", clearChanges, { class: "quiet" });
    tools.append(clear);
    let drawnList = "";
    let drawnResult = "";
    return () => {
      form.draw();
      const run = current();
      const listKey = [listVersion, run?.id, run?.isOver, run?.applied.length, run?.applied.at(-1)?.until].join();
      if (listKey !== drawnList) {
        drawnList = listKey;
        clear.hidden = !allChanges().length;
        const lines = [...allChanges().map(changeLine), ...(run ? foreign(run) : [])];
        list.replaceChildren(...(lines.length ? lines : [element("li", { class: "quiet-text", text: "Nothing is changed. Make a change below, or cut something under “Why this token”." })]));
      }
      const base = baseline();
      const changed = besideOf(base);
      if (base && changed) compare(base, changed);
      const resultKey = [base?.id, changed?.id, base?.version, changed?.version, compared?.changed.id, compared?.rows.length, refusal?.message, changesInForce().length, view.token].join();
      if (resultKey !== drawnResult) {
        drawnResult = resultKey;
        showResult(result, base, changed);
      }
    };
  },
});

function showResult(result, base, changed) {
  if (!base || !changed) return result.replaceChildren();
  const parts = [answers(base, changed)];
  if (changed.error) parts.push(emptiness("failed", changed.error.message));
  else if (refusal) parts.push(emptiness("failed", refusal.message));
  else if (compared?.base === base && compared.changed === changed) parts.push(table(compared));
  else if (!base.isOver) parts.push(emptiness("loading", "Token by token when the first run is over."));
  else parts.push(emptiness("loading", "Comparing the two token by token …"));
  result.replaceChildren(...parts);
}
