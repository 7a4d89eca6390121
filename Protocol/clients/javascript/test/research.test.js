// Research in single calls: heads, lens, patch.
import assert from "node:assert/strict";
import {test} from "node:test";
import {NeuroScopeClient, NeuroScopeError} from "../neuroscope.js";
import {collected, testServer} from "./server.js";

const {url} = await testServer();
const client = new NeuroScopeClient(url);
const HALF = [929, 1776, 1149, 1757, 1895, 1603, 1210, 1411, 1337, 1042, 1688, 1555];
const OTHER = [...HALF].reverse();
const MARY = "When Mary and John went to the store, John gave a drink to";
const SWAPPED = "When Mary and John went to the store, Mary gave a drink to";

test("heads of random tokens given twice show the induction head, and several prompts their mean", async () => {
  const one = await client.heads([...HALF, ...HALF]);
  assert.equal(one.layers.length, 24);
  assert(one.induction[17][0] > 0.99);
  const other = await client.heads([...OTHER, ...OTHER], {layers: [16, 17]});
  const both = await client.heads([[...HALF, ...HALF], [...OTHER, ...OTHER]], {layers: [17]});
  assert.deepEqual(both.layers, [17]);
  for (const kind of ["previous_token", "duplicate_token", "induction"]) {
    both[kind][0].forEach((score, head) => {
      assert(Math.abs(score - (one[kind][17][head] + other[kind][1][head]) / 2) < 1e-6);
    });
  }
});

test("the mean weighs prompts by their places, and a kind without any is no number", async () => {
  const plain = await client.heads([HALF], {layers: [3]});
  assert(plain.induction[0].every(Number.isNaN) && plain.previous_token[0].every(Number.isFinite));
  const twice = [...HALF, ...HALF];
  const mixed = await client.heads([HALF, twice], {layers: [3]});
  const whole = await client.heads(twice, {layers: [3]});
  assert.deepEqual(mixed.induction, whole.induction);
  mixed.previous_token[0].forEach((score, head) => {
    const expected = (plain.previous_token[0][head] * 11 + whole.previous_token[0][head] * 23) / 34;
    assert(Math.abs(score - expected) < 1e-6);
  });
  await assert.rejects(client.heads([]), TypeError);
});

test("a lens tells what each layer would say, the last one what is said", async () => {
  const lens = await client.lens(MARY, {layers: [0, 23], top: 3});
  assert.deepEqual(lens.layers, [0, 23]);
  assert.equal(lens.prompt.length, lens.positions.length);
  assert.deepEqual(lens.predictions.map((line) => line.length), [lens.prompt.length, lens.prompt.length]);
  const events = await collected(client.streamRun({prompt: MARY, maxTokens: 1, temperature: 0}));
  const said = lens.predictions[1].at(-1);
  assert.equal(said.top.length, 3);
  assert.equal(said.top[0].token_id, events.find(({type}) => type === "token").token_id);
  const last = await client.lens(MARY, {positions: "last"});
  assert.deepEqual(last.positions, [lens.prompt.length - 1]);
  assert.equal(last.predictions.length, 24);
});

test("a patch is the analysis of that name", async () => {
  const options = {layers: [6, 8], by: "position"};
  const found = await client.patch(MARY, SWAPPED, " Mary", " John", options);
  assert.deepEqual(found.axes, ["layer", "position"]);
  assert(found.clean > 0 && found.corrupted < 0);
  const asked = await client.analyse({
    analysis: "activation_patching", clean: MARY, corrupted: SWAPPED, answer: " Mary", wrong: " John", component: "resid_post",
    ...options});
  assert.deepEqual(found.effect, asked.effect);
  const {tokens} = await client.tokenize(MARY, {addSpecial: true});
  const {tokens: other} = await client.tokenize(SWAPPED, {addSpecial: true});
  const same = await client.patch([tokens], [other], " Mary", " John", options);
  assert.deepEqual(same.effect, found.effect);
  await assert.rejects(client.patch(MARY, SWAPPED, " Mary", " no one token", options), NeuroScopeError);
});

test("an analysis is a run of its own", async () => {
  const asked = {analysis: "ablation", component: "mlp_out", layers: [0], clean: MARY, answer: " Mary", wrong: " John"};
  const run = await client.startAnalysis({...asked, detach: true});
  let result;
  for await (const event of client.events(run.run_id)) if (event.type === "analysis.result") result = event;
  assert.deepEqual(result.effect, (await client.analyse(asked)).effect);
  assert.deepEqual((await client.describeRun(run.run_id)).result.effect, result.effect);
});

test("heads have names", async () => {
  const found = await client.namedHeads();
  assert.equal(found.status, "found");
  assert(found.heads.some((one) => one.kinds.induction > 0.8));
  assert.deepEqual(found.tests.map((one) => one.name), ["repeats", "copies", "names"]);
});

test("circuits in weights are the analysis of that name", async () => {
  const found = await client.weightCircuits([0, 3], {directions: 1, top: 2, edges: 3, foldNorms: false});
  assert.equal(found.fold_norms, false);
  assert.deepEqual(found.heads.map((one) => [one.layer, one.head]), [0, 3].flatMap((layer) => [0, 1, 2, 3].map((head) => [layer, head])));
  assert.equal(found.composition.k.length, 3);
  assert.equal(found.heads[0].ov.directions[0].from.length, 2);
  await assert.rejects(client.weightCircuits([24]), NeuroScopeError);
});

test("paths are the analysis of that name", async () => {
  const senders = [{component: "z", layer: 20, head: 1}, [{component: "embed"}, {component: "mlp_out", layer: 0}]];
  const receivers = [{component: "q", layer: 9}, {component: "logits"}];
  const found = await client.patchPaths(MARY, SWAPPED, " Mary", " John", receivers, {senders, direction: "denoising"});
  assert.equal(found.effect[0][0], null);
  assert.deepEqual(found.senders, senders.map((one) => [one].flat()));
  const asked = await client.analysePaths({
    analysis: "path_patching", clean: MARY, corrupted: SWAPPED, answer: " Mary", wrong: " John", senders, receivers,
    direction: "denoising"});
  assert.deepEqual(found.effect, asked.effect);
  await assert.rejects(client.patchPaths(MARY, SWAPPED, " Mary", " John", [{component: "q", layer: 0}], {senders}), NeuroScopeError);
});
