import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {promisify} from "node:util";
import * as module from "../neuroscope.js";
import {testServer} from "./server.js";

const {url} = await testServer();
const home = new URL("../", import.meta.url);
const examples = ["README.md", "../../../README.md"]
  .flatMap((name) => [...readFileSync(new URL(name, home), "utf8").matchAll(/```js\n(.*?)```/gs)])
  .map(([, code]) => code).filter((code) => code.includes("import"));
const printed = [
  /Paris[^]*\n1 \[ 1, 1, 128 \]/, /^2 \[ \d+, 128 \] -?[\d.]+$/m,
  /^0\.9\d*  to  Mary 0\.\d+$/m, /residual \[ 1, 1, 128 \] 128/, /^3 [^]*^11 /m,
  /400 layer_out_of_range \[ 'transformer\.h\.23' \] req_/, /activation Float32Array\(\d+\) \[/,
];

test("every example of the READMEs has its expectation", () => assert.equal(examples.length, printed.length));

for (const [index, example] of examples.entries()) {
  test(`example ${index + 1} of the READMEs runs as it stands`, async () => {
    const code = example.replace(/(?<=NeuroScopeClient\()[^)]*/, JSON.stringify(url)).replace("./neuroscope.js", "neuroscope");
    const {stdout} = await promisify(execFile)(
      process.execPath, ["--experimental-websocket", "--input-type=module", "--eval", code], {cwd: home, timeout: 60_000});
    assert.match(stdout, printed[index]);
  });
}

test("the types declare what the module exports, and each class its methods", () => {
  const types = readFileSync(new URL("neuroscope.d.ts", home), "utf8");
  const declared = [...types.matchAll(/^export (?:class|function|const) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.keys(module).sort());
  for (const [, name, body] of types.matchAll(/^export class (\w+)[^{]*\{\n(.*?)^\}/gms)) {
    const methods = new Set([...body.matchAll(/^  (?:readonly )?(\w+)[(:]/gm)].map(([, method]) => method));
    for (const method of Object.getOwnPropertyNames(module[name].prototype)) {
      if (method !== "constructor") assert.equal(methods.has(method), !method.startsWith("_"), `${name}.${method}`);
    }
  }
});
