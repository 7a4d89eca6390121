// Questions of many passes, set up by clicking: patching of places and of paths, and ablation, as heat maps; what the heads are; and the
// documented scenarios one click each.

import { button, choice, element, emptiness, labelled, signed, tell, visible } from "./dom.js";
import { colour, drawRamp } from "./colours.js";
import { headNamesVersion, kindWords, namesSection } from "./head-names.js";
import { jobsSection } from "./jobs.js";
import { Matrix } from "./matrix.js";
import { addPanel } from "./panels.js";
import { pathContent, receiversField, receiversTold } from "./paths.js";
import { Question } from "./probe.js";
import { client, onServer, readRuns, server } from "./server.js";
import { current } from "./session.js";
import { look, view } from "./store.js";
import { sweep } from "./why.js";
import { onRedraw } from "./redraw.js";

const components = [["resid_pre", "stream before"], ["resid_mid", "stream inside"], ["resid_post", "stream behind"], ["attn_out", "attention output"], ["mlp_out", "MLP output"], ["q", "queries"], ["k", "keys"], ["v", "values"], ["z", "head outputs"]];
const byHead = new Set(["q", "k", "v", "z"]);
const question = new Question();
let leave = null;
let state = { result: null, progress: null, error: null, version: 0 };
const set = (changes) => { state = { ...state, ...changes, version: state.version + 1 }; };
const show = (result) => set({ result, progress: null, error: null });

function ask(request) {
  leave?.abort();
  leave = new AbortController();
  set({ result: null, error: null, progress: { done: 0, total: 1 } });
  question.ask(sweep(request, (progress) => set({ progress }), leave.signal), show, (error) => set({ error, progress: null }));
}

function stop() {
  leave?.abort();
  question.drop();
  set({ progress: null });
}

/** Begins it as a run of its own, which the list below shows. */
async function detach(request) {
  try {
    await client.startAnalysis({ ...request, detach: true });
    tell("It goes on by itself, whether this page is open or not.");
    await readRuns();
  } catch (error) {
    set({ error, result: null, progress: null });
  }
}

const isPatching = (result) => result.analysis === "activation_patching";

function contentOf(result) {
  if (result.analysis === "path_patching") return pathContent(result);
  const grid = result.effect;
  const columns = Math.max(...grid.map((row) => row.length));
  const most = isPatching(result) ? 1 : Math.max(1e-6, ...grid.flat().map((one) => Math.abs(one ?? 0)));
  const axis = result.axes[1];
  return {
    key: JSON.stringify([result.analysis, result.clean, columns]), rows: grid.length, columns, follows: false, chosen: { row: result.layers.indexOf(view.layer), column: axis === "head" ? view.head : null },
    row: (row) => String(result.layers[row]),
    column: (column) => (axis === "position" ? visible(result.tokens?.[column] ?? "", 10) : axis === "head" ? `head ${column}` : "layer"),
    cell: (row, column) => (Number.isFinite(grid[row][column]) ? { ground: colour("against", grid[row][column] / most) } : null),
    tip: (row, column) => [`layer ${result.layers[row]}${axis === "head" ? `, head ${column}` : axis === "position" ? `, ${visible(result.tokens?.[column] ?? "", 20)} (${column})` : ""}`,
      `${isPatching(result) ? "comes back" : "changes by"} ${signed(grid[row][column])}`, `difference of logits ${signed(result.logit_diff[row][column])}`],
    pick: (row, column) => look({ layer: result.layers[row], head: axis === "head" ? column : null }),
  };
}

/** With what the heads are called, where that is known. */
function named(content, result) {
  if (result.axes[1] !== "head" && result.analysis !== "path_patching") return content;
  const layerOf = (row) => result.layers?.[row] ?? row;
  return { ...content, tip: (row, column) => [...content.tip(row, column), ...kindWords(result.model, layerOf(row), column)] };
}

/** What the ends of the ramp mean, and where it starts from. */
function legendOf(result) {
  const about = `difference of logits: clean ${signed(result.clean)}${result.corrupted === null || result.corrupted === undefined ? "" : `, corrupted ${signed(result.corrupted)}`}, ${result.passes} passes`;
  if (result.analysis === "path_patching") {
    const { most } = pathContent(result);
    return [`−${Math.round(most * 100)} %`, `${Math.round(most * 100)} % of the difference, into ${receiversTold(result)}`, about];
  }
  return isPatching(result) ? ["−100 %", "all of it comes back", about] : ["less", "more", about];
}

function form() {
  const inputs = {};
  const made = (name, words, value) => {
    inputs[name] = element("input", { id: `sweep-${name}`, type: "text", value, spellcheck: "false" });
    return labelled(words, inputs[name], { class: "long" });
  };
  const kind = choice([["activation_patching", "patch clean into corrupted"], ["ablation", "take away"], ["path_patching", "follow paths of heads"]], "activation_patching", shape, { id: "sweep-kind" });
  const component = choice(components, "resid_post", () => {}, { id: "sweep-component" });
  const componentLabel = labelled("at", component);
  const corrupted = made("corrupted", "corrupted", "When Mary and John went to the store, Mary gave a drink to");
  const receivers = receiversField();
  const isDetached = element("input", { type: "checkbox", id: "sweep-detach" });
  const start = element("button", { type: "submit", class: "primary", id: "sweep-start", text: "Measure" });
  const root = element("form", { class: "sweep-form", on: { submit } },
    made("clean", "clean", "When Mary and John went to the store, John gave a drink to"), corrupted,
    made("answer", "answer", " Mary"), made("wrong", "and not", " John"),
    element("div", { class: "row" }, labelled("do", kind), componentLabel), receivers.root,
    element("div", { class: "row" }, button("Take from the shown run", take, { class: "quiet", id: "sweep-take" }), element("span", { class: "spacer" }),
      labelled("goes on without this page", isDetached, { class: "check" }), start));

  function shape() {
    corrupted.hidden = kind.value === "ablation";
    componentLabel.hidden = kind.value === "path_patching";
    receivers.root.hidden = kind.value !== "path_patching";
  }

  /** The text before the chosen token, the token, and its strongest rival. */
  function take() {
    const run = current();
    const position = view.token ?? run?.promptLength;
    if (!run?.tokens[position]) return tell("Choose a token of a run first.");
    inputs.clean.value = run.tokens.slice(0, position).map((one) => one.text).join("");
    inputs.answer.value = run.tokens[position].text;
    inputs.wrong.value = run.tokens[position].top.find((one) => one.token_id !== run.tokens[position].id)?.text ?? "";
  }

  function placeOf() {
    if (kind.value === "path_patching") return receivers.value;
    const by = byHead.has(component.value) ? "head" : kind.value === "activation_patching" ? "position" : "layer";
    return { component: component.value, by };
  }

  function submit(event) {
    event.preventDefault();
    try {
      const request = {
        model: server.model?.model_id, analysis: kind.value, clean: inputs.clean.value, answer: inputs.answer.value, wrong: inputs.wrong.value,
        ...(kind.value === "ablation" ? {} : { corrupted: inputs.corrupted.value }), ...placeOf(),
      };
      if (isDetached.checked) detach(request);
      else ask(request);
    } catch (error) {
      set({ error, result: null, progress: null });
    }
  }
  shape();
  return { root, draw: receivers.follow };
}

async function runScenario(scenario) {
  try {
    const run = await client.runScenario(scenario.name, { detach: true });
    look({ run: run.run_id, versus: null, token: null, until: null });
    tell(`${scenario.title} has begun.`);
  } catch (error) {
    tell(error.message);
  }
}

/** Hooks of a documented set, put on the shown run while it goes on. */
async function addHooks(configuration) {
  const run = current();
  if (!run || run.isOver) return tell("Hooks are added to a run that goes on: begin one, or pause it first.");
  try {
    await client.changeHooks(run.id, { add: configuration.hooks });
    tell(`${configuration.hooks.length} hooks of ${configuration.name} hold from the next token on.`);
  } catch (error) {
    tell(error.message);
  }
}

function scenariosSection() {
  const place = element("div", { class: "row scenarios", id: "scenarios" });
  const list = () => place.replaceChildren(
    ...server.scenarios.map((one) => button(one.title, () => runScenario(one), { class: "quiet", "data-scenario": one.name })),
    ...(server.configurations ?? []).map((one) => button(`hooks: ${one.name}`, () => addHooks(one), { class: "quiet", title: one.description })));
  list();
  onServer(list);
  return element("section", {}, element("h3", { text: "Documented" }), place);
}

function whatIs({ error, progress }) {
  if (error) return [emptiness("failed", error.message)];
  if (!progress) return [];
  return [emptiness("loading", `${progress.done} of ${progress.total} passes`, button("Stop", stop, { class: "quiet", id: "sweep-stop" }))];
}

addPanel({
  name: "analyses", title: "Analyses", key: "9", help: "Patching of places and paths, ablation, what the heads are; documented scenarios",
  open(body) {
    const matrix = new Matrix({ name: "Effect at each layer and place", widest: 46, foot: 60 });
    const ramp = element("canvas", { class: "ramp", width: 120, height: 8, "aria-hidden": "true" });
    const ends = [element("span"), element("span"), element("span", { class: "quiet-text" })];
    const legend = element("div", { class: "legend" }, ends[0], ramp, ends[1], element("span", { class: "spacer" }), ends[2]);
    const told = element("div");
    const sweepForm = form();
    const sections = [jobsSection(show), namesSection()];
    body.append(sweepForm.root, told, matrix.root, legend, ...sections.map((one) => one.root), scenariosSection());
    let drawn = "";
    onRedraw(() => { drawn = ""; });
    return () => {
      sweepForm.draw();
      for (const section of sections) section.draw();
      const { result } = state;
      const key = [state.version, headNamesVersion(), view.layer, view.head].join();
      if (key !== drawn) {
        drawn = key;
        matrix.root.hidden = legend.hidden = !result;
        told.replaceChildren(...whatIs(state));
        if (result) {
          const content = named(contentOf(result), result);
          matrix.box.style.height = `${content.rows * 12 + 62}px`;
          matrix.show(content);
          drawRamp(ramp, "against");
          legendOf(result).forEach((text, index) => { ends[index].textContent = text; });
        }
      }
      matrix.draw();
    };
  },
});
