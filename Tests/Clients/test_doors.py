"""The three doors of a run, with Python's websockets."""

import asyncio
import base64
import json
import unittest

import numpy as np
import websockets

import frames
from runs import events
from server import FRANCE, residuals, shared

BODY = {"messages": FRANCE, "temperature": 0, "max_tokens": 20, "activation_hooks": residuals([0, 5, 23])}


class Doors(unittest.TestCase):
    def setUp(self):
        self.server = shared()

    def socket(self, path="/v1/socket"):
        return websockets.connect(
            f"ws://{self.server.host}{path}", subprotocols=["neuroscope.v1"], max_size=None)

    async def started(self, **more):
        """Text, events and frames of a run that a socket starts and watches."""
        async with self.socket() as socket:
            await socket.send(json.dumps({"id": 1, "command": "start", **BODY, **more}))
            text, binary, seen = "", [], []
            async for message in socket:
                if isinstance(message, bytes):
                    binary.append(message)
                    continue
                event = json.loads(message)
                seen.append(event)
                text += event.get("text", "") if event["type"] == "token" else ""
                if event["type"] == "run.finished":
                    return text, seen, binary

    def test_rest_events_and_socket_say_the_same(self):
        run = self.server.json("POST", "/v1/runs", {**BODY, "detach": True})["run_id"]
        _, _, stream = self.server.call("GET", f"/v1/runs/{run}/events")
        sent = [(name, event) for name, _, event in events(stream.decode())]
        by_events = [base64.b64decode(data["frame"]) for name, data in sent if name == "activation"]
        text, seen, by_socket = asyncio.run(self.started())
        _, _, by_rest = self.server.call("GET", f"/v1/runs/{run}/frames")
        self.assertEqual(by_events, by_socket)
        self.assertEqual(b"".join(by_events), by_rest)
        self.assertEqual(text, self.server.json("GET", f"/v1/runs/{run}")["text"])
        self.assertIn("Paris", text)
        tokens = sum(name == "token" for name, _ in sent)
        self.assertEqual(len(by_rest and frames.split(by_rest)), 3 * tokens)
        numbers = [event["seq"] for event in seen if event["type"] != "reply"]
        self.assertEqual(numbers, list(range(len(numbers))))

    def test_frames_hold_what_the_chat_endpoint_answers(self):
        answer = self.server.json("POST", "/v1/chat/completions/with_activations", BODY)
        _, _, binary = asyncio.run(self.started(frames={"dtype": "f32", "codec": "planes"}))
        expected = answer["activations"]
        for frame in map(lambda data: frames.read(data)[0], binary):
            hook = ("layer_0", "layer_5", "layer_23")[frame["hook"]]
            np.testing.assert_array_equal(
                frame["values"], np.array(expected[hook][frame["step"]]["data"], np.float32))

    def test_halves_are_the_rounded_singles(self):
        answer = self.server.json("POST", "/v1/chat/completions/with_activations", BODY)
        _, _, binary = asyncio.run(self.started())
        for frame in map(lambda data: frames.read(data)[0], binary):
            hook = ("layer_0", "layer_5", "layer_23")[frame["hook"]]
            exact = np.array(answer["activations"][hook][frame["step"]]["data"], np.float32)
            np.testing.assert_allclose(frame["values"], exact, rtol=2 ** -8, atol=1e-30)

    def test_a_viewer_that_joins_late_or_comes_back_misses_nothing(self):
        run = self.server.json("POST", "/v1/runs", {**BODY, "detach": True})["run_id"]
        self.server.wait(run, "finished")
        _, _, whole = self.server.call("GET", f"/v1/runs/{run}/events")
        pieces = [block for block in whole.decode().split("\n\n") if "data: " in block]
        middle = len(pieces) // 2
        last = pieces[middle].split("id: ")[1].split("\n")[0]
        _, _, rest = self.server.call("GET", f"/v1/runs/{run}/events", headers={"Last-Event-ID": last})
        self.assertEqual([block for block in rest.decode().split("\n\n") if "data: " in block], pieces[middle + 1:])
        final = pieces[-1].split("id: ")[1].split("\n")[0]
        status, _, _ = self.server.call("GET", f"/v1/runs/{run}/events", headers={"Last-Event-ID": final})
        self.assertEqual(status, 204)

    def test_an_intervention_begins_where_it_says(self):
        paused = {**BODY, "detach": True, "start": "paused", "ignore_eos": True, "max_tokens": 12}
        run = self.server.json("POST", "/v1/runs", paused)["run_id"]
        self.server.json("POST", f"/v1/runs/{run}/step", {"count": 4})
        while self.server.json("GET", f"/v1/runs/{run}")["completion_tokens"] < 4:
            pass
        applied = self.server.json("POST", f"/v1/runs/{run}/interventions", {
            "layer_name": "transformer.h.10", "component": "mlp", "kind": "zero_ablation"})
        self.server.json("POST", f"/v1/runs/{run}/resume")
        self.server.wait(run, "finished")
        live = frames.split(self.server.call("GET", f"/v1/runs/{run}/frames")[2])
        same = self.server.json("POST", "/v1/runs", {
            **paused, "start": "running", "interventions": [{
                "layer_name": "transformer.h.10", "component": "mlp", "kind": "zero",
                "from_step": applied["first_step"]}]})["run_id"]
        self.server.wait(same, "finished")
        offline = frames.split(self.server.call("GET", f"/v1/runs/{same}/frames")[2])
        self.assertEqual(len(live), len(offline))
        for one, other in zip(live, offline):
            np.testing.assert_array_equal(one["values"], other["values"])

    def test_a_recording_replays_byte_for_byte(self):
        run = self.server.json("POST", "/v1/runs", {**BODY, "detach": True, "record": True})["run_id"]
        recording = self.server.wait(run, "finished")["recording_id"]
        live = self.server.call("GET", f"/v1/runs/{run}/frames")[2]
        replay = self.server.json("POST", f"/v1/recordings/{recording}/replay", {"speed": 0})["run_id"]
        self.server.wait(replay, "finished")
        self.assertEqual(self.server.call("GET", f"/v1/runs/{replay}/frames")[2], live)
        self.assertTrue(self.server.json("POST", f"/v1/recordings/{recording}/verify")["ok"])

    def test_scenarios_run(self):
        listed = self.server.json("GET", "/v1/scenarios")
        self.assertGreaterEqual(len(listed["scenarios"]), 15)
        started = self.server.json("POST", "/v1/scenarios/basic_check/run", {"temperature": 0, "detach": True})
        text = self.server.wait(started["run_id"], "finished")["text"]
        self.assertTrue("7" in text or "seven" in text, text)


if __name__ == "__main__":
    unittest.main()
