/** The real server, started for one test file and ended with it. */

import {spawn} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {fileURLToPath} from "node:url";
import {after} from "node:test";

export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
export const MODEL = join(ROOT, "Fixtures/models/circuits-5m");
export const FRANCE = [{role: "user", content: "What is the capital of France?"}];

/** Hooks on the residual stream of some layers. */
export const residuals = (layers, more = {}) => layers.map((layer) => (
  {layer_name: `transformer.h.${layer}`, component: "residual", hook_id: `layer_${layer}`, ...more}));

/** A run that goes on until it is stopped. */
export const ENDLESS = {prompt: "Once upon a time", ignoreEos: true, maxTokens: 450, temperature: 1, seed: 1};

/** Starts a server for the tests of this file; its `folder` is where models and recordings may lie. */
export async function testServer(...options) {
  const folder = mkdtempSync(join(tmpdir(), "neuroscope-"));
  writeFileSync(join(folder, "broken.gguf"), Buffer.concat([Buffer.from("GGUF\x03\0\0\0"), Buffer.alloc(64, 255)]));
  const places = ["--harvests-dir", join(folder, "harvests"), "--recordings-dir", folder, "--models-dir", folder, "--models-dir", join(ROOT, "Fixtures/models")];
  const child = spawn(process.env.NEUROSCOPE_BINARY, ["serve", "--port", "0", "--capture-budget", "2M", ...places, ...options], {
    cwd: "/", stdio: ["ignore", "pipe", "inherit"],
  });
  after(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, {recursive: true});
  });
  const url = await new Promise((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const found = /page\s+(http:\/\/[^/]+)/.exec(line);
      if (found) resolve(found[1]);
    }).on("close", () => reject(new Error("The server did not start")));
  });
  return {url, folder};
}

/** The run once its status is one of these. */
export async function settled(client, id, ...statuses) {
  let run;
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    run = await client.describeRun(id);
    if (statuses.includes(run.status)) return run;
    if (["finished", "cancelled", "failed"].includes(run.status)) break;
  }
  throw new Error(`${id} is ${run.status}`);
}

export async function collected(stream) {
  const all = [];
  for await (const one of stream) all.push(one);
  return all;
}
