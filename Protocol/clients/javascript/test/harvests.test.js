// Activations of many prompts: harvests and caches.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {FrameError, FrameReader, NeuroScopeClient, splitFrames} from "../neuroscope.js";
import {collected, testServer} from "./server.js";

const {url} = await testServer();
const client = new NeuroScopeClient(url);
const TEXTS = ["The capital of France is", "Once upon a time there was", "One"];
const NAME = "blocks.7.hook_resid_post";

test("each prompt comes in turn, with the bits of a run of it", async () => {
  const prompts = await collected(client.harvest({texts: TEXTS, activationHooks: [{layer_name: NAME}], inputIds: true}));
  assert.deepEqual(prompts.map(({index}) => index), [0, 1, 2]);
  for (const {index, tokens, frames} of prompts) {
    const events = await collected(client.streamRun(
      {prompt: TEXTS[index], maxTokens: 1, hooks: [{layer_name: NAME}], frames: {dtype: "f32"}}));
    assert.deepEqual(tokens, events.find(({type}) => type === "run.started").prompt.token_ids);
    assert.deepEqual(await frames[0].values(), events.find(({type}) => type === "activation").data);
  }
});

test("a cache has arrays by name, wildcards among them", async () => {
  const cache = await client.cache(TEXTS, ["blocks.*.hook_resid_post", "blocks.3.attn.hook_pattern"]);
  assert.equal(Object.keys(cache.arrays).length, 25);
  TEXTS.forEach((_, index) => {
    const length = cache.tokens[index].length;
    assert.deepEqual(cache.arrays[NAME][index].shape, [length, 128]);
    assert.deepEqual(cache.arrays["blocks.3.attn.hook_pattern"][index].shape, [4, length, length]);
  });
  const alone = await client.cache(cache.tokens[1], NAME, {positions: "last"});
  assert.deepEqual(alone.arrays[NAME][0].data, cache.arrays[NAME][1].data.slice(-128));
  await assert.rejects(client.cache(TEXTS, "blocks.*.nothing"), TypeError);
});

test("a harvest is kept on the server, listed, fetched, removed", async () => {
  await client.store("kept", TEXTS, ["blocks.*.hook_mlp_out"]);
  let kept;
  do kept = await client.describeHarvest("kept"); while (kept.status === "running");
  assert.deepEqual([kept.status, kept.texts_done, kept.hooks.length], ["complete", 3, 24]);
  assert.deepEqual((await client.listHarvests()).harvests.map(({name}) => name), ["kept"]);
  const index = JSON.parse(new TextDecoder().decode(await client.harvestFile("kept", "harvest.safetensors.index.json")));
  assert(index.weight_map["blocks.3.hook_mlp_out/000002"]);
  assert.equal((await client.deleteHarvest("kept")).status, "deleted");
});

test("a prompt that nothing is captured of comes too", async () => {
  const hooks = [{layer_name: NAME, positions: [4]}];
  const prompts = await collected(client.harvest({texts: TEXTS, activationHooks: hooks}));
  assert.deepEqual(prompts.map(({frames}) => frames.length), [1, 1, 0]);
});

test("leaving the loop ends a harvest, and so does a signal", async () => {
  const texts = Array.from({length: 2000}, () => TEXTS[1]);
  const request = {texts, activationHooks: [{layer_name: NAME}]};
  for await (const prompt of client.harvest(request)) if (prompt.index === 1) break;
  const abort = new AbortController();
  await assert.rejects(async () => {
    for await (const prompt of client.harvest(request, {signal: abort.signal})) if (prompt.index === 1) abort.abort();
  }, {name: "AbortError"});
});

test("frames are read from pieces however they are cut, and what is none is refused at once", async () => {
  const vectors = JSON.parse(readFileSync(new URL("../../../vectors/frames.json", import.meta.url)));
  const all = Buffer.concat(vectors.valid.map(({bytes}) => Buffer.from(bytes, "hex")));
  for (const size of [1, 7, 64, 1000, all.length]) {
    const reader = new FrameReader();
    const frames = [];
    for (let start = 0; start < all.length; start += size) frames.push(...reader.feed(all.subarray(start, start + size)));
    assert.deepEqual(frames.map(({bytes}) => bytes.length), splitFrames(all).map(({bytes}) => bytes.length));
    assert(!reader.isWithin);
  }
  assert.throws(() => new FrameReader().feed(new Uint8Array(64)), FrameError);
  const endless = Buffer.from(vectors.valid[0].bytes, "hex").subarray(0, 64);
  endless.writeBigUInt64LE(1n << 60n, 48);
  assert.throws(() => new FrameReader().feed(endless), FrameError);
});
