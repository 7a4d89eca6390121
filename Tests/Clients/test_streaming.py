"""A walk along the promises of live streams: how runs begin, what their doors give, what is kept, changed and played again.

What other suites show is not shown again: test_doors.py has the doors' common case, test_schemas.py the members of every
message, Conformance the crowds, the cuts and the kills.
"""

import asyncio
import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import unittest

import numpy as np
import websockets

import frames
from runs import Runs, events, unnumbered
from server import FRANCE, Address, shared

SEEDED = {"temperature": 1, "seed": 11, "max_tokens": 12}
RESIDUAL = {"layer_name": "transformer.h.12", "component": "residual", "hook_id": "r"}
TYPES = {"f32": 0, "f16": 1, "bf16": 2, "i8": 3}


class Streaming(Runs, unittest.TestCase):
    def setUp(self):
        self.server = shared()

    # ---- Runs and doors

    def test_a_run_begins_with_messages_a_prompt_or_tokens(self):
        template = self.server.json("POST", "/v1/apply_template", {"messages": FRANCE})
        beginnings = [{"messages": FRANCE}, {"prompt": template["prompt"]}, {"tokens": template["tokens"]}]
        found = []
        for beginning in beginnings:
            # `hooks` is short for `activation_hooks`.
            run = self.finished(**beginning, **SEEDED, hooks=[RESIDUAL])
            found.append((self.server.json("GET", f"/v1/runs/{run}")["text"], self.bytes(run)))
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], found[2])
        self.assertGreater(len(found[0][1]), 1000)

    def test_all_doors_say_the_same_with_equal_seeds(self):
        body = {"messages": FRANCE, **SEEDED}
        hooked = {**body, "activation_hooks": [RESIDUAL]}
        run = self.finished(**hooked)
        text, tensors = self.server.json("GET", f"/v1/runs/{run}")["text"], self.bytes(run)
        chat = "/v1/chat/completions"
        plain = self.server.json("POST", chat, body)["choices"][0]["message"]["content"]
        self.assertEqual(plain, text)
        _, _, lines = self.server.call("POST", chat, {**body, "stream": True})
        chunks = [json.loads(line[6:]) for line in lines.decode().split("\n") if line.startswith("data: {")]
        joined = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
        self.assertEqual(joined, text)
        # The documented endpoint, whole and streamed, in the exact numbers.
        whole = self.server.json("POST", chat + "/with_activations", {**hooked, "encoding": "base64"})
        _, _, lines = self.server.call(
            "POST", chat + "/with_activations", {**hooked, "encoding": "base64", "stream": True},
            {"Accept": "application/x-ndjson"})
        parts = [json.loads(line) for line in lines.decode().splitlines()]
        streamed = [one["data"] for part in parts for one in (part.get("activations") or {}).get("r", [])]
        self.assertEqual(streamed, [one["data"] for one in whole["activations"]["r"]])
        exact = self.finished(**hooked, frames={"dtype": "f32", "codec": "raw"})
        payloads = [base64.b64encode(frame["payload"]).decode() for frame in frames.split(self.bytes(exact))]
        self.assertEqual(payloads, streamed)
        self.assertEqual(self.bytes(self.finished(**hooked)), tensors)

    def test_the_runs_of_chat_clients_can_be_watched(self):
        calls = [
            ("/v1/chat/completions", {"messages": FRANCE}, lambda answer: answer["choices"][0]["message"]["content"]),
            ("/v1/completions", {"prompt": "The capital of France"}, lambda answer: answer["choices"][0]["text"])]
        for path, body, read in calls:
            status, fields, data = self.server.call("POST", path, {**body, **SEEDED})
            self.assertEqual(status, 200)
            told = events(self.stream(fields["X-NeuroScope-Run"]))
            self.assertEqual(told[0][0], "run.started")
            text = "".join(event["text"] for name, _, event in told if name in ("token", "text"))
            self.assertEqual(text, read(json.loads(data)))
            self.assertIn(fields["X-NeuroScope-Run"],
                          [run["run_id"] for run in self.server.json("GET", "/v1/runs")["runs"]])

    def test_frames_are_asked_for_by_hook_and_number(self):
        query = {"layer_name": "transformer.h.3", "component": "query", "hook_id": "q"}
        run = self.finished(prompt="Once upon a time", max_tokens=5, activation_hooks=[RESIDUAL, query])
        sent = [event for name, _, event in events(self.stream(run)) if name == "activation"]
        for hook, first, last in [("r", 0, 10 ** 9), ("q", 0, 10 ** 9), (None, 4, 9), ("q", 4, 9), ("r", 3, 3)]:
            query = f"?from={first}&to={last}" + (f"&hook={hook}" if hook else "")
            expected = b"".join(base64.b64decode(event["frame"]) for event in sent
                                if first <= event["seq"] <= last and hook in (None, event["hook_id"]))
            self.assertEqual(self.bytes(run, query), expected, query)

    def test_a_token_tells_its_alternatives_and_a_run_its_hooks(self):
        run = self.finished(prompt="The capital of France", max_tokens=4, temperature=0, top_logprobs=3,
                            activation_hooks=[RESIDUAL])
        told = events(self.stream(run))
        epochs = {identity.split("-")[0] for _, identity, _ in told}
        self.assertEqual(len(epochs), 1)
        self.assertEqual([int(identity.split("-")[1]) for _, identity, _ in told], list(range(len(told))))
        for event in (event for name, _, event in told if name == "token"):
            self.assertEqual(len(event["top"]), 3)
            self.assertEqual(event["top"][0]["token_id"], event["token_id"])
            self.assertEqual(event["top"][0]["logprob"], event["logprob"])
        hook = told[0][2]["hooks"][0]
        self.assertEqual((hook["index"], hook["hook_id"], hook["dtype"], hook["is_input"]), (0, "r", "bf16", False))
        self.assertEqual(hook["shape"][0], 1)
        self.assertEqual(hook["shape"][-1], 128)

    # ---- Frames and selections

    def test_every_type_and_codec_carries_the_same_numbers(self):
        body = {"prompt": "Once upon a time", **SEEDED, "activation_hooks": [RESIDUAL]}
        exact = frames.split(self.bytes(self.finished(**body, frames={"dtype": "f32", "codec": "raw"})))
        tolerance = {"f32": 0, "f16": 2 ** -11, "bf16": 2 ** -8}
        for dtype in TYPES:
            by_codec = [frames.split(self.bytes(self.finished(**body, frames={"dtype": dtype, "codec": codec})))
                        for codec in ("raw", "deflate", "planes")]
            for first, second, third, one in zip(*by_codec, exact):
                self.assertEqual(first["dtype"], TYPES[dtype])
                np.testing.assert_array_equal(second["values"], first["values"])
                np.testing.assert_array_equal(third["values"], first["values"])
                if dtype == "i8":
                    blocks = np.abs(one["values"]).reshape(-1, 32).max(axis=1)
                    error = np.abs(first["values"] - one["values"]).reshape(-1, 32)
                    self.assertTrue((error <= blocks[:, None] / 127 * 0.51).all())
                else:
                    np.testing.assert_allclose(first["values"], one["values"], rtol=tolerance[dtype], atol=1e-7)

    def test_a_selection_is_the_same_of_the_whole(self):
        """Each reduction, selection of rows, columns, heads and passes against numpy on the full tensor."""
        def norm(rows):
            return np.sqrt((rows.astype(np.float64) ** 2).sum(-1))

        def stats(rows):
            wide = rows.astype(np.float64)
            return np.stack([wide.min(-1), wide.max(-1), wide.mean(-1), wide.std(-1)], -1)

        def histogram(rows):
            flat = rows.reshape(-1, rows.shape[-1])
            return np.stack([np.concatenate([[row.min(), row.max()],
                                             np.histogram(row, 32, (row.min(), row.max()))[0]]) for row in flat])

        def topk(rows):
            order = np.argsort(-np.abs(rows), axis=-1, kind="stable")[..., :4]
            return np.stack([np.take_along_axis(rows, order, -1), order.astype(np.float32)], -2)

        directions = np.random.default_rng(5).normal(size=(3, 128)).astype(np.float32)
        cases = [
            (dict(reduce={"project": directions.tolist()}), lambda rows: rows @ directions.astype(np.float64).T),
            (dict(reduce="norm"), norm), (dict(reduce="mean_abs"), lambda rows: np.abs(rows).mean(-1)),
            (dict(reduce="stats"), stats), (dict(reduce="histogram"), histogram), (dict(reduce="topk:4"), topk),
            (dict(neurons=[0, 5, 127]), lambda rows: rows[..., [0, 5, 127]]),
            (dict(positions="last"), lambda rows: rows[..., -1:, :]),
            (dict(positions=[0, 2]), lambda rows: rows[..., [0, 2], :]),
            (dict(positions={"from": 1, "to": 3}), lambda rows: rows[..., 1:3, :]),
            (dict(positions={"every": 2}), lambda rows: rows[..., ::2, :])]
        hooks = [RESIDUAL] + [{**RESIDUAL, "hook_id": f"case{n}", **wish} for n, (wish, _) in enumerate(cases)]
        run = self.finished(prompt="Once upon a time there was", max_tokens=1, activation_hooks=hooks,
                            frames={"dtype": "f32", "codec": "raw"})
        found = {frame["hook"]: frame["values"] for frame in frames.split(self.bytes(run))}
        for number, (wish, computed) in enumerate(cases, 1):
            expected = computed(found[0])
            np.testing.assert_allclose(
                found[number].reshape(expected.shape), expected, rtol=2e-6, atol=1e-6, err_msg=str(wish))

    def test_heads_rows_of_attention_and_passes_are_chosen_before_they_are_sent(self):
        whole = {"layer_name": "transformer.h.3", "component": "attention_pattern", "hook_id": "p"}
        hooks = [whole, {**whole, "hook_id": "heads", "heads": [1, 3]}, {**whole, "hook_id": "top", "reduce": {"topk": 2}},
                 {**RESIDUAL, "hook_id": "third", "every": 3}]
        run = self.finished(prompt="Once upon a time there was", max_tokens=7, ignore_eos=True, activation_hooks=hooks,
                            frames={"dtype": "f32", "codec": "raw"})
        found = {}
        for frame in frames.split(self.bytes(run)):
            found.setdefault(frame["hook"], {})[frame["step"]] = frame["values"]
        self.assertEqual(sorted(found[3]), [0, 3, 6])
        for step, pattern in found[0].items():
            np.testing.assert_array_equal(found[1][step], pattern[:, [1, 3]])
            order = np.argsort(-pattern, axis=-1, kind="stable")[..., :2]
            top = np.stack([np.take_along_axis(pattern, order, -1), order.astype(np.float32)], -2)
            np.testing.assert_array_equal(found[2][step].reshape(top.shape), top)

    # ---- Slow viewers

    def test_a_viewer_that_is_sent_away_comes_back_and_has_missed_nothing(self):
        hooks = [{"layer_name": f"transformer.h.{layer}", "component": component}
                 for layer in range(24) for component in ("residual", "attention", "mlp")]
        run = self.start(prompt="Once", max_tokens=400, ignore_eos=True, activation_hooks=hooks, record=True,
                         frames={"dtype": "f32", "codec": "raw"}, start="paused")

        async def watch():
            """Watches without reading until the run is over; the last number there is then, and how it ends."""
            address, port = self.server.host.split(":")
            line = socket.socket()
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect((address, int(port)))
            async with websockets.connect(
                    f"ws://{self.server.host}/v1/runs/{run}/socket?policy=disconnect", sock=line,
                    subprotocols=["neuroscope.v1"], max_queue=1) as viewer:
                last = json.loads(await viewer.recv())["seq"]
                await asyncio.to_thread(self.server.json, "POST", f"/v1/runs/{run}/resume")
                await asyncio.to_thread(self.server.wait, run, "finished")
                async for message in viewer:
                    if isinstance(message, bytes):
                        continue
                    event = json.loads(message)
                    if event["type"] == "error":
                        return last, event["error"]["code"]
                    self.assertEqual(event["seq"], last + 1, event)
                    last = event["seq"]

        last, ending = asyncio.run(watch())
        self.assertEqual(ending, "viewer_too_slow")
        rest = [event["seq"] for _, _, event in events(self.stream(run, f"?from={last + 1}&tensors=none"))]
        end = self.server.json("GET", f"/v1/runs/{run}")["seq"]
        self.assertEqual(rest, list(range(last + 1, end)))

    # ---- Interventions

    def test_older_names_mean_the_same_and_noise_is_its_seed(self):
        where = {"layer_name": "transformer.h.6", "component": "mlp"}
        vector = [0.25] * 128
        pairs = [
            ({"kind": "zero_ablation"}, {"kind": "zero"}),
            ({"kind": "mean_ablation", "vector": vector}, {"kind": "mean", "vector": vector}),
            ({"kind": "scaled_intervention", "strength": 0.5}, {"kind": "scale", "strength": 0.5}),
            ({"kind": "noise_injection", "std": 0.5, "seed": 3}, {"kind": "noise", "std": 0.5, "seed": 3}),
            ({"kind": "add", "vector": vector, "strength": 2}, {"kind": "add", "vector": [0.5] * 128}),
            ({"kind": "clamp", "low": -0.1, "high": 0.1}, {"kind": "clamp", "high": 0.1, "low": -0.1})]
        body = {"prompt": "Once upon a time", **SEEDED, "activation_hooks": [RESIDUAL]}
        found = {self.bytes(self.finished(**body))}
        for older, newer in pairs:
            one, other = (self.bytes(self.finished(**body, interventions=[{**where, **kind}])) for kind in (older, newer))
            self.assertEqual(unnumbered(one), unnumbered(other), older)
            found.add(one)
        other = self.finished(**body, interventions=[{**where, "kind": "noise", "std": 0.5, "seed": 4}])
        found.add(self.bytes(other))
        self.assertEqual(len(found), len(pairs) + 2)

    def test_an_intervention_is_added_replaced_and_removed_while_a_run_goes_on(self):
        """Each change begins where it says: the run is the offline one that knew all of them, byte for byte."""
        where = {"layer_name": "transformer.h.6", "component": "mlp"}
        body = {"prompt": "Once upon a time", "temperature": 1, "seed": 3, "max_tokens": 16, "ignore_eos": True,
                "activation_hooks": [RESIDUAL]}
        run = self.start(**body, start="paused", record=True)
        changes = f"/v1/runs/{run}/interventions"
        self.stepped(run, 3)
        added = self.server.json("POST", changes, {**where, "kind": "zero", "intervention_id": "z"})
        self.stepped(run, 3)
        # The first one ends at once; the other begins later.
        replaced = self.server.json(
            "POST", changes, {**where, "kind": "scale", "strength": 3, "intervention_id": "z", "from_step": 9})
        self.stepped(run, 6)
        removed = self.server.json("DELETE", f"{changes}/z")
        self.assertEqual([change["first_step"] for change in (added, replaced, removed)], [3, 9, 12])
        self.server.json("POST", f"/v1/runs/{run}/resume")
        recording = self.server.wait(run, "finished")["recording_id"]
        offline = self.finished(**body, interventions=[
            {**where, "kind": "zero", "from_step": 3, "to_step": 5, "intervention_id": "a"},
            {**where, "kind": "scale", "strength": 3, "from_step": 9, "to_step": 11, "intervention_id": "b"}])
        self.assertEqual(unnumbered(self.bytes(run)), unnumbered(self.bytes(offline)))
        self.assertEqual(len(unnumbered(self.bytes(run))), 16)
        applied = [event["first_step"] for name, _, event in events(self.stream(run)) if name == "intervention.applied"]
        self.assertEqual(applied, [3, 9])
        self.assertEqual(self.server.json("POST", f"/v1/recordings/{recording}/verify")["ok"], True)

    # ---- Recordings

    def test_a_file_is_played_step_by_step_without_a_model(self):
        run = self.finished(prompt="Once upon a time", **SEEDED, record=True, activation_hooks=[RESIDUAL])
        live = self.stream(run)
        recording = self.server.json("GET", f"/v1/runs/{run}")["recording_id"]
        path = os.path.join(self.server.recordings, recording + ".nsrec")
        command = [os.environ["NEUROSCOPE_BINARY"], "replay", path, "--paused", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, contextlib.ExitStack() as ending:
            ending.callback(process.terminate)
            url = next(found[1] for line in process.stdout if (found := re.search(r"page\s+(http://[^/]+)", line)))
            player = Address(url)
            states = [player.json("POST", f"/v1/runs/{run}/step") for _ in range(3)]
            self.assertEqual([state["completion_tokens"] for state in states], [1, 2, 3])
            self.assertEqual({state["status"] for state in states}, {"paused"})
            self.assertEqual(player.call("POST", f"/v1/runs/{run}/rewind", {"to_step": 0})[0], 409)
            player.json("POST", f"/v1/runs/{run}/resume")
            player.wait(run, "finished")
            played = player.call("GET", f"/v1/runs/{run}/events")[2].decode()
        # A server of its own has an epoch of its own; nothing else differs.
        self.assertEqual(re.sub("^id: .*-", "id: ", played, flags=re.M), re.sub("^id: .*-", "id: ", live, flags=re.M))


if __name__ == "__main__":
    unittest.main()
