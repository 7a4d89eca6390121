"""Every answer, event, command and line that the server sends is described, member for member."""

import asyncio
import json
import os
import re
import resource
import shutil
import tempfile
import time
import unittest

import jsonschema_rs
import websockets

from schemas import PROTOCOL, Interface, Messages
from server import FRANCE, Server, residuals, shared

HOOK = {"layer_name": "transformer.h.5", "component": "residual", "hook_id": "r"}
ZERO = {"layer_name": "transformer.h.12", "component": "attention", "kind": "zero"}
RUN = {"prompt": "The capital of France is", "max_tokens": 6, "temperature": 0, "ignore_eos": True, "detach": True}

NAME = {"type": "string", "pattern": "^[A-Za-z0-9_.-]+$"}
# What circuit-tracer and Neuronpedia ask of a graph, written from their readers and not from ours.
VIEWERS = jsonschema_rs.validator_for({
    "type": "object", "required": ["metadata", "qParams", "nodes", "links"],
    "properties": {
        "metadata": {
            "type": "object", "required": ["slug", "scan", "prompt", "prompt_tokens", "transcoder_list", "node_threshold", "schema_version"],
            "properties": {"slug": NAME, "scan": NAME, "prompt": {"type": "string"}, "schema_version": {"const": 1},
                           "prompt_tokens": {"type": "array", "items": {"type": "string"}}, "transcoder_list": {"type": "array"},
                           "node_threshold": {"type": "number"}}},
        "qParams": {
            "type": "object", "required": ["pinnedIds", "supernodes", "linkType", "clickedId", "sg_pos"],
            "properties": {"pinnedIds": {"type": "array"}, "supernodes": {"type": "array"}, "linkType": {"const": "both"}}},
        "nodes": {"type": "array", "items": {
            "type": "object", "required": ["node_id", "feature", "layer", "ctx_idx", "feature_type", "jsNodeId", "clerp"],
            "properties": {
                "node_id": {"type": "string"}, "feature": {"type": ["integer", "null"]}, "layer": {"type": ["string", "integer"]},
                "ctx_idx": {"type": "integer"}, "feature_type": {"type": "string"}, "jsNodeId": {"type": "string"},
                "clerp": {"type": "string"}, "influence": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
                "activation": {"type": ["number", "null"]}, "token_prob": {"type": "number"}}}},
        "links": {"type": "array", "items": {
            "type": "object", "required": ["source", "target", "weight"],
            "properties": {"source": {"type": "string"}, "target": {"type": "string"}, "weight": {"type": "number"}}}}}})


class Checked(unittest.TestCase):
    """Asks a server and holds every answer to the description."""

    def setUp(self):
        self.use(shared())
        self.messages = Messages()

    def use(self, server):
        self.server = server
        self.interface = Interface(server.json("GET", "/v1/openapi.json"))
        self.seen = set()

    def ask(self, method, path, body=None, headers=None, expect=None):
        """An answer's bytes, which are as described."""
        status, fields, data = self.server.call(method, path, body, headers)
        kind = next((value for name, value in fields.items() if name.lower() == "content-type"), None)
        self.assertEqual(self.interface.problems(method, path, status, kind, data), [], f"{method} {path}")
        if expect:
            self.assertEqual(status, expect, data[:300])
        self.seen.add((self.interface.operation(method, path)["operationId"], str(status)))
        return data

    def json(self, method, path, body=None, expect=None):
        return json.loads(self.ask(method, path, body, expect=expect))

    def valid(self, name, message):
        self.assertEqual(self.messages.problems(name, message), [], json.dumps(message)[:400])

    def events(self, run, query="tensors=json"):
        """The types of a run's events, each of which is valid."""
        found = []
        text = self.ask("GET", f"/v1/runs/{run}/events?{query}").decode()
        for name, data in re.findall(r"^event: (.*)\n(?:id: .*\n)?data: (.*)$", text, re.M):
            event = json.loads(data)
            self.valid("event", event)
            self.assertEqual(event["type"], name)
            found.append(name)
        return found

    def paused(self, steps=3, **more):
        """A run that stands still behind so many tokens."""
        run = self.json("POST", "/v1/runs", {**RUN, "start": "paused", **more}, expect=201)["run_id"]
        self.json("POST", f"/v1/runs/{run}/step", {"count": steps}, expect=200)
        while True:
            facts = self.json("GET", f"/v1/runs/{run}")
            if facts["completion_tokens"] == steps and facts["status"] == "paused":
                return run

    def finished(self, **more):
        run = self.json("POST", "/v1/runs", {**RUN, **more}, expect=201)["run_id"]
        self.server.wait(run, "finished")
        return run


class Routes(Checked):
    def test_every_route_answers_as_described(self):
        self.models()
        self.completions()
        self.analyses()
        self.controls()
        self.recordings()
        self.harvests()
        self.keys()
        for path in ("/", "/login", "/livez", "/readyz", "/metrics", "/reference", "/dashboard/app.js", "/dashboard/style.css", "/v1/openapi.json", "/health",
                     "/v1/capabilities", "/v1/analyses", "/v1/scenarios"):
            self.ask("GET", path, expect=200)
        started = self.json("POST", "/v1/scenarios/basic_check/run", {"detach": True, "max_tokens": 2}, expect=201)
        self.server.wait(started["run_id"], "finished")
        self.refusals()
        described = {(operation["operationId"], status) for _, _, _, operation in self.interface.operations
                     for status in operation["responses"] if status.startswith("2")}
        self.assertEqual(described - self.seen, set())

    def keys(self):
        """What only a server with keys answers."""
        server, seen = Server("--api-key", "secret"), self.seen
        self.addCleanup(server.stop)
        self.use(shared())
        self.server, self.seen = server, seen
        bearer = {"Authorization": "Bearer secret"}
        self.ask("GET", "/v1/models", expect=401)
        self.ask("GET", "/v1/models", headers=bearer, expect=200)
        self.ask("POST", "/v1/login", {"key": "wrong"}, expect=401)
        self.ask("POST", "/v1/login", {"key": "secret"}, expect=200)
        self.ask("POST", "/v1/logout", expect=200)
        self.ask("POST", "/v1/tickets", headers=bearer, expect=200)
        self.ask("POST", "/v1/keys/reload", headers=bearer, expect=200)
        self.server = shared()

    def models(self):
        model = self.json("GET", "/v1/models")["data"][0]["id"]
        path = self.json("GET", "/v1/models/available")["models"][0]["path"]
        self.json("POST", "/v1/models/load", {"model_path": path, "model_id": "other", "kv_bits": None}, expect=200)
        self.json("POST", "/v1/models/unload", {"model_id": "other"}, expect=200)
        for detail in ("", "/hook_points"):
            self.json("GET", f"/v1/models/{model}{detail}", expect=200)
        self.json("POST", "/v1/activations/hooks", {"hooks": [HOOK, {**HOOK, "hook_id": "own", "note": [1]}]})
        self.assertEqual(len(self.json("GET", "/v1/activations/hooks")["hooks"]), 2)
        self.json("DELETE", "/v1/activations/hooks", expect=200)
        tokens = self.json("POST", "/v1/tokenize", {"text": "Paris"}, expect=200)["tokens"]
        self.json("POST", "/v1/detokenize", {"tokens": tokens}, expect=200)
        self.json("POST", "/v1/apply_template", {"messages": FRANCE}, expect=200)

    def completions(self):
        chat = {"messages": FRANCE, "max_tokens": 4, "n": 2, "logprobs": True, "top_logprobs": 2}
        self.json("POST", "/v1/chat/completions", chat, expect=200)
        self.json("POST", "/v1/completions", {"prompt": "Once", "max_tokens": 3, "logprobs": 2}, expect=200)
        self.json("POST", "/v1/completions", {
            "prompt": ["Once", [5, 6]], "max_tokens": 0, "echo": True, "logprobs": 2, "flavour": 1}, expect=200)
        self.json("POST", "/v1/completions", {"prompt": "Once", "max_tokens": 2, "activation_hooks": [HOOK]}, expect=200)
        for encoding in ("float", "base64"):
            self.json("POST", "/v1/embeddings", {"input": ["Once", [5, 6]], "encoding_format": encoding}, expect=200)
        self.json("POST", "/v1/responses", {"input": "Once", "max_output_tokens": 2}, expect=200)
        self.json("POST", "/v1/score", {"prompt": "Once", "texts": [" upon", [5]], "top_logprobs": 2}, expect=200)
        for encoding in ("nested", "list", "base64", "none"):
            self.json("POST", "/v1/chat/completions/with_activations", {
                "messages": FRANCE, "max_tokens": 2, "encoding": encoding, "activation_hooks": [
                    {**HOOK, "capture_input": True}, {**HOOK, "hook_id": "some", "positions": [0, 3]},
                    {**HOOK, "component": "attention_pattern", "hook_id": "pattern"}]}, expect=200)

    def analyses(self):
        sweep = {"analysis": "activation_patching", "component": "resid_post", "layers": [0, 12], "answer": " Mary",
                 "wrong": " John", "clean": "When Mary and John went to the store, John gave a drink to",
                 "corrupted": "When Mary and John went to the store, Mary gave a drink to"}
        result = self.json("POST", "/v1/analyses", sweep, expect=200)
        self.json("POST", "/v1/analyses", {**sweep, "by": "position", "layers": [3]}, expect=200)
        self.json("POST", "/v1/analyses", {**sweep, "answer": "no one token"}, expect=400)
        text = self.ask("POST", "/v1/analyses", {**sweep, "stream": True}, expect=200).decode()
        events = [json.loads(data) for data in re.findall("^data: (.*)$", text, re.M)]
        for event in events:
            self.valid("event", event)
        self.assertEqual({name: events[-2][name] for name in result}, result)
        self.assertEqual(events[-1]["type"], "run.finished")
        self.jobs(sweep, result)
        given = {"prompt": sweep["clean"]}
        self.json("POST", "/v1/analyze/attention", {**given, "layers": [17]}, expect=200)
        self.json("POST", "/v1/analyze/attention", {**given, "scope": "cross_layer"}, expect=400)
        edits = [{"layer_name": "model.layers.7", "type": "activation_patching"}, {"layer_name": "model.layers.3", "strength": 0.5}]
        self.json("POST", "/v1/activations/patch", {**given, "baseline_prompt": sweep["corrupted"], "interventions": edits}, expect=200)
        self.json("POST", "/v1/circuits/discover", {**given, "target_layers": ["model.layers.16"], "max_tokens": 50}, expect=200)
        self.graphs()

    def jobs(self, sweep, result):
        """Paths, analyses that are runs of their own, and what a job finds of heads."""
        ends = {"senders": [{"component": "z", "layer": 20, "head": 1}, [{"component": "embed"}, {"component": "mlp_out", "layer": 0}]],
                "receivers": [{"component": "q", "layer": 9}, {"component": "logits"}]}
        paths = {**{name: sweep[name] for name in ("clean", "corrupted", "answer", "wrong")}, "analysis": "path_patching", **ends}
        self.assertIsNone(self.json("POST", "/v1/analyses", paths, expect=200)["effect"][0][0])
        self.json("POST", "/v1/analyses", {**paths, "receivers": []}, expect=400)
        graph = {"analysis": "attribution_graph", "prompt": "The capital of France is"}
        weights = {"analysis": "weight_circuits", "layers": [3, 4], "directions": 1, "vectors": True, "edges": 2}
        self.json("POST", "/v1/analyses", weights, expect=200)
        self.json("POST", "/v1/analyses", {**weights, "top": 0}, expect=400)
        for asked in (sweep, paths, weights, graph):
            run = self.json("POST", "/v1/analyses", {**asked, "detach": True}, expect=201)["run_id"]
            found = self.events(run)
            self.assertEqual([found[0], *found[-2:]], ["job.started", "analysis.result", "run.finished"])
            self.assertEqual(self.json("GET", f"/v1/runs/{run}", expect=200)["status"], "finished")
        self.assertIn("analysis.rows", found)
        run = self.json("POST", "/v1/analyses", {**sweep, "layers": None, "detach": True}, expect=201)["run_id"]
        self.json("POST", f"/v1/runs/{run}/pause", expect=200)
        self.json("POST", f"/v1/runs/{run}/rewind", {"to_step": 0}, expect=409)
        self.json("GET", "/v1/runs", expect=200)
        self.json("DELETE", f"/v1/runs/{run}", expect=200)
        self.assertEqual(self.events(run)[-1], "run.finished")
        path = self.json("GET", "/v1/models/available")["models"][0]["path"]
        with tempfile.TemporaryDirectory(dir=self.server.recordings) as folder:
            # A copy that differs in a bit, so that nobody has asked for its heads before.
            copy = shutil.copytree(path, os.path.join(folder, "copy"))
            with open(os.path.join(copy, "model.safetensors"), "r+b") as file:
                file.seek(-2, os.SEEK_END)
                last = file.read(1)[0]
                file.seek(-2, os.SEEK_END)
                file.write(bytes([last ^ 1]))
            self.json("POST", "/v1/models/load", {"model_path": copy, "model_id": "copy"}, expect=200)
            self.assertEqual(self.json("GET", "/v1/models/copy/heads", expect=202)["status"], "running")
            while self.json("GET", "/v1/models/copy/heads")["status"] == "running":
                time.sleep(0.1)
            self.json("GET", "/v1/models/copy/heads", expect=200)
            self.json("POST", "/v1/models/unload", {"model_id": "copy"}, expect=200)

    def graphs(self):
        """Attribution graphs, also by what the viewers of others make of them."""
        asked = {"analysis": "attribution_graph", "prompt": "When Mary and John went to the store, John gave a drink to"}
        text = self.ask("POST", "/v1/analyses", {**asked, "stream": True}, expect=200).decode()
        events = [json.loads(data) for data in re.findall("^data: (.*)$", text, re.M)]
        for event in events:
            self.valid("event", event)
        self.assertEqual({event["type"] for event in events}, {"job.started", "analysis.progress", "analysis.rows", "analysis.result", "run.finished"})
        self.json("POST", "/v1/analyses", {**asked, "wrong": " John"}, expect=400)
        run = self.finished(analyses=[])
        made = [events[-2]]
        for more in ({}, {"answer": " Mary", "wrong": " John"}, {"node_threshold": 0.5, "edge_threshold": 0.5, "max_nodes": 20}):
            made.append(self.json("POST", "/v1/analyses", {**asked, **more}, expect=200))
        made.append(self.json("POST", "/v1/analyses", {"analysis": "attribution_graph", "run_id": run, "step": 2}, expect=200))
        made.append(self.json("POST", "/v1/analyses", {"analysis": "attribution_graph", "tokens": [5], "node_threshold": 1, "edge_threshold": 1}, expect=200))
        for one in made:
            graph = self.json("GET", f"/v1/graphs/{one['slug']}", expect=200)
            self.assertEqual(list(VIEWERS.iter_errors(graph)), [])
            nodes = {node["node_id"]: node for node in graph["nodes"]}
            self.assertEqual(len(nodes), len(graph["nodes"]))
            self.assertTrue(all(link["source"] in nodes and link["target"] in nodes for link in graph["links"]))
            tokens = graph["metadata"]["prompt_tokens"]
            self.assertTrue(all(0 <= node["ctx_idx"] < len(tokens) for node in nodes.values()))
            for node in nodes.values():
                if node["feature_type"] == "logit":
                    # As the viewers cut it.
                    self.assertAlmostEqual(float(node["clerp"].split("(p=")[1].split(")")[0]), node["token_prob"], delta=6e-4)
                    self.assertTrue(node["clerp"].split('"')[1])
        self.assertLessEqual({one["slug"] for one in made}, {one["slug"] for one in self.json("GET", "/v1/graphs", expect=200)["graphs"]})
        for check in ({"replace": "mean"}, {"by": "edges", "replace": "mean"}, {"replace": "corrupted", "corrupted": "When Mary and John went to the store, Mary gave a drink to"}):
            self.json("POST", f"/v1/graphs/{made[2]['slug']}/verify", check, expect=200)
        self.json("POST", f"/v1/graphs/{made[2]['slug']}/verify", {"replace": "corrupted"}, expect=400)
        self.json("POST", f"/v1/graphs/{made[2]['slug']}/share", {"shared": True}, expect=200)
        self.json("GET", f"/v1/graphs/{made[2]['slug']}", expect=200)
        for one in made:
            self.json("DELETE", f"/v1/graphs/{one['slug']}", expect=200)
        self.json("GET", f"/v1/graphs/{made[0]['slug']}", expect=404)

    def controls(self):
        run = self.paused(activation_hooks=[HOOK])
        self.json("POST", f"/v1/runs/{run}/hooks", {"add": [{**HOOK, "hook_id": "more"}], "remove": ["r"]}, expect=200)
        self.json("POST", f"/v1/runs/{run}/watch", {"add": [{"surprise": True, "above": 50}, {"text": "?", "then": "mark"}]}, expect=200)
        self.json("POST", f"/v1/runs/{run}/watch", {"remove": [0]}, expect=200)
        self.json("POST", f"/v1/runs/{run}/watch", {"remove": [0]}, expect=400)
        for number, change in enumerate([
                ZERO, {**ZERO, "kind": "scale", "strength": 0.5, "heads": None}, {**ZERO, "kind": "noise", "std": 0.1},
                {**ZERO, "kind": "clamp", "low": -1, "high": 1}, {**ZERO, "kind": "add", "vector": [0.5] * 128}]):
            self.json("POST", f"/v1/runs/{run}/interventions", {**change, "intervention_id": f"i{number}"}, expect=201)
        self.json("GET", f"/v1/runs/{run}", expect=200)
        self.json("GET", f"/v1/runs/{run}/snapshot", expect=200)
        self.json("POST", f"/v1/runs/{run}/share", {"shared": True}, expect=200)
        self.json("DELETE", f"/v1/runs/{run}/interventions/i0", expect=200)
        self.json("DELETE", f"/v1/runs/{run}/interventions", expect=200)
        self.json("POST", f"/v1/runs/{run}/rewind", {"to_step": 1}, expect=200)
        child = self.json("POST", f"/v1/runs/{run}/fork", {"detach": True, "interventions": [ZERO]}, expect=201)
        self.json("POST", f"/v1/runs/{run}/resume", expect=200)
        self.json("DELETE", f"/v1/runs/{self.paused()}", expect=200)
        self.json("POST", f"/v1/runs/{self.paused()}/pause", expect=200)
        for ended in (run, child["run_id"]):
            self.server.wait(ended, "finished")
            self.ask("GET", f"/v1/runs/{ended}/frames", expect=200)
        self.json("GET", "/v1/runs", expect=200)
        text = self.ask("GET", f"/v1/runs/{run}/events", expect=200).decode()
        last = re.findall("^id: (.*)$", text, re.M)[-1]
        self.ask("GET", f"/v1/runs/{run}/events", headers={"Last-Event-ID": last}, expect=204)

    def recordings(self):
        run = self.finished(record=True, activation_hooks=[HOOK])
        recording = self.json("GET", f"/v1/runs/{run}")["recording_id"]
        for part in ("", "/file", "/export", "/export?format=npz"):
            self.ask("GET", f"/v1/recordings/{recording}{part}", expect=200)
        self.assertTrue(self.json("POST", f"/v1/recordings/{recording}/verify", expect=200)["ok"])
        replay = self.json("POST", f"/v1/recordings/{recording}/replay", {"speed": 0}, expect=201)["run_id"]
        self.server.wait(replay, "finished")
        self.assertEqual(self.events(replay), self.events(run))
        part = self.json(
            "POST", f"/v1/recordings/{recording}/replay", {"start": "paused", "to": 4, "speed": None}, expect=201)["run_id"]
        self.json("POST", f"/v1/runs/{part}/rewind", {"to_step": 0}, expect=409)
        self.json("POST", f"/v1/runs/{part}/step", {"count": 99}, expect=200)
        self.assertEqual(self.json("GET", f"/v1/runs/{part}", expect=200)["finish_reason"], "end_of_recording")
        self.events(part)
        self.json("GET", "/v1/recordings", expect=200)
        self.json("POST", f"/v1/recordings/{recording}/share", expect=200)
        self.json("DELETE", f"/v1/recordings/{recording}", expect=200)

    def harvests(self):
        request = {"texts": ["Once", [5, 6, 7]], "activation_hooks": [
            {"layer_name": "blocks.3.hook_resid_post"}, {**HOOK, "capture_input": True, "positions": [0, 2]}]}
        text = self.ask("POST", "/v1/harvest", {**request, "input_ids": True}, expect=200).decode()
        events = [json.loads(data) for data in re.findall("^data: (.*)$", text, re.M)]
        for event in events:
            self.valid("harvest_event", event)
        self.assertEqual({event["type"] for event in events}, {
            "harvest.started", "prompt", "activation", "harvest.progress", "harvest.finished"})
        self.ask("POST", "/v1/harvest", request, {"Accept": "application/octet-stream"}, expect=200)
        self.json("POST", "/v1/score", {"texts": ["Once"], "activation_hooks": [HOOK]}, expect=200)
        self.json("POST", "/v1/harvest", {**request, "name": "kept"}, expect=202)
        until = time.monotonic() + 30
        while self.json("GET", "/v1/harvests/kept", expect=200)["status"] == "running":
            self.assertLess(time.monotonic(), until)
        listed = self.json("GET", "/v1/harvests", expect=200)["harvests"]
        self.assertEqual([harvest["name"] for harvest in listed].count("kept"), 1)
        self.json("POST", "/v1/harvest", {**request, "name": "kept", "texts": ["Twice"]}, expect=409)
        self.json("POST", "/v1/harvest", {**request, "name": "../kept"}, expect=400)
        self.ask("GET", "/v1/harvests/kept/files/tokens.safetensors", expect=200)
        self.json("GET", "/v1/harvests/kept/files/absent", expect=404)
        self.json("POST", "/v1/harvests/kept/share", {"shared": False}, expect=200)
        self.json("DELETE", "/v1/harvests/kept", expect=200)
        self.json("DELETE", "/v1/harvests/kept", expect=404)

    def refusals(self):
        chat = "/v1/chat/completions/with_activations"
        for path, body, status in [
                (chat, b"", 400), (chat, {"model": "absent"}, 404), ("/v1/models/load", {"model_path": "/nowhere"}, 403),
                (chat, {"messages": FRANCE, "activation_hooks": [{**HOOK, "layer_name": "transformer.h.99"}]}, 400),
                ("/v1/runs/run_absent/pause", b"", 404), ("/v1/scenarios/absent/run", b"", 404)]:
            self.json("POST", path, body, expect=status)
        self.json("GET", "/v1/runs/run_absent/events", expect=404)
        self.json("GET", "/v1/socket", expect=426)


class Streams(Checked):
    def test_chunks_and_lines(self):
        for path, schema, body in [
                ("/v1/chat/completions", "chat_chunk", {"messages": FRANCE, "logprobs": True, "n": 2}),
                ("/v1/chat/completions/with_activations", "chat_chunk", {"messages": FRANCE, "activation_hooks": [HOOK]}),
                ("/v1/completions", "text_completion", {"prompt": "Once", "logprobs": 1})]:
            body = {**body, "stream": True, "max_tokens": 3, "stream_options": {"include_usage": True}}
            text = self.ask("POST", path, body, expect=200).decode()
            chunks = re.findall("^data: (.*)$", text, re.M)
            self.assertEqual(chunks.pop(), "[DONE]")
            lines = self.ask("POST", path, body, {"Accept": "application/x-ndjson"}, expect=200).decode().splitlines()
            self.assertGreater(min(len(chunks), len(lines)), 3)
            for chunk in chunks + lines:
                self.valid(schema, json.loads(chunk))

    def test_events_of_a_response(self):
        body = {"input": "Once", "max_output_tokens": 3, "stream": True}
        text = self.ask("POST", "/v1/responses", body, expect=200).decode()
        events = re.findall("^event: (.*)\ndata: (.*)$", text, re.M)
        self.assertGreater(len(events), 6)
        for name, data in events:
            event = json.loads(data)
            self.valid("response_event", event)
            self.assertEqual(event["type"], name)

    def test_events_of_every_type(self):
        seen = set()
        for query in ("tensors=json", "tensors=base64", "tensors=none"):
            seen |= set(self.events(self.finished(activation_hooks=[
                HOOK, {**HOOK, "hook_id": "some", "positions": [0, 3]}, {**HOOK, "hook_id": "top", "reduce": "topk:3"},
                {**HOOK, "hook_id": "statistics", "reduce": "stats", "every": 2}], top_logprobs=3), query))
        run = self.paused(activation_hooks=[HOOK], interventions=[ZERO])
        self.json("POST", f"/v1/runs/{run}/hooks", {"remove": "r"})
        self.json("POST", f"/v1/runs/{run}/watch", {"add": [{"text": "?", "then": "mark"}]})
        self.json("POST", f"/v1/runs/{run}/interventions", {**ZERO, "intervention_id": "i"})
        self.json("POST", f"/v1/runs/{run}/rewind", {"to_step": 0})
        self.json("DELETE", f"/v1/runs/{run}/interventions")
        self.json("POST", f"/v1/runs/{run}/fork", {"detach": True})
        self.json("POST", f"/v1/runs/{run}/resume")
        self.server.wait(run, "finished")
        seen |= set(self.events(run))
        # A stop string that never comes whole holds its beginning back until the end.
        said = self.json("GET", f"/v1/runs/{self.finished()}")["text"]
        seen |= set(self.events(self.finished(stop=[said[-2:] + " never"])))
        seen |= set(self.events(self.finished(analyses=[
            {"name": name} for name in self.json("GET", "/v1/capabilities")["analyses"]])))
        watched = self.finished(watch=[
            {"hook": {**HOOK, "reduce": {"project": [[1] * 128]}}, "above": -1e30, "then": "snapshot"},
            {"hook": HOOK, "changes_by": 1e-9, "then": "mark"}, {"surprise": True, "above": -1, "then": "mark"}])
        seen |= set(self.events(watched))
        job = self.json("POST", "/v1/analyses", {"analysis": "attribution_graph", "prompt": "The capital", "detach": True}, expect=201)
        seen |= set(self.events(job["run_id"]))
        seen |= self.failure() | self.gap() | self.stopped_recording() | self.expired()
        types = {name for name in self.messages.schemas["event"]["$defs"] if name not in ("envelope", "viewer.error")}
        self.assertEqual(seen, types)

    def failure(self):
        run = self.json("POST", "/v1/runs", {**RUN, "interventions": [
            {"layer_name": "transformer.h.3", "component": "residual", "kind": "add", "vector": [3e38] * 128,
             "strength": 1000}]})["run_id"]
        self.assertEqual(self.server.wait(run, "failed")["error"]["code"], "not_finite")
        return set(self.events(run))

    def gap(self):
        """What a late viewer of a server with little memory is told."""
        server = Server("--memory-budget", "256K")
        self.use(server)
        run = self.finished(
            max_tokens=200, frames={"dtype": "f32", "codec": "raw"},
            activation_hooks=residuals(range(24)) + [{"layer_name": "lm_head", "component": "logits"}])
        found = set(self.events(run))
        server.stop()
        self.use(shared())
        self.assertIn("gap", found)
        return found

    def expired(self):
        """What is told of a paused run that nobody comes back to, before it ends."""
        server = Server("--idle-seconds", "1")
        self.use(server)
        run = self.paused()
        self.server.wait(run, "cancelled")
        found = set(self.events(run))
        server.stop()
        self.use(shared())
        self.assertIn("run.expiring", found)
        return found

    def stopped_recording(self):
        """What viewers are told where a file can't grow."""
        server = Server(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16)),
                        restore_signals=False)
        self.use(server)
        found = set(self.events(self.finished(record=True, max_tokens=40, activation_hooks=residuals(range(24)))))
        server.stop()
        self.use(shared())
        self.assertIn("recording.stopped", found)
        return found


class Socket(Checked):
    def test_commands_replies_and_events(self):
        asyncio.run(self.talk())

    async def talk(self):
        async with websockets.connect(
                f"ws://{self.server.host}/v1/socket", subprotocols=["neuroscope.v1"], max_size=None) as socket:
            number = 0

            async def command(name, expect=True, **more):
                nonlocal number
                number += 1
                text = {"id": number, "command": name, **more}
                if expect:
                    self.valid("command", text)
                await socket.send(json.dumps(text))
                async for message in socket:
                    if isinstance(message, str):
                        said = json.loads(message)
                        if said["type"] != "reply":
                            self.valid("event", said)
                            continue
                        self.valid("reply", said)
                        self.assertEqual((said["id"], said["ok"]), (number, expect), said)
                        return said

            await command("ping")
            start = {**RUN, "start": "paused", "activation_hooks": [HOOK], "tensors": "json"}
            run = (await command("start", **start))["run_id"]
            await command("step", run_id=run, count=2)
            await command("hooks", run_id=run, add=[{**HOOK, "hook_id": "more"}])
            await command("intervene", run_id=run, intervention_id="i", **ZERO)
            await command("remove_intervention", run_id=run, intervention_id="i")
            while self.server.json("GET", f"/v1/runs/{run}")["completion_tokens"] < 2:
                pass
            await command("rewind", run_id=run, to_step=0)
            child = (await command("fork", run_id=run, subscribe=False, start="paused"))["run_id"]
            await command("subscribe", run_id=child, policy="lossless")
            await command("unsubscribe", run_id=child)
            await command("resume", run_id=run)
            await command("cancel", run_id=run)
            await command("pause", expect=False, run_id=run)
            await command("nonsense", expect=False)
            await command("step", expect=False, run_id=child, count="many")
            await command("pause", run_id=child)
            known = {name for branch in self.messages.schemas["command"]["oneOf"]
                     for name in [branch["properties"]["command"].get("const")]
                     + branch["properties"]["command"].get("enum", [])} - {None}
            refused = await command("nonsense", expect=False)
            told = set(refused["error"].split("known: ")[1].split(", "))
            self.assertLessEqual(known, told)
            # Commands whose messages have no form of their own are operations of a run.
            operations = {path.removeprefix("/v1/runs/{id}/") for path in self.interface.document["paths"]}
            self.assertLessEqual(told - known, operations)


class Written(Checked):
    def test_schemas_are_valid_and_every_one_is_used(self):
        for name, schema in self.messages.schemas.items():
            self.assertTrue(jsonschema_rs.meta.is_valid(schema), name)
            self.assertEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", name)
        written = [*PROTOCOL.glob("operations/*.json"), PROTOCOL / "interface.json", PROTOCOL / "asyncapi.json"]
        named = set(re.findall(r'(\w+)\.json[#"]', "".join(file.read_text() for file in written)))
        named -= {"asyncapi", "openapi"}
        for schema in self.messages.schemas.values():
            named |= set(re.findall(r'"(\w+)\.json', json.dumps(schema)))
        self.assertEqual(named, set(self.messages.schemas))

    def test_events_are_listed_as_the_schema_has_them(self):
        rows = re.findall(r"^\| (`[a-z.]+`(?:, `[a-z.]+`)*) \|", (PROTOCOL / "events.md").read_text(), re.M)
        listed = {name.strip("` ") for row in rows for name in row.split(",")}
        known = {schema["properties"]["type"]["const"] for schema in self.messages.schemas["event"]["$defs"].values()
                 if "const" in schema["properties"]["type"]}
        self.assertLessEqual(known, listed)

    def test_the_schemas_can_fail(self):
        """Damaged copies of good messages are found: a member missing, of another type, or unknown."""
        good = json.loads(self.server.call("GET", f"/v1/runs/{self.finished(activation_hooks=[HOOK])}")[2])
        self.valid("run", good)
        for name in good:
            # Only some of the members are always there.
            if name in self.messages.schemas["run"]["required"]:
                self.assertTrue(self.messages.problems("run", {k: v for k, v in good.items() if k != name}), name)
            self.assertTrue(self.messages.problems("run", {**good, name: {"of": "another type"}}), name)
        self.assertTrue(self.messages.problems("run", {**good, "unknown": 1}))
        self.assertTrue(self.messages.problems("run", {**good, "hooks": [{**good["hooks"][0], "unknown": 1}]}))


if __name__ == "__main__":
    unittest.main()
