"""The documented curl lines, and streaming that is real."""

import json
import subprocess
import time
import unittest

from server import FRANCE, residuals, shared


def curl(*arguments, timeout=600):
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, timeout=timeout, check=True)
    return done.stdout.decode()


class Curl(unittest.TestCase):
    def setUp(self):
        self.server = shared()

    def test_health_and_models(self):
        health = json.loads(curl(self.server.url + "/health"))
        self.assertEqual((health["status"], health["service"]), ("healthy", "mlx-engine-neuroscope"))
        self.assertTrue(health["ready"])
        models = json.loads(curl(self.server.url + "/v1/models"))
        self.assertEqual(models["models"], models["data"])
        self.assertTrue(models["data"][0]["is_current"])

    def test_load_replaces_and_answers_the_documented_keys(self):
        path = json.loads(curl(self.server.url + "/v1/models/available"))["models"][0]["path"]
        answer = json.loads(curl(
            "-X", "POST", self.server.url + "/v1/models/load", "-H", "Content-Type: application/json", "-d",
            json.dumps({"model_path": path, "model_id": "second", "trust_remote_code": True, "max_kv_size": 512,
                        "vocab_only": False, "kv_bits": None})))
        for key in ("model_id", "status", "supports_activations", "model_type", "num_layers", "hidden_size",
                    "vocab_size", "quantization"):
            self.assertIn(key, answer)
        self.assertEqual((answer["model_id"], answer["status"]), ("second", "loaded"))
        self.assertEqual(self.server.json("GET", "/health")["current_model"], "second")
        self.server.json("POST", "/v1/models/unload", {"model_id": "second"})

    def test_the_first_token_arrives_before_the_last(self):
        run = self.server.json("POST", "/v1/runs", {
            "prompt": "Once upon a time", "max_tokens": 400, "temperature": 1, "seed": 1, "ignore_eos": True,
            "activation_hooks": residuals(range(24))})["run_id"]
        process = subprocess.Popen(
            ["curl", "-sSN", f"{self.server.url}/v1/runs/{run}/events?tensors=none"], stdout=subprocess.PIPE)
        for line in process.stdout:
            if line.startswith(b"event: token"):
                break
        self.assertEqual(self.server.json("GET", f"/v1/runs/{run}")["status"], "running")
        # The only viewer leaves: the run ends within a step.
        process.kill()
        process.wait()
        before = time.monotonic()
        ended = self.server.wait(run, "cancelled")
        self.assertLess(time.monotonic() - before, 2)
        self.assertLess(ended["completion_tokens"], 400)

    def test_lines_of_json(self):
        text = curl(
            "-N", self.server.url + "/v1/chat/completions/with_activations", "-H", "Accept: application/x-ndjson",
            "-d", json.dumps({"messages": FRANCE, "max_tokens": 4, "temperature": 0, "stream": True,
                              "activation_hooks": residuals([5], reduce="norm")}))
        chunks = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(chunks[-1]["choices"][0]["finish_reason"] in ("stop", "length"), True)
        self.assertGreater(sum(bool(chunk["activations"]) for chunk in chunks), 0)

    def test_a_damaged_checkpoint_is_refused_and_the_loaded_model_goes_on(self):
        with open(f"{self.server.recordings}/broken.gguf", "wb") as file:
            file.write(b"GGUF\x03\x00\x00\x00" + b"\xff" * 64)
        status, _, body = self.server.call(
            "POST", "/v1/models/load", {"model_path": f"{self.server.recordings}/broken.gguf"})
        self.assertIn(status, (400, 422))
        self.assertIn("broken.gguf", json.loads(body)["error"])
        self.server.json("POST", "/v1/chat/completions", {"messages": FRANCE, "max_tokens": 2})


if __name__ == "__main__":
    unittest.main()
