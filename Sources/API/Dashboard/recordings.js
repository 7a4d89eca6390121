// Recorded runs: listed with their sizes, opened with a bar to scrub over their tokens, verified, exported, deleted; and files that
// are dropped on the page, which need no server.

import { button, bytes, choice, element, emptiness, labelled, save, tell, visible } from "./dom.js";
import { addOpener, fileField } from "./files.js";
import { addPanel, toggle } from "./panels.js";
import { currentPlayer, Player } from "./player.js";
import { client, onServer, server } from "./server.js";
import { current, onRuns } from "./session.js";
import { isFile, look, view } from "./store.js";

let list = null;
let version = 0;
let refusal = null;
const verdicts = new Map();

async function read() {
  try {
    list = (await client.listRecordings()).recordings;
    refusal = null;
  } catch (error) {
    refusal = error;
  }
  version += 1;
}

async function doing(words, work) {
  tell(words);
  try {
    tell(await work());
  } catch (error) {
    tell(error.message);
  }
  await read();
}

const open = (id) => doing("reading the recording …", async () => {
  const player = await Player.open(await client.recordingFile(id), id);
  look({ recording: id });
  return toldOf(player);
});

function toldOf({ file, tokens, name }) {
  const how = file.isComplete ? "whole" : `up to where it was cut (${file.stopped ?? "it was never finished"})`;
  return `${visible(name)}: ${tokens.length} tokens, ${how}.`;
}

const replay = (id) => doing("replaying …", async () => {
  const run = await client.replayRecording(id, { speed: 1 });
  look({ run: run.run_id, versus: null, token: null, until: null });
  return "The server plays it as a run, which others can watch too.";
});

const verify = (id) => doing("running it once more …", async () => {
  const found = await client.verifyRecording(id);
  verdicts.set(id, found.ok);
  return found.ok ? "The same again, byte for byte." : `It differs first here: ${JSON.stringify(found.first_difference)}`;
});

const exported = (id, format) => doing("exporting …", async () => {
  if (format === "nsrec") save(await client.recordingFile(id), `${id}.nsrec`);
  else save(await client.exportRecording(id, format), `${id}.${format}`);
  return `${id} is saved.`;
});

function remove(id, pressed) {
  if (pressed.dataset.sure === undefined) {
    pressed.dataset.sure = "";
    pressed.textContent = "really delete?";
    setTimeout(() => { delete pressed.dataset.sure; pressed.textContent = "delete"; }, 4000);
    return;
  }
  doing("deleting …", async () => { await client.deleteRecording(id); return `${id} is gone.`; });
}

function line(one) {
  const id = one.recording_id;
  const format = choice([["", "export …"], ["nsrec", "the file"], ["safetensors", "safetensors"], ["npz", "NPZ"]], "", (name) => { if (name) exported(id, name); format.value = ""; }, { "aria-label": `Export ${id}` });
  const gone = button("delete", () => remove(id, gone), { class: "quiet", "aria-label": `Delete ${id}` });
  const verdict = verdicts.get(id);
  return element("tr", { "data-recording": id },
    element("th", { scope: "row" }, button(visible(id, 28), () => open(id), { class: "quiet", title: "Open it here, with a bar to scrub over" })),
    element("td", { text: visible(one.model, 20) }), element("td", { class: "number", text: bytes(one.bytes) }),
    element("td", { class: "number", text: `${one.frames} tensors` }),
    element("td", { text: one.complete ? new Date(one.created * 1000).toLocaleString() : "not finished" }),
    element("td", { class: "row" },
      button("replay", () => replay(id), { class: "quiet", title: "The server plays it for everybody" }),
      button(verdict === undefined ? "verify" : verdict ? "verified" : "differs", () => verify(id), { class: verdict === false ? "quiet bad" : "quiet" }), format, gone));
}

function bar() {
  const play = button("Play", () => { const player = currentPlayer(); player?.play(!player.isPlaying); }, { id: "play", class: "primary small" });
  const scrub = element("input", { type: "range", id: "scrub", min: 0, step: 1, "aria-label": "Token of the recording", on: { input: () => { const player = currentPlayer(); player?.play(false); player?.seek(Number(scrub.value)); } } });
  const speed = choice([[0.1, "a tenth"], [0.5, "half"], [1, "as it was"], [4, "four times"], [1000, "as fast as drawn"]], 1, (value) => currentPlayer()?.setSpeed(Number(value)), { id: "speed" });
  const told = element("span", { class: "quiet-text number" });
  const root = element("div", { class: "player row", hidden: true }, play, scrub, told, labelled("speed", speed));
  return {
    root,
    draw() {
      const player = currentPlayer();
      root.hidden = !player;
      if (!player) return;
      player.tick();
      scrub.max = player.tokens.length;
      if (document.activeElement !== scrub || player.isPlaying) scrub.value = player.position;
      const words = `${player.position} of ${player.tokens.length} tokens`;
      if (told.textContent !== words) told.textContent = words;
      const label = player.isPlaying ? "Pause" : "Play";
      if (play.textContent !== label) play.textContent = label;
    },
  };
}

addPanel({
  name: "recordings", title: "Recordings", key: "8", help: "Runs that were kept; drop a file on the page to open it",
  open(body, tools) {
    const table = element("div", { class: "recordings" });
    const player = bar();
    const pick = fileField("open-file", ".nsrec", "A recording's file");
    tools.append(button("Open a file", () => pick.click(), { class: "quiet" }), pick, button("Look again", read, { class: "quiet" }));
    body.append(player.root, table);
    read();
    let drawn = "";
    return () => {
      player.draw();
      const key = `${version} ${server.isConnected} ${[...verdicts].join()}`;
      if (key === drawn) return;
      drawn = key;
      if (refusal) table.replaceChildren(emptiness("failed", refusal.message, button("Try again", read)));
      else if (!list) table.replaceChildren(emptiness("loading", "Looking …"));
      else if (!list.length) table.replaceChildren(emptiness("empty", "Nothing is recorded yet: tick Record under “How tokens are drawn”, or drop a .nsrec file here."));
      else table.replaceChildren(element("table", { class: "list" }, element("tbody", {}, ...list.map(line))));
    };
  },
});

addOpener({
  ends: [".nsrec"],
  async open(file) {
    look({ recording: null });
    const player = await Player.open(await file.arrayBuffer(), file.name);
    toggle("recordings", true);
    return toldOf(player);
  },
});

// A recorded run that ended is in the list.
let listed = null;
onRuns(() => {
  const run = current();
  if (!run?.isOver || !run.request?.record || run.id === listed || !list) return;
  listed = run.id;
  read();
});

// A link to a recording opens it again.
onServer(({ isConnected }) => { if (isConnected && isFile(view.run) && view.recording && !currentPlayer()) open(view.recording); });
