"""`neuroscope reference`: the curl lines that it prints are pasted into a shell, and answered."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from schemas import PROTOCOL
from server import shared

RUN = {"prompt": "The capital of France is", "max_tokens": 6, "temperature": 0, "ignore_eos": True, "detach": True,
       "activation_hooks": [{"layer_name": "transformer.h.5", "component": "residual"}]}
CONTROLS = ("pause", "resume", "step", "rewind", "fork", "hooks", "interventions", "watch")


def reference(*arguments, check=True):
    return subprocess.run([os.environ["NEUROSCOPE_BINARY"], "reference", *arguments], capture_output=True, text=True,
                          check=check)


class Reference(unittest.TestCase):
    def setUp(self):
        self.server = shared()

    def ids(self, command):
        """A run, a recording, a harvest, a graph as the command needs them, as variables of the shell."""
        wants = lambda *names: any(f"$run/{name}" in command for name in names)
        found = {}
        if "$run" in command and wants(*CONTROLS):
            run = self.server.json("POST", "/v1/runs", {**RUN, "start": "paused"})["run_id"]
            self.server.json("POST", f"/v1/runs/{run}/step", {"count": 2})
            while self.server.json("GET", f"/v1/runs/{run}")["completion_tokens"] < 2:
                pass
            found = {"run": run, "intervention": "mine"}
            self.server.json("POST", f"/v1/runs/{run}/interventions", {
                "intervention_id": "mine", "layer_name": "transformer.h.1", "component": "mlp", "kind": "zero"})
        elif "$harvest" in command:
            self.server.json("POST", "/v1/harvest", {
                "name": "mine", "texts": ["Once"], "activation_hooks": [{"layer_name": "blocks.3.hook_resid_post"}]})
            while self.server.json("GET", "/v1/harvests/mine")["status"] == "running":
                pass
            found = {"harvest": "mine", "file": "tokens.safetensors"}
        elif "$graph" in command:
            found = {"graph": self.server.json("POST", "/v1/analyses", {
                "analysis": "attribution_graph", "prompt": "Once upon a"})["slug"]}
        elif "$" in command:
            run = self.server.json("POST", "/v1/runs", {**RUN, "record": True})["run_id"]
            found = {"run": run, "recording": self.server.wait(run, "finished")["recording_id"]}
        return found

    def test_every_curl_line_is_answered(self):
        text = reference("--server", self.server.url).stdout
        commands = re.findall(r"^  (curl .*?)\n(?:\n|\Z)", text, re.M | re.S)
        operations = sum(
            method in item for item in self.server.json("GET", "/v1/openapi.json")["paths"].values()
            for method in ("get", "post", "delete"))
        self.assertEqual(len(commands), operations)
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/.curlrc", "w") as file:
                file.write('silent\nshow-error\nwrite-out = "\\nstatus %{http_code}"\n')
            for command in commands:
                done = subprocess.run(
                    ["bash", "-uc", command], cwd=folder, capture_output=True, timeout=600,
                    env={"PATH": os.environ["PATH"], "HOME": folder, "CURL_HOME": folder, **self.ids(command)})
                status = done.stdout.rsplit(b"status ", 1)[-1]
                # What is for keys says, without any, that there are none.
                keyless = status == b"409" and b'"code":"no_keys"' in done.stdout
                self.assertTrue(keyless or status in (b"200", b"201", b"202", b"101"), f"{command}\n{done.stdout[-500:]}{done.stderr}")
        self.server.json("DELETE", "/v1/activations/hooks")

    def test_what_is_served_is_what_is_generated(self):
        served = self.server.json("GET", "/v1/openapi.json")
        self.assertEqual(served, json.loads((PROTOCOL / "openapi.json").read_text()))

    def test_words_and_their_absence(self):
        text = reference("post", "/v1/runs").stdout
        self.assertIn("POST /v1/runs\n", text)
        self.assertNotIn("GET /v1/runs\n", text)
        self.assertIn("layer_name *", text)
        self.assertNotIn("\033", text)
        failed = reference("absent", check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("groups: health, models", failed.stderr)
        self.assertEqual(failed.stdout, "")


if __name__ == "__main__":
    unittest.main()
