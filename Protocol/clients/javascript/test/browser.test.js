import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {mkdtempSync, readFileSync, rmSync} from "node:fs";
import {createServer} from "node:http";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {test} from "node:test";
import {NeuroScopeClient} from "../neuroscope.js";
import {cuttingProxy} from "./proxy.js";
import {FRANCE, collected, residuals, settled, testServer} from "./server.js";

const {url} = await testServer();
const browser = process.env.CHROMIUM ?? "chromium";

/** What the page tells of a run by each of its doors: the numbers of the events, and a sum over all tensors. */
const page = (id, wires) => `<script type="module">
  import {NeuroScopeClient} from "/neuroscope.js";
  const told = async (events) => {
    const numbers = [];
    let sum = 0;
    for await (const {seq, data} of events) {
      numbers.push(seq);
      for (const value of data ?? []) sum += value;
    }
    return {numbers, sum};
  };
  try {
    const [one, two, three] = ${JSON.stringify(wires)}.map((wire) => new NeuroScopeClient(wire));
    const socket = await three.socket();
    const doors = [one.events("${id}"), two.eventSource("${id}"), await socket.watch("${id}")];
    const refusal = await one.describeRun("absent").catch(({status, code}) => [status, code]);
    await fetch("/told", {method: "POST", body: JSON.stringify({doors: await Promise.all(doors.map(told)), refusal})});
  } catch (error) {
    await fetch("/told", {method: "POST", body: JSON.stringify({error: String(error.stack ?? error)})});
  }
</script>`;

/** Opens a page in the browser; what the page tells, or null where there is no browser. */
async function visit(html, context) {
  const profile = mkdtempSync(join(tmpdir(), "neuroscope-browser-"));
  let tell;
  const told = new Promise((resolve) => { tell = resolve; });
  const pages = createServer(async (request, response) => {
    if (request.url === "/told") tell(JSON.parse(Buffer.concat(await collected(request))));
    const isModule = request.url === "/neuroscope.js";
    response.writeHead(200, {"Content-Type": isModule ? "text/javascript" : "text/html"});
    response.end(isModule ? readFileSync(new URL("../neuroscope.js", import.meta.url)) : html);
  });
  await new Promise((resolve) => pages.listen(0, "127.0.0.1", resolve));
  const child = spawn(browser, [
    "--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`, `http://127.0.0.1:${pages.address().port}/`,
  ], {stdio: "ignore"});
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.once("error", () => tell(null));
  context.after(async () => {
    child.kill("SIGKILL");
    await ended;
    pages.closeAllConnections();
    pages.close();
    rmSync(profile, {recursive: true, force: true, maxRetries: 5});
  });
  return told;
}

test("a browser sees the same by fetch, EventSource and WebSocket, over wires that break", {timeout: 60_000}, async (context) => {
  const client = new NeuroScopeClient(url);
  const {run_id: id} = await client.startRun({
    messages: FRANCE, temperature: 0, maxTokens: 20, detach: true, hooks: residuals([0, 5, 23]),
  });
  await settled(client, id, "finished");
  const wires = await Promise.all([[6000, 9000], [6000], [6000]].map((cuts) => cuttingProxy(url, cuts)));
  const told = await visit(page(id, wires.map((wire) => wire.url)), context);
  if (!told) return context.skip(`there is no ${browser} here`);
  assert.equal(told.error, undefined);
  const events = await collected(client.events(id));
  const sum = events.flatMap(({data}) => [...data ?? []]).reduce((all, value) => all + value, 0);
  assert.deepEqual(told.doors, Array(3).fill({numbers: events.map(({seq}) => seq), sum}));
  assert.deepEqual(told.refusal, [404, "run_not_found"]);
  assert(wires.every(({connections}) => connections >= 2));
});
