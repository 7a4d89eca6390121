import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createServer} from "node:http";
import {test} from "node:test";
import {ConnectionLostError, NeuroScopeClient, NeuroScopeError, RunFailedError} from "../neuroscope.js";
import {FRANCE, collected, settled, testServer} from "./server.js";

const {url, folder} = await testServer();
const client = new NeuroScopeClient(url);
const paused = await client.startRun({prompt: "Hi", start: "paused", detach: true});
const finished = await client.startRun({prompt: "Hi", maxTokens: 1, detach: true});
await settled(client, finished.run_id, "finished");

/** The refusals that both clients are tested with, with ids and places of this server. */
const places = {paused: paused.run_id, finished: finished.run_id, models: folder};
const refusals = JSON.parse(readFileSync(new URL("../../../../Tests/Clients/refusals.json", import.meta.url), "utf8")
  .replace(/\{(paused|finished|models)\}/g, (_, name) => places[name]));

for (const {method, path, body, headers, status, code, error, details} of refusals) {
  test(`${method} ${path} is refused as ${code}`, async () => {
    await assert.rejects(client.request(method, path, {body, headers}), (thrown) => {
      assert(thrown instanceof NeuroScopeError);
      assert.deepEqual([thrown.status, thrown.code], [status, code]);
      if (error) assert.equal(thrown.message, error);
      if (details) assert.deepEqual(thrown.details, details);
      assert.match(thrown.requestId, /^req_/);
      return true;
    });
  });
}

test("methods throw what their route refuses", async () => {
  await assert.rejects(client.chat([]), {status: 400, code: "messages_required", name: "NeuroScopeError"});
  await assert.rejects(collected(client.events("absent")), {status: 404, code: "run_not_found"});
  await assert.rejects(collected(client.streamRun({prompt: "Hi", temperature: 9})), {code: "out_of_range"});
});

test("a server that is not there is a lost connection", async () => {
  const gone = createServer();
  await new Promise((resolve) => gone.listen(0, "127.0.0.1", resolve));
  const nobody = new NeuroScopeClient(`http://127.0.0.1:${gone.address().port}`);
  await new Promise((resolve) => gone.close(resolve));
  await assert.rejects(nobody.healthCheck(), (error) => error instanceof ConnectionLostError && error.status === 0);
  await assert.rejects(collected(nobody.events("run", {retries: 1})), ConnectionLostError);
  await assert.rejects(nobody.socket(), ConnectionLostError);
});

/** A server of a few fixed bytes. */
async function answering(context, head, text) {
  const http = createServer((_, response) => { response.writeHead(...head); response.end(text); });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  context.after(() => http.close());
  return new NeuroScopeClient(`http://127.0.0.1:${http.address().port}`);
}

test("a proxy's own words become an error too", async (context) => {
  const proxied = await answering(context, [502, {"Content-Type": "text/html"}], "<h1>Bad gateway</h1>");
  await assert.rejects(proxied.healthCheck(), {status: 502, message: "<h1>Bad gateway</h1>", requestId: null});
});

test("a fault in a stream is thrown where it comes", async (context) => {
  const fault = 'data: {"choices":[]}\n\ndata: {"error":{"message":"Not numbers","type":"server_error","code":"not_finite"}}\n\n';
  const failing = await answering(context, [200, {"Content-Type": "text/event-stream"}], fault);
  const chunks = [];
  await assert.rejects(async () => {
    for await (const chunk of await failing.chat(FRANCE, {stream: true})) chunks.push(chunk);
  }, (error) => error instanceof RunFailedError && error.code === "not_finite" && error.message === "Not numbers");
  assert.equal(chunks.length, 1);
});

test("a completion that breaks off is a lost connection, not an end", async (context) => {
  const broken = await answering(context, [200, {"Content-Type": "text/event-stream"}], "data: {\"choices\":[]}\n\n");
  await assert.rejects(async () => collected(await broken.chat(FRANCE, {stream: true})), ConnectionLostError);
});
