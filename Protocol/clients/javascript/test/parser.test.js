import assert from "node:assert/strict";
import {test} from "node:test";
import {EventParser} from "../neuroscope.js";

const STREAM = ': hello\n\nevent: token\nid: e-1\ndata: {"a":\r\ndata: 1}\n\ndata:x\rdata\r\rid: e-2\nretry: 5\n\n'
  + "data:  y: z\n\ndata: half";
const EVENTS = [
  {type: "token", id: "e-1", data: "{\"a\":\n1}"},
  {type: "message", id: "e-1", data: "x\n"},
  {type: "message", id: "e-2", data: " y: z"},
];

test("a stream says the same however it is cut", () => {
  assert.deepEqual(new EventParser().push(STREAM), EVENTS);
  for (let first = 0; first <= STREAM.length; first++) {
    const parser = new EventParser();
    assert.deepEqual([...parser.push(STREAM.slice(0, first)), ...parser.push(STREAM.slice(first))], EVENTS);
  }
  const parser = new EventParser();
  assert.deepEqual([...STREAM].flatMap((letter) => parser.push(letter)), EVENTS);
});

test("an event without an id keeps the one before", () => {
  assert.deepEqual(new EventParser("e-7").push("data: x\n\n"), [{type: "message", id: "e-7", data: "x"}]);
});
