// The server as the page sees it: the client, one socket that takes itself up again, the models, the runs of everybody.
// What travels is read by the published client, which the server gives to pages too.

import { NeuroScopeClient } from "./neuroscope.js";

/** Where the server's root is, from where this file is: so the page works behind a path prefix too. */
export const root = new URL("..", import.meta.url).href;

const listeners = new Set();

export const server = {
  isConnected: false,
  /** Whether it was ever connected: before that the page is not offline, only young. */
  wasConnected: false,
  model: null,
  models: [],
  available: [],
  runs: [],
  analyses: [],
  graphs: [],
  scenarios: [],
  socket: null,
};

export function onServer(listener) { listeners.add(listener); }
function announce() { for (const listener of listeners) listener(server); }

/** Milliseconds between two looks whether the link still carries anything, and those that an answer may take on a slow one. */
const lookEvery = 20_000;
const slowAnswer = 40_000;
/** The same where there is a reason to doubt it: the network changed, or the tab slept. */
const doubtedAnswer = 10_000;

/**
 * Shows whether the connection stands, which the client takes up again by itself. A link that carries nothing any more is not told to
 * pages: it is given up where a question has no answer.
 */
class ShownSocket extends WebSocket {
  static current = null;
  #heard = 0;
  #isDoubted = false;

  constructor(...address) {
    super(...address);
    ShownSocket.current = this;
    this.addEventListener("open", () => setConnected(true));
    this.addEventListener("message", () => { this.#heard += 1; });
    // Once: the browser may tell the end of a link that was given up much later.
    this.addEventListener("close", () => setConnected(false), { once: true });
  }

  /** Asks for an answer, and gives the link up where nothing at all comes in time. */
  async doubt(patience) {
    if (this.#isDoubted || this.readyState !== WebSocket.OPEN) return;
    this.#isDoubted = true;
    const before = this.#heard;
    server.socket?.ping().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, patience));
    this.#isDoubted = false;
    if (this.#heard !== before || this.readyState !== WebSocket.OPEN) return;
    this.dispatchEvent(new CloseEvent("close", { code: 1006 }));
    this.close();
  }
}

setInterval(() => { if (!document.hidden) ShownSocket.current?.doubt(slowAnswer); }, lookEvery);
for (const type of ["online", "offline"]) addEventListener(type, () => ShownSocket.current?.doubt(doubtedAnswer));
document.addEventListener("visibilitychange", () => { if (!document.hidden) ShownSocket.current?.doubt(doubtedAnswer); });
document.addEventListener("resume", () => ShownSocket.current?.doubt(doubtedAnswer));

export const client = new NeuroScopeClient(root, { WebSocket: ShownSocket });

async function setConnected(isOpen) {
  if (isOpen) await readEverything();
  server.isConnected = isOpen;
  server.wasConnected ||= isOpen;
  announce();
}

async function readEverything() {
  await Promise.allSettled([
    readModels(),
    client.listAnalyses().then(({ live, sweeps, graphs }) => Object.assign(server, { analyses: live, sweeps, graphs })),
    client.listScenarios().then((found) => { server.scenarios = found.scenarios; server.configurations = found.hook_configurations; }),
    client.capabilities().then((found) => { server.capabilities = found; }),
  ]);
}

/** Reads which models there are, and the facts of the current one. */
export async function readModels() {
  const [{ current_model: current }, { models }, available] = await Promise.all([
    client.healthCheck(), client.listModels(), client.availableModels().catch(() => ({ models: [] })),
  ]);
  server.models = models;
  server.available = available.models;
  server.model = current ? await client.describeModel(current) : null;
  announce();
}

/** Loads a model from a path, or makes a loaded one the page's. */
export async function chooseModel(id) {
  const loaded = server.models.find((model) => model.model_id === id);
  if (loaded) {
    server.model = await client.describeModel(id);
  } else {
    const found = server.available.find((model) => model.id === id);
    const answer = await client.loadModel(found.path, found.id);
    await readModels();
    server.model = await client.describeModel(answer.model_id);
  }
  announce();
}

export const hasAnalysis = (name) => server.analyses.some((analysis) => analysis.name === name);

export async function readRuns() {
  if (!server.isConnected || document.hidden) return;
  const { runs } = await client.listRuns().catch(() => ({ runs: server.runs }));
  server.runs = runs;
  announce();
}

/** Connects, for as long as it takes. */
export async function connect(delay = 500) {
  try {
    server.socket = await client.socket({ retries: Infinity });
  } catch {
    announce();
    setTimeout(() => connect(Math.min(delay * 2, 8000)), delay);
  }
}
