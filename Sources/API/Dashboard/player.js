// Plays a recorded run from its file, in this page alone: to any token, at any speed, with nothing asked of the server.

import { RecordingFile } from "./neuroscope.js";
import { RunData } from "./run-data.js";
import { adopt, announceRuns, current } from "./session.js";
import { look } from "./store.js";

const players = new Map();

export const playerOf = (run) => players.get(run?.id) ?? null;

export class Player {
  /** Events of the file, in order. */
  events = [];
  /** How many of them are shown. */
  shown = 0;
  isPlaying = false;
  speed = 1;
  #began = 0;
  #from = 0;

  constructor(file, name) {
    this.file = file;
    this.name = name;
    this.data = new RunData(`file-${String(file.metadata.run_id).replace(/\W/g, "")}`);
    Object.assign(this.data, { isFile: true, origin: { kind: "file", parent: null, label: name } });
  }

  /** Reads a file whole and shows its end. */
  static async open(bytes, name) {
    const player = new Player(new RecordingFile(bytes), name);
    for await (const event of player.file.events()) player.events.push(event);
    players.set(player.data.id, player);
    adopt(player.data);
    player.show(player.events.length);
    look({ run: player.data.id, versus: null, token: null, until: null });
    announceRuns();
    return player;
  }

  /** Indices of the events behind which a token stands. */
  get tokens() {
    this.places ??= this.events.flatMap((event, index) => (event.type === "token" ? [index + 1] : []));
    return this.places;
  }

  /** Tokens of the answer that are shown. */
  get position() { return this.tokens.filter((place) => place <= this.shown).length; }

  /** Shows so many events: what is behind them is as if it had not happened yet. */
  show(count) {
    if (count < this.shown) {
      this.data.reset();
      this.data.status = "running";
      this.shown = 0;
    }
    while (this.shown < count) this.data.take(this.events[this.shown++]);
    if (this.shown === this.events.length && !this.data.isOver) {
      this.data.status = "finished";
      this.data.version += 1;
    }
  }

  /** Goes to a token of the answer: 0 is before the first. */
  seek(token) {
    const start = this.events.findIndex((event) => event.type === "run.started") + 1;
    this.show(token >= this.tokens.length ? this.events.length : token ? this.tokens[token - 1] : start);
    this.#anchor();
  }

  #anchor() {
    this.#began = performance.now();
    this.#from = this.events[this.shown]?.microseconds ?? 0;
  }

  play(isPlaying) {
    if (isPlaying && this.shown === this.events.length) this.seek(0);
    this.isPlaying = isPlaying;
    this.#anchor();
  }

  setSpeed(speed) { this.speed = speed; this.#anchor(); }

  /** Shows what the clock has come to; called once a frame of the screen. */
  tick() {
    if (!this.isPlaying) return;
    const until = this.#from + (performance.now() - this.#began) * 1000 * this.speed;
    let count = this.shown;
    while (count < this.events.length && this.events[count].microseconds <= until) count += 1;
    this.show(count);
    if (this.shown === this.events.length) this.isPlaying = false;
  }
}

export const currentPlayer = () => playerOf(current());
