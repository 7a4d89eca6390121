// One run as this page knows it: its tokens, the numbers that came with them, how it stands. Filled by events alone, so a
// live run, a finished one, a replay and a file dropped on the page are the same here.

/** Rows of one number a token, by layer: `rows[layer][position]`. */
export class Grid {
  rows = [];
  columns = 0;

  add(layer, position, value) {
    (this.rows[layer] ??= [])[position] = value;
    this.columns = Math.max(this.columns, position + 1);
  }
}

/** A tensor's rows as one number each: reductions as they come, of anything wider the Euclidean norm. */
function norms({ data, shape }) {
  const width = shape.slice(2).reduce((product, count) => product * count, 1);
  return Array.from({ length: width ? data.length / width : 0 }, (_, row) => {
    if (width === 1) return data[row];
    let squares = 0;
    for (let place = row * width; place < (row + 1) * width; place++) squares += data[place] * data[place];
    return Math.sqrt(squares);
  });
}

export class RunData {
  constructor(id) {
    this.id = id;
    /** Where it came from: `{kind: "start" | "instead" | "change" | "watch" | "file", parent, at, label, changes}`. */
    this.origin = { kind: "watch" };
    /** Changes with everything that it is told. */
    this.version = 0;
    /** Changes where what was told before is not what holds any more; what only comes behind it leaves this as it is. */
    this.edition = 0;
    this.status = "queued";
    this.isReplay = false;
    this.error = null;
    this.gaps = [];
    this.finished = null;
    /** Of a fork the answer's tokens that it took over, as far as they are known: its own events begin behind them. */
    this.inherited = [];
    /** The number that the next event has. */
    this.sequence = 0;
    this.reset();
  }

  reset() {
    this.edition += 1;
    this.model = null;
    this.promptLength = 0;
    /** `{id, text, logprob, top, step}`, by position. */
    this.tokens = [];
    this.hooks = [];
    this.sampling = null;
    this.tail = "";
    this.speed = null;
    this.progress = null;
    this.frames = 0;
    this.grids = new Map();
    /** `patterns[layer][query][head]`: the weights over the keys. */
    this.patterns = [];
    /** `values[layer][head][position]`: norms of the value vectors. */
    this.values = [];
    /** `experts[layer][position]`: `{ids, weights}`. */
    this.experts = [];
    /** Logits of each position, where they were asked for. */
    this.logits = [];
    /** What each layer would say at a position: `{layers, cells[row]}`. */
    this.readings = [];
    /** The rows of the hook called `taken`: `{data, width, count}`, one a position. */
    this.taken = null;
    this.headScores = null;
    /** How unsure the model was of the token at a position, in nats. */
    this.entropies = [];
    this.analyses = new Map();
    /** Interventions as events told them: `{id, from, until}`. */
    this.applied = [];
    /** What the run was watched for and came, as `watch.fired` told it. */
    this.fired = [];
    /** What it had answered when each run that left it did, by that run's id. */
    this.forks = new Map();
  }

  get isOver() { return ["finished", "cancelled", "failed"].includes(this.status); }
  get tokenIds() { return this.tokens.map((token) => token.id); }
  get answer() { return this.tokens.slice(this.promptLength).map((token) => token.text).join("") + this.tail; }
  get layers() { return Math.max(0, ...[...this.grids.values()].map((grid) => grid.rows.length)); }

  /** The watch that it stands at; none once it went on. */
  get stoppedBy() {
    const last = this.fired.at(-1);
    return this.status === "paused" && last?.step === this.tokens.length - this.promptLength - 1 && this.fired.findLast((one) => one.step === last.step && one.done === "paused") || null;
  }

  /** How the server says it stands; where events that came since tell more, they are believed: a reply may come behind the end. */
  stand(info) {
    if (!info) return;
    this.isReplay = "replay_of" in info;
    if (info.seq >= this.sequence) this.status = info.status;
    this.info = info;
    this.version += 1;
  }

  /** The last result of an analysis at or before a pass. */
  result(name, step = Infinity) {
    const all = this.analyses.get(name);
    if (!all) return null;
    if (step !== Infinity) return all.get(step) ?? null;
    return [...all.values()].at(-1) ?? null;
  }

  /** What it knew is known better. */
  revise() {
    this.version += 1;
    this.edition += 1;
  }

  take(event) {
    this.version += 1;
    this.sequence = Math.max(this.sequence, (event.seq ?? -1) + 1);
    handlers[event.type]?.(this, event);
  }

  fail(error) {
    this.error = error;
    if (!this.isOver) this.status = "failed";
    this.version += 1;
  }
}

/** Stands for a token that nobody told. */
const unknown = { id: null, text: "…", logprob: null, top: [], step: null };

const handlers = {
  "run.started"(run, event) {
    run.reset();
    run.model = event.model;
    run.hooks = event.hooks;
    run.sampling = event.sampling;
    run.promptLength = event.prompt.token_ids.length;
    run.tokens = event.prompt.token_ids.map((id, place) => ({ id, text: event.prompt.pieces[place], logprob: null, top: [], step: null }));
    if (run.status === "queued") run.status = "running";
  },
  "prompt.progress"(run, event) { run.progress = event.processed / event.total; },
  token(run, event) {
    run.progress = null;
    const place = run.promptLength + event.step;
    while (run.tokens.length < place) run.tokens.push(run.inherited[run.tokens.length - run.promptLength] ?? unknown);
    run.tokens[place] = {
      id: event.token_id, text: event.text, logprob: event.logprob, top: event.top, step: event.step, time: event.time_ms,
    };
  },
  text(run, event) { run.tail += event.text; },
  activation(run, event) {
    if (!event.data?.length || !event.positions) return;
    run.frames += 1;
    const hook = run.hooks.find((one) => one.index === event.hook_index);
    const layer = hook?.layer ?? -1;
    const place = (index) => event.position_list?.[index] ?? event.positions[0] + index;
    takeTensor(run, { ...event, point: hook?.point ?? "" }, layer, place);
  },
  analysis(run, event) {
    if (!run.analyses.has(event.name)) run.analyses.set(event.name, new Map());
    run.analyses.get(event.name).set(event.step, event.result);
    if (event.name === "logit_lens") takeReadings(run, event.result);
    if (event.name === "token_entropy") {
      event.result.positions.forEach((position, index) => {
        run.entropies[position + 1] = event.result.entropy[index];
      });
    }
  },
  "hooks.changed"(run, event) { run.hooks = event.hooks; },
  "intervention.applied"(run, event) {
    run.applied.push({ id: event.intervention_id, from: event.first_step, until: null });
  },
  "intervention.removed"(run, event) {
    const found = run.applied.findLast((one) => one.id === event.intervention_id && one.until === null);
    if (found) found.until = event.first_step;
  },
  "run.forked"(run, event) { run.forks.set(event.child_run_id, run.tokens.slice(run.promptLength)); },
  "watch.fired"(run, event) { run.fired.push(event); },
  // In a replay these are the recorded run's.
  "run.paused"(run) { if (!run.isReplay) run.status = "paused"; },
  "run.resumed"(run) { if (!run.isReplay) run.status = "running"; },
  "run.rewound"(run, event) {
    run.edition += 1;
    run.tokens.length = Math.min(run.tokens.length, run.promptLength + event.to_step + 1);
    run.fired = run.fired.filter((one) => one.step <= event.to_step);
    if (!run.isReplay) run.status = "paused";
  },
  "run.finished"(run, event) {
    run.finished = event;
    run.status = event.finish_reason === "cancelled" ? "cancelled" : "finished";
    run.speed = event.timings?.decode_tokens_per_second ?? null;
  },
  error(run, event) { if (!event.error.hook_id) run.fail(event.error); },
  gap(run, event) { run.gaps.push(...event.dropped); },
};

/** The last layer's lens is the model's own answer: it tells the prompt's probabilities and alternatives. */
function takeReadings(run, result) {
  const last = result.predictions.at(-1);
  result.positions.forEach((position, index) => {
    run.readings[position] = { layers: result.layers, cells: result.predictions.map((row) => row[index]) };
    const token = run.tokens[position + 1];
    if (!token || position + 1 >= run.promptLength || !last[index]) return;
    token.logprob = last[index].target?.logprob ?? null;
    token.rank = last[index].target?.rank;
    token.top = last[index].top;
  });
}

/** One row a position; of a tensor by heads all heads' numbers behind each other, as a change of that place wants them. */
function rowsByPosition(data, shape) {
  if (shape.length !== 4) return { data, width: shape.at(-1), count: data.length / shape.at(-1) };
  const [, heads, count, across] = shape;
  const rows = new Float32Array(data.length);
  for (let head = 0; head < heads; head++) {
    for (let position = 0; position < count; position++) {
      const start = (head * count + position) * across;
      rows.set(data.subarray(start, start + across), position * heads * across + head * across);
    }
  }
  return { data: rows, width: heads * across, count };
}

function takeTensor(run, event, layer, place) {
  const { component, shape, data, point } = event;
  if (event.hook_id === "taken") {
    run.taken = rowsByPosition(data, shape);
    return;
  }
  if (component === "attention_pattern" && shape.length === 4) {
    const [, heads, queries, keys] = shape;
    const rows = run.patterns[layer] ??= [];
    for (let query = 0; query < queries; query++) {
      rows[place(query)] = Array.from({ length: heads }, (_, head) => {
        const start = (head * queries + query) * keys;
        return data.subarray(start, start + keys);
      });
    }
  } else if (component === "value" && shape.length === 3) {
    const [, heads, count] = shape;
    const rows = run.values[layer] ??= Array.from({ length: heads }, () => []);
    for (let head = 0; head < heads; head++) {
      for (let index = 0; index < count; index++) rows[head][place(index)] = data[head * count + index];
    }
  } else if (/hook_expert_(indices|weights)$/.test(point)) {
    const width = shape.at(-1);
    for (let index = 0; index < data.length / width; index++) {
      const cell = ((run.experts[layer] ??= [])[place(index)] ??= {});
      cell[point.endsWith("indices") ? "ids" : "weights"] = Array.from(data.subarray(index * width, (index + 1) * width));
    }
  } else if (component === "logits" && shape.length === 3) {
    const width = shape[2];
    for (let index = 0; index < data.length / width; index++) run.logits[place(index)] = data.subarray(index * width, (index + 1) * width);
  } else if (layer >= 0 && !event.is_input && shape.length <= 3 && !(shape.length === 3 && event.frame?.kind === 2)) {
    const grid = run.grids.get(component) ?? new Grid();
    run.grids.set(component, grid);
    norms(event).forEach((norm, index) => grid.add(layer, place(index), norm));
  }
}
