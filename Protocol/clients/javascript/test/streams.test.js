import assert from "node:assert/strict";
import {test} from "node:test";
import {ConnectionLostError, EventParser, FrameError, NeuroScopeClient} from "../neuroscope.js";
import {cuttingProxy} from "./proxy.js";
import {ENDLESS, FRANCE, collected, residuals, settled, testServer} from "./server.js";

const {url} = await testServer();
const client = new NeuroScopeClient(url);
const BODY = {messages: FRANCE, temperature: 0, maxTokens: 20, hooks: residuals([0, 5, 23])};

/** A run that is over, and its events as an uncut stream tells them. */
async function told(more) {
  const {run_id: id} = await client.startRun({...BODY, ...more, detach: true});
  await settled(client, id, "finished");
  return {id, events: await collected(client.events(id))};
}

test("a run's events come with their tensors, and end by themselves", async () => {
  const events = await collected(client.streamRun({...BODY, frames: {dtype: "f32"}}));
  assert.equal(events[0].type, "run.started");
  assert.equal(events.at(-1).type, "run.finished");
  assert.deepEqual(events.map(({seq}) => seq), events.map((_, i) => i));
  const text = events.filter(({type}) => type === "token").map((event) => event.text).join("");
  assert.match(text, /Paris/);
  const answer = await client.generateWithActivations(FRANCE, BODY.hooks, {temperature: 0, maxTokens: 20});
  for (const hook of BODY.hooks) {
    const captured = events.filter(({hook_id: id}) => id === hook.hook_id);
    assert.deepEqual(captured.map(({data}) => data), answer.activations[hook.hook_id].map(({data}) => data));
    assert.deepEqual(captured.map(({frame}) => Number(frame.sequence)), captured.map(({seq}) => seq));
  }
});

test("a run waits for whoever streams it, unless another policy is asked for", async () => {
  const asked = [];
  const spied = new NeuroScopeClient(url, {fetch: (input, init) => { asked.push(new URL(input)); return fetch(input, init); }});
  await collected(spied.streamRun({prompt: "Hi", maxTokens: 1}));
  await collected(spied.streamRun({prompt: "Hi", maxTokens: 1}, {policy: "conflate"}));
  const policies = asked.filter(({pathname}) => pathname.endsWith("/events")).map(({searchParams}) => searchParams.get("policy"));
  assert.deepEqual(policies, ["lossless", "conflate"]);
});

test("a tensor that was damaged on the way is refused, and its stream with it", async () => {
  const damaging = new TransformStream({
    transform(text, controller) { controller.enqueue(text.replaceAll(/("frame":".{200})./g, "$1/")); },
  });
  const watcher = new NeuroScopeClient(url, {fetch: async (input, init) => {
    const {body, status} = await fetch(input, init);
    const pieces = body.pipeThrough(new TextDecoderStream()).pipeThrough(damaging).pipeThrough(new TextEncoderStream());
    return new Response(pieces, {status});
  }});
  const {id} = await told();
  await assert.rejects(collected(watcher.events(id)), (error) => error instanceof FrameError && error.code === "checksum");
});

test("tensors come as numbers in JSON, or not at all, where asked", async () => {
  const {id, events} = await told();
  const first = events.find(({type}) => type === "activation");
  const inJSON = await collected(client.events(id, {tensors: "json"}));
  const numbers = inJSON.find(({type}) => type === "activation").data;
  assert.deepEqual(Float32Array.from(numbers.flat(Infinity)), first.data);
  const none = (await collected(client.events(id, {tensors: "none"}))).find(({type}) => type === "activation");
  assert.equal("data" in none || "frame" in none, false);
  assert.equal((await collected(client.events(id, {from: 3})))[0].seq, 3);
});

for (const cuts of [[2000], [900, 3000, 300], [20000, 1, 5000]]) {
  test(`a stream cut after ${cuts} bytes is taken up again without a byte missing`, async () => {
    const {id, events} = await told();
    const proxy = await cuttingProxy(url, cuts);
    const again = await collected(new NeuroScopeClient(proxy.url).events(id));
    assert.deepEqual(again, events);
    assert.equal(proxy.connections, cuts.length + 1);
  });
}

test("a run that is watched while it runs survives a cut", async () => {
  const proxy = await cuttingProxy(url, [Infinity, 30000]);
  // The first connection starts the run, the second watches it and breaks.
  const watcher = new NeuroScopeClient(proxy.url, {
    fetch: (input, init) => fetch(input, {...init, headers: {...init.headers, Connection: "close"}}),
  });
  const events = await collected(watcher.streamRun({...BODY, ignoreEos: true, maxTokens: 60}));
  assert.deepEqual(events.map(({seq}) => seq), events.map((_, i) => i));
  assert.equal(events.at(-1).type, "run.finished");
  assert(proxy.connections >= 3);
});

test("a connection that never comes back is given up", async () => {
  const {id} = await told();
  const proxy = await cuttingProxy(url, [1500, 0, 0, 0]);
  await assert.rejects(collected(new NeuroScopeClient(proxy.url).events(id, {retries: 2})), ConnectionLostError);
  assert.equal(proxy.connections, 3);
});

test("leaving a run's events ends the run", async () => {
  let id;
  for await (const event of client.streamRun(ENDLESS)) {
    id = event.run_id;
    if (event.type === "token") break;
  }
  assert((await settled(client, id, "cancelled")).completion_tokens < 450);
});

test("a signal ends a run, and is what is thrown", async () => {
  const controller = new AbortController();
  let id;
  await assert.rejects(async () => {
    for await (const event of client.streamRun(ENDLESS, {signal: controller.signal})) {
      id = event.run_id;
      if (event.type === "token") controller.abort();
    }
  }, {name: "AbortError"});
  await settled(client, id, "cancelled");
});

test("an aborted completion frees its run", async () => {
  const controller = new AbortController();
  const stream = await client.chat(FRANCE, {
    ignoreEos: true, maxTokens: 450, stream: true, signal: controller.signal,
  });
  await assert.rejects(async () => { for await (const _ of stream) controller.abort(); }, {name: "AbortError"});
  await settled(client, stream.runId, "cancelled");
  const left = await client.chat(FRANCE, {ignoreEos: true, maxTokens: 450, stream: true});
  for await (const _ of left) break;
  await settled(client, left.runId, "cancelled");
});

/** As much of a browser's EventSource as a stream without cuts needs. */
class PlainEventSource extends EventTarget {
  readyState = 0;
  #controller = new AbortController();

  constructor(address) {
    super();
    this.#read(address).catch(() => {});
  }

  async #read(address) {
    const response = await fetch(address, {signal: this.#controller.signal});
    const parser = new EventParser();
    if (response.ok) {
      for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
        for (const {type, data} of parser.push(piece)) this.dispatchEvent(new MessageEvent(type, {data}));
      }
    }
    this.readyState = 2;
    this.dispatchEvent(new Event("error"));
  }

  close() { this.#controller.abort(); }
}

test("an EventSource tells the same", async () => {
  const {id, events} = await told();
  const watcher = new NeuroScopeClient(url, {EventSource: PlainEventSource});
  assert.deepEqual(await collected(watcher.eventSource(id)), events);
  await assert.rejects(collected(watcher.eventSource("absent")), ConnectionLostError);
  const running = await client.startRun({...ENDLESS, detach: true});
  await assert.rejects(collected(watcher.eventSource(running.run_id, {signal: AbortSignal.timeout(50)})), {name: "TimeoutError"});
  await client.cancelRun(running.run_id);
  await assert.rejects(collected(client.eventSource(id)), TypeError);
});
