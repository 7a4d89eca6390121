// Where the vectors of a change come from: the tensors of this run or another, or a file that was opened here.

import { quoted, visible } from "./dom.js";
import { addOpener } from "./files.js";
import { toggle } from "./panels.js";
import { probe } from "./probe.js";
import { client, server } from "./server.js";
import { current, known } from "./session.js";
import { readTensors } from "./tensor-file.js";

const keptFiles = 4;
const listedTensors = 400;
/** `{name, tensors}`, the newest first. */
let files = [];
let version = 0;

/** Changes when there is another source. */
export const vectorsVersion = () => `${version} ${current()?.id} ${known().length} ${server.runs.length} ${server.model?.model_id}`;

const overAt = ["finished", "cancelled"];

/** Every source as `[key, words]`: runs of the model first, the shown one before all, then the tensors of files. */
export function vectorSources() {
  const model = server.model?.model_id;
  const mine = known().filter((run) => run.model === model && run.tokens.length && !run.isFile);
  const ids = new Set(mine.map((run) => run.id));
  const others = server.runs.filter((run) => run.model === model && overAt.includes(run.status) && !ids.has(run.run_id)).slice(0, 20);
  const shown = current()?.id;
  return [
    ...mine.toSorted((one, other) => (other.id === shown) - (one.id === shown)).map((run) => [`run:${run.id}`, run.id === shown ? "the shown run" : `run: … ${visible(run.tokens.slice(-8).map((token) => token.text).join(""), 32)}`]),
    ...others.map((run) => [`run:${run.run_id}`, `run: … ${visible((run.text ?? "").slice(-32), 32)}`]),
    ...files.flatMap((file, index) => file.tensors.slice(0, listedTensors).map((tensor, place) => [`file:${index}:${place}`, `${visible(file.name, 20)}: ${visible(tensor.name, 40)} [${tensor.shape.join(", ")}]`])),
  ];
}

async function readTokens(id) {
  const run = known().find((one) => one.id === id);
  if (run) return { tokens: run.tokenIds, interventions: run.request?.interventions };
  const tokens = [];
  for await (const event of client.events(id, { tensors: "none" })) {
    if (event.type === "run.started") tokens.push(...event.prompt.token_ids);
    if (event.type === "token") tokens.push(event.token_id);
  }
  const { interventions } = await client.describeRun(id);
  if (interventions?.length) throw new Error("That run was changed while it was made, and its vectors are not kept: open it here first.");
  return { tokens };
}

/** The rows of a place over a run's tokens: `{data, width, count}`, as the run's own pass had them. */
export async function rowsOfRun(id, place) {
  const { tokens, interventions } = await readTokens(id);
  if (!tokens.length) throw new Error("There is no text yet whose vectors could be taken; run something first.");
  const hook = { layer_name: place.layer_name, component: place.component, hook_id: "taken" };
  const pass = await probe(tokens, { model: server.model?.model_id, hooks: [hook], interventions });
  if (!pass.taken) throw new Error("The model sent no tensor of this place");
  return pass.taken;
}

/** `count` rows from one on, of a source at a place: `{rows: [Float32Array], mean(), words}`. */
export async function takeRows(source, place, first, count = 1) {
  const [kind, name, index] = source.split(":");
  if (kind === "file") {
    const tensor = files[Number(name)]?.tensors[Number(index)];
    if (!tensor) throw new Error("That file is not open any more; drop it again.");
    return { rows: Array.from({ length: count }, (_, step) => tensor.row(first + step)), mean: null, words: `${visible(tensor.name, 40)}, row ${first}, of ${visible(files[Number(name)].name, 20)}` };
  }
  const all = await rowsOfRun(name, place);
  if (!Number.isSafeInteger(first) || first < 0 || first + count > all.count) throw new Error(`That run's model read ${all.count} tokens, 0 to ${all.count - 1}: there is no ${count > 1 ? `range ${first} to ${first + count - 1}` : `token ${first}`}.`);
  const rows = Array.from({ length: count }, (_, step) => all.data.slice((first + step) * all.width, (first + step + 1) * all.width));
  const token = known().find((run) => run.id === name)?.tokens[first];
  return { rows, mean: () => meanOf(all), words: `${token ? `${quoted(token.text, 16)}, ` : ""}token ${first} of ${name === current()?.id ? "this run" : name}` };
}

export function meanOf({ data, width, count }) {
  const sum = new Float64Array(width);
  for (let row = 0; row < count; row++) for (let index = 0; index < width; index++) sum[index] += data[row * width + index];
  return Array.from(sum, (one) => one / count);
}

/** Rows behind each other as a patch's source has them: little-endian float32 in base64. */
export function packed(rows) {
  const bytes = new DataView(new ArrayBuffer(4 * rows.reduce((sum, row) => sum + row.length, 0)));
  let at = 0;
  for (const row of rows) for (const value of row) { bytes.setFloat32(at, value, true); at += 4; }
  return btoa(Array.from(new Uint8Array(bytes.buffer), (byte) => String.fromCharCode(byte)).join(""));
}

addOpener({
  ends: [".safetensors", ".npy"],
  async open(file) {
    const tensors = readTensors(await file.arrayBuffer(), file.name);
    files = [{ name: file.name, tensors }, ...files].slice(0, keptFiles);
    version += 1;
    toggle("change", true);
    return `${visible(file.name)}: ${tensors.length} ${tensors.length === 1 ? "tensor" : "tensors"} to steer and patch with, under Change.`;
  },
});
