import assert from "node:assert/strict";
import {test} from "node:test";
import {NeuroScopeClient, splitFrames} from "../neuroscope.js";
import {FRANCE, MODEL, collected, residuals, settled, testServer} from "./server.js";

const {url} = await testServer();
const client = new NeuroScopeClient(`${url}/`);

const greedy = {temperature: 0, maxTokens: 20};

test("it connects: health, capabilities, the document of the API", async () => {
  const health = await client.healthCheck();
  assert.deepEqual([health.status, health.service, health.ready], ["healthy", "mlx-engine-neuroscope", true]);
  assert((await client.capabilities()).components.includes("residual"));
  assert((await client.openApi()).paths["/v1/runs"]);
});

test("every operation of the API has a method", async () => {
  const others = {health: "healthCheck", openAPI: "openApi", chatWithActivations: "generateWithActivations", runSocket: "socket"};
  const pages = ["page", "pageFile", "reference", "loginPage", "logIn", "logOut", "metrics"];
  for (const methods of Object.values((await client.openApi()).paths)) {
    for (const name of Object.values(methods).map(({operationId}) => operationId).filter(Boolean)) {
      assert(pages.includes(name) || typeof client[others[name] ?? name] === "function", `${name} has no method`);
    }
  }
});

test("a run is analysed", async () => {
  assert((await client.listAnalyses()).live.some(({name}) => name === "logit_lens"));
  const events = await collected(client.streamRun({prompt: "Paris", maxTokens: 2, analyses: [{name: "logit_lens", top: 1}]}));
  assert.equal(events.find(({type}) => type === "analysis").result.layers.length, 24);
  const contrast = {clean: "The capital of France is", answer: " Paris", wrong: " Rome"};
  const sweep = await client.analyse({analysis: "ablation", component: "mlp_out", layers: [0, 5], ...contrast});
  assert.deepEqual([sweep.layers, sweep.effect.length], [[0, 5], 2]);
});

test("models are loaded, described, unloaded", async () => {
  const available = (await client.availableModels()).models.find(({id}) => id === "circuits-5m");
  assert(available);
  const facts = await client.loadModel(MODEL, "second", {maxKvSize: 256});
  assert.deepEqual([facts.model_id, facts.status, facts.num_layers], ["second", "loaded", 24]);
  assert((await client.listModels()).data.some(({id, is_current}) => id === "second" && is_current));
  assert.equal((await client.describeModel("second")).context_length, 256);
  assert((await client.hookPoints("second")).hook_points.length > 24);
  assert.equal((await client.unloadModel("second")).status, "unloaded");
});

test("it chats and completes", async () => {
  const answer = await client.chat(FRANCE, {...greedy, logprobs: true, topLogprobs: 2});
  assert.match(answer.choices[0].message.content, /Paris/);
  assert.equal(answer.choices[0].logprobs.content[0].top_logprobs.length, 2);
  assert.equal("activations" in answer, false);
  const completion = await client.complete("The capital of France is", {...greedy, maxTokens: 3});
  assert.equal(completion.object, "text_completion");
});

test("a streamed chat says the same", async () => {
  const whole = await client.chat(FRANCE, {...greedy, seed: 3, temperature: 0.7});
  const stream = await client.chat(FRANCE, {
    ...greedy, seed: 3, temperature: 0.7, stream: true, streamOptions: {include_usage: true},
  });
  assert.match(stream.runId, /^run_/);
  const chunks = await collected(stream);
  const text = chunks.map(({choices}) => choices[0]?.delta.content ?? "").join("");
  assert.equal(text, whole.choices[0].message.content);
  assert.deepEqual(chunks.at(-1).usage.total_tokens, whole.usage.total_tokens);
});

test("activations are projected on directions that are sent along", async () => {
  const place = {layer_name: "transformer.h.5", component: "residual"};
  const directions = [1, 2].map((scale) => Array.from({length: 128}, (_, i) => Math.fround(scale / (1 + i))));
  const {activations} = await client.generateWithActivations(FRANCE, [
    {...place, hook_id: "whole"}, {...place, hook_id: "probes", reduce: {project: directions}}], greedy);
  for (const [pass, {data, shape}] of activations.probes.entries()) {
    const whole = activations.whole[pass];
    assert.deepEqual(shape, [...whole.shape.slice(0, -1), 2]);
    const expected = Array.from({length: data.length}, (_, i) => directions[i % 2].reduce(
      (sum, value, column) => sum + value * whole.data[Math.floor(i / 2) * 128 + column], 0));
    assert.deepEqual(data, Float32Array.from(expected));
  }
});

test("activations are typed arrays, exactly those of the nested numbers", async () => {
  const hooks = client.createCircuitAnalysisHooks([5, 10]);
  assert.deepEqual(hooks.map(({hook_id: id}) => id), [
    "attention_5", "mlp_5", "residual_5", "attention_10", "mlp_10", "residual_10"]);
  assert.equal(client.createCircuitAnalysisHooks().length, 12);
  const answer = await client.generateWithActivations(FRANCE, hooks, greedy);
  const nested = await client.generateWithActivations(FRANCE, hooks, {...greedy, encoding: "nested"});
  const count = answer.usage.completion_tokens;
  for (const {hook_id: id} of hooks) {
    assert.equal(answer.activations[id].length, count);
    for (const [i, {data, shape}] of answer.activations[id].entries()) {
      assert(data instanceof Float32Array);
      assert.equal(data.length, shape.reduce((product, n) => product * n));
      assert.deepEqual(data, Float32Array.from(nested.activations[id][i].data.flat(Infinity)));
    }
  }
  const chunks = await collected(await client.generateWithActivations(FRANCE, hooks, {...greedy, stream: true}));
  const streamed = chunks.flatMap(({activations}) => activations?.residual_5 ?? []);
  assert.deepEqual(streamed.map(({data}) => data), answer.activations.residual_5.map(({data}) => data));
});

test("every type of element comes back as numbers", async () => {
  const exact = await client.generateWithActivations(FRANCE, residuals([5]), greedy);
  const largest = exact.activations.layer_5[0].data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const dtype of ["f16", "bf16", "i8"]) {
    const {activations} = await client.generateWithActivations(FRANCE, residuals([5], {dtype}), greedy);
    const error = activations.layer_5[0].data.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - exact.activations.layer_5[0].data[i])), 0);
    assert(error > 0 && error < largest / 200, `${dtype} is ${error} off`);
  }
});

test("hooks are registered, listed, used, cleared", async () => {
  const registered = await client.registerHooks(residuals([7]), "circuits-5m");
  assert.deepEqual(registered.registered_hooks, ["layer_7"]);
  assert.equal((await client.listHooks("circuits-5m")).hooks[0].hook_id, "layer_7");
  const run = await client.startRun({prompt: "Hi", maxTokens: 1, useRegisteredHooks: true, detach: true});
  assert.equal(run.hooks[0].hook_id, "layer_7");
  assert.equal((await client.clearHooks()).status, "hooks cleared");
  assert.deepEqual((await client.listHooks()).hooks, []);
});

test("text becomes tokens and text again", async () => {
  const {tokens, pieces} = await client.tokenize("Paris is big");
  assert.equal(tokens.length, pieces.length);
  assert.equal((await client.detokenize(tokens)).text, "Paris is big");
  assert.match((await client.applyTemplate(FRANCE)).prompt, /capital of France/);
});

test("a run is started, stepped, changed, rewound, forked, resumed, cancelled", async () => {
  const {run_id: id} = await client.startRun({
    prompt: "Once upon a time", ignoreEos: true, maxTokens: 30, detach: true, start: "paused", hooks: residuals([3]),
  });
  assert((await client.listRuns()).runs.some(({run_id}) => run_id === id));
  await client.step(id, 4);
  await steps(id, 4);
  const change = {layer_name: "transformer.h.10", component: "mlp", kind: "scale", strength: 0, intervention_id: "quiet"};
  const {intervention_id: name, first_step: first} = await client.intervene(id, change);
  assert.deepEqual([name, first], ["quiet", 4]);
  assert.equal((await client.removeIntervention(id, "quiet")).intervention_id, "quiet");
  await client.intervene(id, change);
  assert.equal((await client.clearInterventions(id)).removed.length, 1);
  assert.equal((await client.changeHooks(id, {add: residuals([4])})).hooks.length, 2);
  assert.equal((await client.changeWatches(id, {add: [{text: "?"}, {text: "!"}]})).watches.length, 2);
  assert.equal((await client.changeWatches(id, {remove: [0]})).watches[0].watch_index, 1);
  await client.rewind(id, 1);
  await steps(id, 2);
  const child = await client.fork(id, {maxTokens: 10, start: "paused"});
  assert.equal(child.parent_run_id, id);
  assert.equal((await client.cancelRun(child.run_id)).run_id, child.run_id);
  await client.resume(id);
  await settled(client, id, "finished");
  const frames = await client.frames(id, {hook: "layer_3", from: 0});
  assert(frames.length > 0 && frames.every(({layer, component}) => layer === 3 && component === "residual"));
});

async function steps(id, count) {
  while ((await client.describeRun(id)).completion_tokens !== count) await new Promise(setImmediate);
}

test("a running run pauses", async () => {
  const {run_id: id} = await client.startRun({prompt: "Hi", ignoreEos: true, maxTokens: 450, detach: true});
  await client.pause(id);
  await settled(client, id, "paused");
  await client.cancelRun(id);
  await settled(client, id, "cancelled");
});

test("a recording is listed, fetched, exported, verified, replayed byte for byte, deleted", async () => {
  const {run_id: id, recording_id: recording} = await client.startRun({
    prompt: "Hi", maxTokens: 4, record: true, detach: true, hooks: residuals([3])});
  await settled(client, id, "finished");
  assert((await client.listRecordings()).recordings.some(({recording_id}) => recording_id === recording));
  assert.equal((await client.describeRecording(recording)).complete, true);
  assert.deepEqual((await client.recordingFile(recording)).subarray(1, 4), new TextEncoder().encode("NSR"));
  assert((await client.exportRecording(recording, "npz")).length > 0);
  assert.equal((await client.verifyRecording(recording)).ok, true);
  const replay = await client.replayRecording(recording, {speed: 0});
  await settled(client, replay.run_id, "finished");
  const bytes = (frames) => frames.map((frame) => frame.bytes);
  assert.deepEqual(bytes(await client.frames(replay.run_id)), bytes(await client.frames(id)));
  assert.equal((await client.deleteRecording(recording)).status, "deleted");
});

test("scenarios are listed and played", async () => {
  assert((await client.listScenarios()).scenarios.length >= 15);
  const {run_id: id} = await client.runScenario("basic_check", {temperature: 0, detach: true});
  assert.match((await settled(client, id, "finished")).text, /7|seven/);
});

test("frames of a request are those that split into the events' own", async () => {
  const {run_id: id} = await client.startRun({prompt: "Hi", maxTokens: 3, detach: true, hooks: residuals([1, 2])});
  const events = await collected(client.events(id));
  const frames = events.filter(({type}) => type === "activation").map(({frame}) => frame.bytes);
  assert.deepEqual((await client.frames(id)).map(({bytes}) => bytes), frames);
  assert.equal(splitFrames(Buffer.concat(frames)).length, frames.length);
});
