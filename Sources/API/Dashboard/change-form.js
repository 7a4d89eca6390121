// How a change is put together: what is done, where, to which tokens.

import { button, choice, element, labelled, tell } from "./dom.js";
import { addChange } from "./changes.js";
import { directionOf, shownRun } from "./directions.js";
import { fileField } from "./files.js";
import { placeFields } from "./place-fields.js";
import { view } from "./store.js";
import { meanOf, packed, rowsOfRun, takeRows, vectorSources, vectorsVersion } from "./vectors.js";

const kinds = [["zero", "cut (zero)"], ["mean", "mean of the text"], ["scale", "scale"], ["add", "steer"], ["patch", "patch in"]];
const parts = [["head", "one head"], ["attention", "attention"], ["mlp", "MLP"], ["residual", "residual stream"]];

/** Where a part of a layer is taken hold of. */
function placeOf(part, layer, head) {
  if (part === "head") return { layer_name: `blocks.${layer}.attn.hook_z`, component: "attention", heads: [head] };
  return { layer_name: `transformer.h.${layer}`, component: part };
}

function positionsOf(where) {
  if (where === "all" || view.token === null) return undefined;
  return view.until === null ? [view.token] : { from: view.token, to: view.until + 1 };
}

/** The change, and where its vectors are from. */
async function build({ kind, part, layer, head, where, strength, ...source }) {
  const place = placeOf(part, layer, head);
  const spec = { ...place, kind, positions: positionsOf(where) };
  if (kind === "scale") return { spec: { ...spec, strength } };
  if (kind === "mean") return { spec: { ...spec, vector: meanOf(await rowsOfRun(shownRun(), place)) } };
  if (kind === "add") {
    const { vector, words } = await directionOf(source, place);
    return { spec: { ...spec, positions: undefined, vector, strength }, words };
  }
  if (kind === "patch") {
    if (view.token === null) throw new Error("Choose the tokens first whose vectors are replaced.");
    const count = (view.until ?? view.token) - view.token + 1;
    const { rows, words } = await takeRows(source.from, place, source.row, count);
    return { spec: { ...spec, positions: positionsOf("chosen"), source: { rows: packed(rows), first_position: view.token } }, words };
  }
  return { spec };
}

export function changeForm() {
  const { layer, head, follow } = placeFields("change");
  const strength = element("input", { id: "change-strength", type: "number", step: 0.5, value: 2 });
  const headLabel = labelled("head", head);
  const strengthLabel = labelled("by", strength);
  const kind = choice(kinds, "zero", shape, { id: "change-kind" });
  const part = choice(parts, "head", shape, { id: "change-part" });
  const where = choice([["all", "all tokens"], ["chosen", "the chosen tokens"]], "all", () => {}, { id: "change-where" });
  const whereLabel = labelled("at", where);
  const from = element("select", { id: "change-from", on: { change: shape } });
  const row = element("input", { id: "change-row", type: "number", min: 0, step: 1, value: 0 });
  const less = choice([["", "as it is"], ["mean", "less the mean of its text"], ["chosen", "less the chosen token's"]], "", () => {}, { id: "change-less" });
  const fromLabel = labelled("from", from);
  const rowLabel = labelled("token", row);
  const lessLabel = labelled("taken", less);
  const pick = fileField("change-file", ".safetensors,.npy", "A file of tensors");
  const openFile = button("a file", () => pick.click(), { class: "quiet", title: "safetensors or npy, read here; or drop it on the page" });
  const add = element("button", { type: "submit", id: "change-add", text: "Add" });
  const root = element("form", { class: "change-form row", on: { submit } },
    labelled("do", kind), labelled("to", part), labelled("layer", layer), headLabel, strengthLabel, whereLabel, fromLabel, rowLabel, lessLabel, openFile, pick, add);
  let listed = "";
  let filesBefore = "0";

  function shape() {
    headLabel.hidden = part.value !== "head";
    strengthLabel.hidden = kind.value !== "scale" && kind.value !== "add";
    whereLabel.hidden = kind.value === "add" || kind.value === "patch";
    const isVector = kind.value === "add" || kind.value === "patch";
    if (isVector) list();
    const isFile = from.value.startsWith("file:");
    fromLabel.hidden = openFile.hidden = !isVector;
    rowLabel.hidden = !isVector || from.value === "own" || from.value === "";
    rowLabel.firstChild.textContent = isFile ? "row" : kind.value === "patch" ? "from its token" : "token";
    lessLabel.hidden = kind.value !== "add" || from.value === "own" || from.value === "";
    less.options[1].disabled = isFile;
    if (isFile && less.value === "mean") less.value = "";
  }

  /** The sources there are; a new one of a file is chosen at once. */
  function list() {
    const before = from.value;
    const options = [...(kind.value === "add" ? [["own", "the chosen token, less the text's mean"]] : []), ...vectorSources()];
    const isNew = (value) => value.startsWith("file:0:0") && filesBefore !== vectorsVersion().split(" ")[0];
    from.replaceChildren(...options.map(([value, text]) => element("option", { value, text })));
    const fresh = options.find(([value]) => isNew(value));
    filesBefore = vectorsVersion().split(" ")[0];
    if (fresh) from.value = fresh[0];
    else if (options.some(([value]) => value === before)) from.value = before;
  }

  async function submit(event) {
    event.preventDefault();
    add.disabled = true;
    try {
      const { spec, words } = await build({
        kind: kind.value, part: part.value, layer: Number(layer.value), head: Number(head.value), where: where.value, strength: Number(strength.value),
        from: from.value, row: Number(row.value), less: less.value,
      });
      addChange(spec, words);
    } catch (error) {
      tell(error.message);
    } finally {
      add.disabled = false;
    }
  }

  shape();
  return {
    root,
    draw() {
      const sources = vectorsVersion();
      if (sources !== listed) {
        // A file that was opened is there to be steered with.
        if (sources.split(" ")[0] !== filesBefore && kind.value !== "patch") kind.value = "add";
        listed = sources;
        shape();
      }
      follow();
    },
  };
}
