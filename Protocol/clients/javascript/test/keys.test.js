import assert from "node:assert/strict";
import {test} from "node:test";

import {NeuroScopeClient, NeuroScopeError} from "../neuroscope.js";
import {collected, testServer} from "./server.js";

const {url} = await testServer("--api-key", "secret");

test("without its key a server answers nothing", async () => {
  for (const options of [{}, {apiKey: "wrong"}, {headers: {Authorization: "Basic c2VjcmV0"}}]) {
    const client = new NeuroScopeClient(url, options);
    for (const ask of [() => client.listModels(), () => client.startRun({prompt: "x"})]) {
      await assert.rejects(ask, (error) => error instanceof NeuroScopeError && error.status === 401);
    }
  }
  await assert.rejects(new NeuroScopeClient(url, {apiKey: "wrong"}).socket(), {code: "key_unknown"});
});

test("with it, requests, streams and sockets are open", async () => {
  const client = new NeuroScopeClient(url, {apiKey: "secret"});
  assert.equal((await client.listModels()).data.length, 1);
  const events = await collected(client.streamRun({prompt: "Once", maxTokens: 3, ignoreEos: true}));
  assert.equal(events.filter(({type}) => type === "token").length, 3);
  const socket = await client.socket();
  const run = await socket.start({prompt: "Once", maxTokens: 3, ignoreEos: true});
  assert.equal((await collected(run)).filter(({type}) => type === "token").length, 3);
  socket.close();
});
