"""The documented contract: its curl lines, its hook configurations, all names of a point, and what a selection means."""

import base64
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.request

import numpy as np

from server import FRANCE, shared

HERE = pathlib.Path(__file__).parent
CAPTURE = "/v1/chat/completions/with_activations"


class Contract(unittest.TestCase):
    def setUp(self):
        self.server = shared()

    def activations(self, hooks, max_tokens=3, **more):
        answer = self.server.json("POST", CAPTURE, {
            "messages": FRANCE, "max_tokens": max_tokens, "temperature": 0, "activation_hooks": hooks, **more})
        self.assertEqual(list(answer["activations"]), [hook["hook_id"] for hook in hooks])
        return answer["activations"], answer["usage"]

    def test_the_documented_curl_lines(self):
        blocks = re.findall(r"^# (\d+) (.+)\n(curl [^\n]*(?:\n[^#\n][^\n]*)*)", (HERE / "documented.sh").read_text(), re.M)
        self.assertEqual(len(blocks), (HERE / "documented.sh").read_text().count("\ncurl "))
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')
            for status, members, line in blocks:
                done = subprocess.run(
                    ["bash", "-c", line.replace("http://127.0.0.1:8080", self.server.url)], capture_output=True,
                    text=True, timeout=600, check=True, env={"PATH": os.environ["PATH"], "HOME": folder})
                body, found = done.stdout.rsplit("\n", 1)
                self.assertEqual(found, status, line + body[:300])
                self.holds(body, members, line)
        self.assertEqual(self.server.json("GET", "/health")["current_model"], "circuits-5m")

    def holds(self, body, members, line):
        if members == "stream":
            chunks = re.findall(r"^data: (.+)\n\n", body + "\n", re.M)
            self.assertEqual(chunks.pop(), "[DONE]")
        elif members == "lines":
            chunks = body.splitlines()
        else:
            self.assertLessEqual(set(members.split()), set(json.loads(body)), line)
            return
        chunks = [json.loads(chunk) for chunk in chunks]
        self.assertIn(chunks[-1]["choices"][0]["finish_reason"], ("stop", "length"))
        self.assertTrue("".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks))
        if "activation_hooks" in line:
            self.assertTrue(any(chunk["activations"] for chunk in chunks))

    def test_the_hook_configurations_of_24_layers(self):
        hook = lambda layer, component, name, **more: {
            "layer_name": f"transformer.h.{layer}", "component": component, "hook_id": name, **more}
        both = {"capture_input": True}
        depths = {"early": 5, "mid": 10, "late": 15}
        configurations = {
            "circuit_discovery": [
                hook(0, "residual", "input_residual"),
                *[hook(layer, part, f"{name}_{part}") for name, layer in depths.items() for part in ("attention", "mlp")],
                hook(20, "residual", "output_residual")],
            "attention_analysis": [hook(layer, "attention", None) for layer in range(0, 24, 2)],
            "mlp_analysis": [hook(layer, "mlp", None, **both) for layer in range(3, 24, 4)],
            "residual_stream": [hook(layer, "residual", None) for layer in range(0, 21, 4)],
            "comprehensive": [
                hook(layer, part, f"comp_{part}_{layer}") for layer in (2, 8, 16, 22)
                for part in ("attention", "mlp", "residual")]}
        served = {entry["name"]: entry["hooks"]
                  for entry in self.server.json("GET", "/v1/scenarios")["hook_configurations"]}
        for name, hooks in configurations.items():
            found = served[name]
            place = lambda entry: (entry["layer_name"], entry["component"], entry.get("capture_input", False))
            self.assertEqual(sorted(map(place, found)), sorted(map(place, hooks)), name)
            named = {place(entry): entry["hook_id"] for entry in hooks if entry["hook_id"]}
            for entry in found:
                if place(entry) in named and name != "comprehensive":
                    self.assertEqual(entry["hook_id"], named[place(entry)])
            tensors, usage = self.activations(found)
            for entry in found:
                sides = 2 if entry.get("capture_input") else 1
                shapes = [tensor["shape"] for tensor in tensors[entry["hook_id"]]]
                self.assertEqual(shapes[:sides], [[1, usage["prompt_tokens"], 128]] * sides)
                self.assertEqual(shapes[sides:], [[1, 1, 128]] * sides * (usage["completion_tokens"] - 1))

    def test_all_names_of_a_point_give_equal_bytes(self):
        points = self.server.json("GET", "/v1/models/circuits-5m/hook_points")["hook_points"]
        compared = 0
        for point in points:
            if point["layer"] not in (None, 0, 5, 23):
                continue
            names = [(entry["layer_name"], entry["component"], entry["is_input"]) for entry in point["documented"]]
            for name in [point["name"], *point["aliases"]]:
                names.append((name, point["component"], False))
            layer = point["layer"]
            for spelling in ("model.layers.{}", "layers.{}", "layers[{}]"):
                names += [(spelling.format(layer), component.upper(), is_input)
                          for name, component, is_input in names if name == f"transformer.h.{layer}"]
            hooks = [{"layer_name": name, "component": component, "hook_id": str(number), "encoding": "base64",
                      "capture_input": is_input, "capture_output": not is_input}
                     for number, (name, component, is_input) in enumerate(names)]
            tensors, _ = self.activations(hooks, max_tokens=2)
            first = [tensor["data"] for tensor in tensors["0"]]
            self.assertEqual(len(first), 2)
            for number, name in enumerate(names):
                self.assertEqual([tensor["data"] for tensor in tensors[str(number)]], first, name)
            compared += len(names)
        self.assertGreater(compared, 150)

    def test_the_spellings_of_the_contract(self):
        equal = [
            [("transformer.wte", "embedding"), ("embed_tokens", "embedding"), ("model.embed_tokens", "embedding"),
             ("hook_embed", "embedding")],
            [("transformer.h.5", "residual"), ("blocks.5.hook_resid_post", "residual"), ("layers.5", "Residual")],
            [("transformer.h.5", "attention"), ("model.layers.5.self_attn", "attention"),
             ("blocks.5.hook_attn_out", "attention")],
            [("transformer.h.5", "mlp"), ("model.layers.5.mlp", "mlp"), ("blocks.5.hook_mlp_out", "mlp")],
            [("transformer.h.5", "layerNorm"), ("layers[5]", "layernorm")],
            [("transformer.h.5", "attentionWeights"), ("transformer.h.5", "attention_pattern"),
             ("blocks.5.attn.hook_pattern", "attention_pattern")],
            [("transformer.h.5", "attention_scores"), ("blocks.5.attn.hook_attn_scores", "attention_scores")]]
        for names in equal:
            tensors, _ = self.activations([
                {"layer_name": name, "component": component, "hook_id": str(number), "encoding": "base64"}
                for number, (name, component) in enumerate(names)])
            for number in range(1, len(names)):
                self.assertEqual([one["data"] for one in tensors[str(number)]], [one["data"] for one in tensors["0"]],
                                 names[number])

    def test_selections_equal_the_same_of_the_full_capture(self):
        components = [
            ("residual", "transformer.h.7"), ("attention", "transformer.h.7"), ("mlp", "transformer.h.7"),
            ("layernorm", "transformer.h.7"), ("embedding", "transformer.wte"), ("final_norm", "model.norm"),
            ("logits", "lm_head"), ("query", "transformer.h.7"), ("key", "transformer.h.7"),
            ("value", "transformer.h.7"), ("attention_scores", "transformer.h.7"),
            ("attention_pattern", "transformer.h.7")]
        for component, layer in components:
            base = {"layer_name": layer, "component": component}
            variants = {"full": {}, "last": {"positions": "last"}, "range": {"positions": {"from": 2, "to": 5}},
                        "third": {"positions": {"every": 3}}, "list": {"positions": [1, 4]},
                        "second": {"every": 2}, "norm": {"reduce": "norm"}, "mean_abs": {"reduce": "mean_abs"},
                        "topk": {"reduce": "topk:3"}}
            tensors, _ = self.activations([{**base, "hook_id": name, **more} for name, more in variants.items()])
            full = [self.array(tensor) for tensor in tensors["full"]]
            rows = full[0].shape[-2]
            for name, positions in {"last": [rows - 1], "range": [2, 3, 4], "third": list(range(0, rows, 3)),
                                    "list": [1, 4]}.items():
                np.testing.assert_array_equal(self.array(tensors[name][0]), full[0][..., positions, :], (component, name))
            self.assertEqual([tensor["step"] for tensor in tensors["second"]], [0, 2])
            # Masked scores are minus infinity, which JSON writes as null; sums over them say nothing.
            for step, whole in enumerate(full if component != "attention_scores" else []):
                whole = whole.astype(np.float64)
                np.testing.assert_allclose(
                    self.array(tensors["norm"][step]), np.sqrt((whole ** 2).sum(-1)), rtol=2e-7)
                np.testing.assert_allclose(self.array(tensors["mean_abs"][step]), np.abs(whole).mean(-1), rtol=2e-7)
                values, indices = np.moveaxis(self.array(tensors["topk"][step]), -2, 0)
                np.testing.assert_array_equal(np.abs(values), -np.sort(-np.abs(whole), axis=-1)[..., :3])
                np.testing.assert_array_equal(np.take_along_axis(whole, indices.astype(int), -1), values)

    def array(self, tensor):
        found = np.array(tensor["data"], dtype=np.float64).astype(np.float32)
        self.assertEqual(list(found.shape), tensor["shape"])
        return found

    def test_rows_of_attention_patterns_sum_to_one(self):
        hooks = [{"layer_name": f"transformer.h.{layer}", "component": "attention_pattern", "hook_id": str(layer),
                  "encoding": "base64"} for layer in range(24)]
        tensors, usage = self.activations(hooks)
        for layer in range(24):
            for step, tensor in enumerate(tensors[str(layer)]):
                pattern = np.frombuffer(base64.b64decode(tensor["data"]), "<f4").reshape(tensor["shape"])
                queries, keys = (usage["prompt_tokens"],) * 2 if step == 0 else (1, usage["prompt_tokens"] + step)
                self.assertEqual(pattern.shape, (1, 4, queries, keys))
                np.testing.assert_allclose(pattern.sum(-1), 1, atol=1e-6)
                if step == 0:
                    np.testing.assert_array_equal(np.triu(pattern[0, 0], 1), 0)

    def test_what_is_no_number_is_null(self):
        run = self.server.json("POST", "/v1/runs", {
            "prompt": "The capital", "max_tokens": 1, "detach": True, "frames": {"dtype": "f32"},
            "activation_hooks": [{"layer_name": "transformer.h.3", "component": "residual"}],
            "interventions": [{"layer_name": "transformer.h.3", "component": "residual", "kind": "add",
                               "vector": [3e38] * 128, "strength": 1000}]})["run_id"]
        self.server.wait(run, "failed")
        text = self.server.call("GET", f"/v1/runs/{run}/events?tensors=json")[2].decode()
        data = json.loads(re.search(r'"data":(\[.*\])', text).group(1))
        self.assertEqual(data, [[[None] * 128] * 2])

    def test_a_fault_within_a_stream_is_one_line(self):
        for accept, prefix in (("*/*", "data: "), ("application/x-ndjson", "")):
            request = urllib.request.Request(
                self.server.url + "/v1/chat/completions", headers={"Accept": accept}, data=json.dumps({
                    "messages": FRANCE, "max_tokens": 450, "ignore_eos": True, "stream": True}).encode())
            with urllib.request.urlopen(request, timeout=600) as stream:
                # Whoever knows the run may break it.
                status, _, _ = self.server.call("POST", f"/v1/runs/{stream.headers['X-NeuroScope-Run']}/interventions", {
                    "layer_name": "transformer.h.3", "component": "residual", "kind": "add", "strength": 1e6,
                    "vector": [3e38] * 128})
                lines = [line for line in stream.read().decode().splitlines() if line and line != "data: [DONE]"]
            self.assertEqual(status, 201)
            chunks = [json.loads(line.removeprefix(prefix)) for line in lines]
            self.assertEqual([sorted(chunk) for chunk in chunks if "error" in chunk], [["error"]])
            self.assertEqual(set(chunks[-1]["error"]), {"message", "type", "code"})
            self.assertEqual((chunks[-1]["error"]["code"], chunks[-1]["error"]["type"]), ("not_finite", "server_error"))

    def test_head_options_and_origins(self):
        for path in ("/health", "/v1/models", "/v1/scenarios", "/", "/v1/openapi.json"):
            status, fields, body = self.server.call("HEAD", path)
            whole = self.server.call("GET", path)
            self.assertEqual((status, body), (200, b""), path)
            if path != "/health":
                self.assertEqual(int(fields["Content-Length"]), len(whole[2]), path)
        for origin, allowed in {"http://localhost:3000": True, "http://127.0.0.1:5173": True, "https://evil.example": False,
                                "http://localhost.evil.example": False, "null": False}.items():
            _, fields, _ = self.server.call("GET", "/health", headers={"Origin": origin})
            self.assertEqual(fields.get("Access-Control-Allow-Origin"), origin if allowed else None)
            status, fields, _ = self.server.call("OPTIONS", CAPTURE, headers={
                "Origin": origin, "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type, last-event-id"})
            self.assertLess(status, 300)
            self.assertEqual(fields.get("Access-Control-Allow-Origin"), origin if allowed else None)
            if allowed:
                self.assertIn("POST", fields["Access-Control-Allow-Methods"])
                self.assertIn("content-type", fields["Access-Control-Allow-Headers"].lower())
            posted, _, _ = self.server.call("POST", "/v1/tokenize", {"text": "a"}, {"Origin": origin})
            self.assertEqual(posted, 200 if allowed else 403)
        status, fields, _ = self.server.call("OPTIONS", "/v1/runs/any/pause")
        self.assertEqual((status, fields["Allow"]), (204, "OPTIONS, POST"))
        status, fields, _ = self.server.call("PUT", "/v1/runs")
        self.assertEqual((status, fields["Allow"]), (405, "GET, HEAD, OPTIONS, POST"))

    def test_sampling_keys_work(self):
        def text(**more):
            answer = self.server.json("POST", "/v1/chat/completions", {"messages": FRANCE, "max_tokens": 12, **more})
            choice = answer["choices"][0]
            return choice["message"]["content"], choice["finish_reason"], answer["usage"]["completion_tokens"]

        greedy = text(temperature=0)
        self.assertEqual(text(temperature=1, top_k=1), greedy)
        self.assertEqual(text(temperature=1, top_p=0), greedy)
        self.assertEqual(text(temperature=1, min_p=1), greedy)
        self.assertEqual(text(temperature=0, max_tokens=3)[1:], ("length", 3))
        word = greedy[0].split()[2]
        for stop in (word, [word], ["never said", word]):
            cut = text(temperature=0, stop=stop)
            self.assertEqual(cut[:2], (greedy[0].split(word)[0], "stop"))
        self.assertEqual(text(temperature=0, stop=None, seed=None, n=None, logprobs=None), greedy)
        story = lambda seed: self.server.json("POST", "/v1/completions", {
            "prompt": "Once", "temperature": 2, "top_p": 1, "max_tokens": 30, "seed": seed})["choices"][0]["text"]
        self.assertEqual(story(5), story(5))
        self.assertNotEqual(story(5), story(6))
        long = {"temperature": 0, "max_tokens": 60, "ignore_eos": True}
        repeated = text(**long)[0]
        for penalty in ({"repetition_penalty": 5}, {"frequency_penalty": 2}, {"presence_penalty": 2}):
            self.assertNotEqual(text(**long, **penalty)[0], repeated, penalty)


if __name__ == "__main__":
    unittest.main()
