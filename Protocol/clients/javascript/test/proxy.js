/** A wire to the server that breaks at a byte: what a bad network does, on purpose. */

import {connect, createServer} from "node:net";
import {after} from "node:test";

/** Forwards connections; each number ends one connection after so many bytes of answers, later ones live. */
export async function cuttingProxy(url, cuts) {
  const {hostname, port} = new URL(url);
  const remaining = [...cuts];
  const proxy = {connections: 0, url: ""};
  const server = createServer((near) => {
    proxy.connections++;
    const far = connect(Number(port), hostname);
    let left = remaining.shift() ?? Infinity;
    near.on("error", () => far.destroy());
    near.on("close", () => far.destroy());
    far.on("error", () => near.destroy());
    far.on("close", () => near.end());
    near.pipe(far);
    far.on("data", (data) => {
      near.write(data.subarray(0, left), () => { if (left <= 0) near.destroy(); });
      left -= data.length;
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  proxy.url = `http://127.0.0.1:${server.address().port}`;
  return proxy;
}
