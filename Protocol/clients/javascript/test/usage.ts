// Never run: what a program in TypeScript writes, for `tsc --strict` to accept. Wrong uses are marked as such.

import {
  ConnectionLostError, FrameError, Hook, NeuroScopeClient, NeuroScopeError, RunEvent, Values, decodeFrame,
} from "neuroscope";

const client = new NeuroScopeClient("http://127.0.0.1:8080", {headers: {Accept: "application/json"}, WebSocket});
const controller = new AbortController();

async function answers(): Promise<number> {
  const ready: boolean = (await client.healthCheck()).ready;
  const layers: number = (await client.loadModel("models/small", null, {maxKvSize: 512})).num_layers;
  const hooks: Hook[] = client.createCircuitAnalysisHooks([5]);
  const answer = await client.generateWithActivations([{role: "user", content: "Hello"}], hooks, {maxTokens: 4, temperature: 0});
  const text: string | null = answer.choices[0].message.content;
  // @ts-expect-error: a plain chat has no activations.
  (await client.chat([])).activations;
  // @ts-expect-error: a role must be one of the known ones.
  await client.chat([{role: "robot"}]);
  return ready && text ? layers : answer.activations["residual_5"].length;
}

async function streams(): Promise<void> {
  const stream = await client.chat([{role: "user", content: "Hello"}], {stream: true, signal: controller.signal});
  for await (const chunk of stream) console.log(stream.runId, chunk.choices[0]?.delta.content);
  for await (const event of client.streamRun({prompt: "Hello", frames: {dtype: "f32"}}, {policy: "lossless"})) show(event);
  const socket = await client.socket({signal: controller.signal});
  const run = await socket.start({prompt: "Hello"}, {tensors: "binary"});
  await run.intervene({layer_name: "transformer.h.5", component: "mlp", kind: "zero"});
  for await (const event of run) show(event);
  socket.close();
}

function show(event: RunEvent): void {
  if (event.type === "token") console.log(event.text.length, event.logprob.toFixed(2));
  if (event.type === "activation" && event.data instanceof Float32Array) console.log(event.hook_id, event.data[0]);
  // @ts-expect-error: only token and text events have a text of that name.
  event.text;
}

async function failures(bytes: ArrayBuffer): Promise<Values | undefined> {
  try {
    return await decodeFrame(bytes).values();
  } catch (error) {
    if (error instanceof FrameError && error.code === "checksum") return undefined;
    if (error instanceof ConnectionLostError || error instanceof NeuroScopeError) console.log(error.status, error.requestId);
    throw error;
  }
}

async function circuits(): Promise<number> {
  const {layers, induction} = await client.heads([[1, 2, 1, 2], "Once upon a time"], {layers: [3]});
  const lens = await client.lens("Once", {positions: "last", top: 2});
  const grid = await client.patch("a b", "b a", " a", [" b"], {component: "z", by: "head"});
  const paths = await client.patchPaths("a b", "b a", " a", [" b"], [[{component: "q", layer: 9}, {component: "mlp_in", layer: 3}]],
    {frozen: ["heads"], direction: "noising"});
  const {composition} = await client.weightCircuits([1, 2], {foldNorms: true, edges: 5});
  if (composition.k[0]!.prefix_matching === null) return composition.baseline;
  if (paths.senders[0]![0]!.component === "embed" && paths.logit_diff[0]![0] === null) return 0;
  return layers.length + induction[0]![0]! + (lens.predictions[0]![0]!.target?.rank ?? 0) + (grid.effect[0]![0] ?? 0);
}

export {answers, circuits, failures, streams};
