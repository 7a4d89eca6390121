// What made a token: attribution graphs, and the flow of information.
import assert from "node:assert/strict";
import {test} from "node:test";
import {NeuroScopeClient, NeuroScopeError} from "../neuroscope.js";
import {collected, settled, testServer} from "./server.js";

const {url} = await testServer();
const client = new NeuroScopeClient(url);
const PROMPT = "Mary and John met. John gave it to";

test("a graph is found with progress, kept, and read as the server keeps it", async () => {
  const steps = [];
  const graph = await client.graph({prompt: PROMPT, answer: " Mary", wrong: " John", nodeThreshold: 0.5}, {progress: (event) => steps.push(event)});
  const done = steps.filter(({type}) => type === "analysis.progress");
  assert.deepEqual(done.map((event) => event.done), Array.from({length: 2 + 3 * 24}, (_, index) => index + 1));
  assert(steps.some(({type, links}) => type === "analysis.rows" && links.length > 0));
  assert.deepEqual(graph, await client.describeGraph(graph.metadata.slug));
  assert.equal(graph.metadata.pruning_settings.node_threshold, 0.5);
  assert((await client.listGraphs()).graphs.some(({slug}) => slug === graph.metadata.slug));
});

test("a graph of a run's step is the graph of the tokens before it", async () => {
  const run = await client.startRun({prompt: PROMPT, maxTokens: 3, temperature: 0, detach: true});
  await settled(client, run.run_id, "finished");
  const events = await collected(client.events(run.run_id));
  const before = events.find(({type}) => type === "run.started").prompt.token_ids;
  const first = events.find(({type}) => type === "token").token_id;
  const [ofRun, ofTokens] = [await client.graph({runId: run.run_id, step: 1}), await client.graph({tokens: [...before, first]})];
  assert.deepEqual(ofRun.nodes, ofTokens.nodes);
  assert.deepEqual(ofRun.links, ofTokens.links);
});

test("a graph that is left is not kept, and a refusal is the server's", async () => {
  const before = (await client.listGraphs()).graphs.length;
  const leaving = new AbortController();
  await assert.rejects(client.graph({prompt: PROMPT}, {signal: leaving.signal, progress: () => leaving.abort()}), {name: "AbortError"});
  await assert.rejects(client.graph({prompt: PROMPT, answer: " two tokens at once"}),
    (error) => error instanceof NeuroScopeError && error.details.field === "answer");
  assert.equal((await client.listGraphs()).graphs.length, before);
});

test("the flow into what comes next is that of a run which asks for it", async () => {
  const flow = await client.flow(PROMPT, {threshold: 0.1, granularity: "layer"});
  assert.deepEqual([flow.threshold, flow.granularity], [0.1, "layer"]);
  assert(flow.edges.length > 0 && flow.edges.every(({share}) => share >= 0.1 && share <= 1));
  const {tokens} = await client.tokenize(PROMPT);
  const analyses = [{name: "information_flow", threshold: 0.1, granularity: "layer"}];
  const events = await collected(client.streamRun({tokens, maxTokens: 1, temperature: 0, ignoreEos: true, analyses}));
  assert.deepEqual(flow, events.find(({type}) => type === "analysis").result);
});
