import assert from "node:assert/strict";
import {readFileSync, readdirSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";
import {RecordingError, RecordingFile} from "../neuroscope.js";
import {ROOT} from "./server.js";

const folder = join(ROOT, "Fixtures/sessions");
const names = readdirSync(folder).filter((name) => name.endsWith(".nsrec"));
const plain = readFileSync(join(folder, "plain.nsrec"));

async function all(recording) {
  const events = [];
  for await (const event of recording.events()) events.push(event);
  return events;
}

for (const name of names) {
  test(`the recorded session ${name} is read without a server`, async () => {
    const recording = new RecordingFile(readFileSync(join(folder, name)));
    assert.equal(recording.isComplete, name !== "cut.nsrec");
    const events = await all(recording);
    assert.equal(events[0].type, "run.started");
    assert.equal(events.filter(({type}) => type === "activation").length, recording.records.filter(({type}) => type === "frame").length);
    for (const {data, shape} of events.filter(({type}) => type === "activation")) {
      assert.equal(data.length, shape.reduce((product, count) => product * count, 1));
    }
    const times = events.map(({microseconds}) => microseconds);
    assert.deepEqual(times, times.toSorted((one, other) => one - other));
  });
}

test("a file that is cut anywhere is read up to its last whole record", async () => {
  const whole = new RecordingFile(plain).records.length;
  for (let end = plain.length - 1; end > 0; end -= 997) {
    let recording;
    try { recording = new RecordingFile(plain.subarray(0, end)); } catch (error) {
      assert.ok(error instanceof RecordingError);
      continue;
    }
    assert.ok(recording.records.length <= whole);
    assert.ok(recording.isComplete || recording.stopped === "truncated" || recording.records.length < whole || end % 8 === 0);
    await all(recording);
  }
});

test("a changed bit ends the reading before it", () => {
  const records = new RecordingFile(plain).records;
  for (const index of [1, 5, records.length - 1]) {
    const damaged = Uint8Array.from(plain);
    damaged[records[index].start + (records[index].length >> 1)] ^= 4;
    const recording = new RecordingFile(damaged);
    assert.equal(recording.stopped, "checksum");
    assert.equal(recording.records.length, index);
  }
});

test("what is no recording is refused with a reason", () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(400), plain.subarray(0, 31), plain.subarray(1)]) {
    assert.throws(() => new RecordingFile(bytes), RecordingError);
  }
});
