"""`neuroscope demo`: the documented workflow as a person runs it."""

import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import numpy as np

from server import Server, shared

STEPS = ("requirements", "check", "capture", "circuits", "streaming", "attention", "residual", "tests")


def demo(*arguments):
    return subprocess.run([os.environ["NEUROSCOPE_BINARY"], "demo", *arguments], capture_output=True, text=True,
                          timeout=1500, cwd="/")


def safetensors(path):
    """The tensors of a file, by name."""
    data = path.read_bytes()
    length, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    body = memoryview(data)[8 + length:]
    found = {}
    for name, facts in header.items():
        if name == "__metadata__":
            continue
        begin, end = facts["data_offsets"]
        found[name] = np.frombuffer(body[begin:end], "<f4").reshape(facts["shape"])
    return found


class Demo(unittest.TestCase):
    def test_the_whole_workflow_on_a_server_of_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            done = demo("--output", folder)
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
            self.assertRegex(done.stdout, r"\n\d+ checks passed, 0 failed\n$")
            self.assertNotIn("\033", done.stdout)
            for said in ("three plus four is seven", "Paris", "▁", "[1, 26, 128]"):
                self.assertIn(said, done.stdout)
            names = {path.stem for path in pathlib.Path(folder).glob("*.json")}
            self.assertLessEqual({"basic_check", "factual_recall", "circuit_mlp_processing", "streaming",
                                  "attention_patterns", "residual_tracking"}, names)
            facts = json.loads(pathlib.Path(folder, "factual_recall.json").read_text())
            self.assertIn("Paris", facts["answer"])
            tensors = safetensors(pathlib.Path(folder, "factual_recall.safetensors"))
            self.assertEqual(len(tensors), 4 * facts["completion_tokens"])
            for hook in facts["hooks"]:
                for step, (shape, norm) in enumerate(zip(hook["shapes"], hook["norms"])):
                    tensor = tensors[f"{hook['hook_id']}.step_{step}"]
                    self.assertEqual(list(tensor.shape), shape)
                    self.assertAlmostEqual(float(np.linalg.norm(tensor[0, -1])) / norm, 1, places=5)

    def test_each_step_alone_on_a_running_server(self):
        for step in STEPS:
            done = demo(step, "--server", shared().url)
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
            self.assertIn(" 0 failed", done.stdout)

    def test_a_broken_check_fails_the_command(self):
        server = Server("--no-model")
        self.addCleanup(server.stop)
        done = demo("requirements", "--server", server.url)
        self.assertEqual(done.returncode, 1)
        self.assertIn("✗ FAILED: a model is ready", done.stdout)
        done = demo("check", "--server", "http://127.0.0.1:1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("http://127.0.0.1:1 does not answer", done.stderr)


if __name__ == "__main__":
    unittest.main()
