import assert from "node:assert/strict";
import {test} from "node:test";
import {ConnectionLostError, FrameError, NeuroScopeClient, NeuroScopeError, WatchedRun} from "../neuroscope.js";
import {cuttingProxy} from "./proxy.js";
import {ENDLESS, FRANCE, collected, residuals, settled, testServer} from "./server.js";

const {url} = await testServer();
const client = new NeuroScopeClient(url);
const BODY = {messages: FRANCE, temperature: 0, maxTokens: 20, detach: true, hooks: residuals([0, 5, 23])};

async function connected(context, from = client, options) {
  const socket = await from.socket(options);
  context.after(() => socket.close());
  return socket;
}

test("a socket starts a run and tells what the event stream tells", async (context) => {
  const socket = await connected(context);
  const run = await socket.start(BODY);
  assert(run instanceof WatchedRun);
  assert.equal(run.info.run_id, run.id);
  const events = await collected(run);
  assert.deepEqual(events, await collected(client.events(run.id)));
  assert(events.some(({data}) => data instanceof Float32Array));
});

test("two runs on one socket are kept apart", async (context) => {
  const socket = await connected(context);
  const [one, two] = await Promise.all([
    socket.start(BODY), socket.start({...BODY, messages: undefined, prompt: "Hi", hooks: residuals([7])}),
  ]);
  const [first, second] = await Promise.all([collected(one), collected(two)]);
  assert.deepEqual(first, await collected(client.events(one.id)));
  assert.deepEqual(second, await collected(client.events(two.id)));
});

test("a finished run is watched from where the viewer wishes, in the form it wishes", async (context) => {
  const socket = await connected(context);
  const {run_id: id} = await client.startRun(BODY);
  await settled(client, id, "finished");
  assert.equal((await collected(await socket.watch(id, {from: 4})))[0].seq, 4);
  const none = await collected(await socket.watch(id, {tensors: "none"}));
  assert(none.every((event) => !("data" in event)));
  const numbers = await collected(await socket.watch(id, {tensors: "json"}));
  assert(numbers.some(({data}) => Array.isArray(data)));
});

test("a run is stepped, changed, forked, rewound and ended by commands", async (context) => {
  const socket = await connected(context);
  assert.equal((await socket.ping()).ok, true);
  const run = await socket.start({...ENDLESS, start: "paused", hooks: residuals([3])});
  const events = run[Symbol.asyncIterator]();
  const until = async (type) => {
    for (;;) {
      const {value, done} = await events.next();
      if (done) throw new Error(`no ${type}`);
      if (value.type === type) return value;
    }
  };
  await run.step(3);
  await until("token");
  await until("run.paused");
  const change = {layer_name: "transformer.h.10", component: "mlp", kind: "zero", intervention_id: "off"};
  assert.equal((await run.intervene(change)).first_step, 3);
  assert.equal((await run.removeIntervention("off")).intervention_id, "off");
  assert.equal((await run.changeHooks({add: residuals([4])})).hooks.length, 2);
  assert.equal((await run.changeWatches({add: [{surprise: true, above: 90}]})).watches[0].surprise, true);
  assert.equal((await until("watches.changed")).first_step, 3);
  await run.rewind(1);
  assert.equal((await until("run.rewound")).to_step, 1);
  const child = await run.fork({maxTokens: 5});
  assert.equal(child.info.parent_run_id, run.id);
  assert.equal((await collected(child)).at(-1).type, "run.finished");
  await run.resume();
  await run.pause();
  await run.cancel();
  assert.equal((await until("run.finished")).finish_reason, "cancelled");
});

test("a refused command throws what REST would", async (context) => {
  const socket = await connected(context);
  await assert.rejects(socket.watch("absent"), (error) =>
    error instanceof NeuroScopeError && error.status === 404 && error.code === "run_not_found"
    && error.message === "Run absent not found");
  await assert.rejects(socket.command("dance"), {status: 400, code: "unknown_command"});
  await assert.rejects(socket.start({prompt: "Hi", hooks: residuals([99])}), {
    code: "layer_out_of_range", details: {field: "hooks[0]", nearest: ["transformer.h.23"]},
  });
});

test("a socket cut in the middle goes on without a byte missing", async (context) => {
  const whole = await collected(await (await connected(context)).start({...BODY, ignoreEos: true, maxTokens: 60}));
  for (const cut of [5000, 20000, 30001]) {
    const proxy = await cuttingProxy(url, [cut]);
    const socket = await connected(context, new NeuroScopeClient(proxy.url));
    const run = await socket.start({...BODY, ignoreEos: true, maxTokens: 60});
    const events = await collected(run);
    assert.deepEqual(events, await collected(client.events(run.id)));
    assert.deepEqual(events.map(({data}) => data), whole.map(({data}) => data));
    assert.equal(proxy.connections, 2);
  }
});

test("a socket that never comes back ends its runs with an error", async (context) => {
  const proxy = await cuttingProxy(url, [5000, 0, 0, 0]);
  const socket = await connected(context, new NeuroScopeClient(proxy.url), {retries: 2});
  await assert.rejects(collected(await socket.start(BODY)), ConnectionLostError);
  await assert.rejects(socket.ping(), ConnectionLostError);
});

test("a tensor that was damaged on the way ends the socket with the reason", async (context) => {
  class Damaging extends WebSocket {
    set onmessage(handler) {
      super.onmessage = handler && (({data}) => {
        if (typeof data !== "string") new Uint8Array(data)[data.byteLength >> 1] ^= 1;
        handler({data});
      });
    }
  }
  const socket = await connected(context, new NeuroScopeClient(url, {WebSocket: Damaging}));
  const run = await socket.start(BODY);
  await assert.rejects(collected(run), (error) => error instanceof FrameError && error.code === "checksum");
  await assert.rejects(socket.ping(), ConnectionLostError);
});

test("closing the socket, the signal and unsubscribing free a run that nobody else watches", async (context) => {
  const closed = await client.socket();
  const first = await closed.start(ENDLESS);
  closed.close();
  await settled(client, first.id, "cancelled");

  const controller = new AbortController();
  const aborted = await client.socket({signal: controller.signal});
  const second = await aborted.start(ENDLESS);
  controller.abort();
  await settled(client, second.id, "cancelled");
  await assert.rejects(collected(second), {name: "AbortError"});
  await assert.rejects(client.socket({signal: controller.signal}), {name: "AbortError"});

  const socket = await connected(context);
  const third = await socket.start(ENDLESS);
  await third.unsubscribe();
  await settled(client, third.id, "cancelled");
});
