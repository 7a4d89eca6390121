"""Recordings through clients of other makers: numpy and safetensors read the exports, curl-like requests the rest."""

import io
import os
import subprocess
import unittest

import numpy as np
import safetensors.numpy

import frames
from server import FRANCE, residuals, shared

HOOKS = [
    *residuals([0, 20]),
    {"layer_name": "transformer.h.9", "component": "query", "hook_id": "q", "positions": [0, 1, 5]},
    {"layer_name": "transformer.h.12", "component": "mlp", "hook_id": "top", "reduce": "topk:3"},
]


class Recordings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()

    def record(self, dtype, codec):
        """A recorded run's recording, and its frames by the names that exports give them."""
        run = self.server.json("POST", "/v1/runs", {
            "messages": FRANCE, "temperature": 0, "max_tokens": 6, "detach": True, "record": True,
            "activation_hooks": HOOKS, "frames": {"dtype": dtype, "codec": codec}})["run_id"]
        found = self.server.wait(run, "finished")
        hooks = {hook["index"]: hook["hook_id"] for hook in found["hooks"]}
        _, _, data = self.server.call("GET", f"/v1/runs/{run}/frames")
        tensors = {f"{hooks[frame['hook']]}/{frame['step']:06}/{frame['first']:06}": frame["values"]
                   for frame in frames.split(data)}
        self.assertGreater(len(tensors), 12)
        return found["recording_id"], tensors

    def export(self, recording, kind):
        status, _, data = self.server.call("GET", f"/v1/recordings/{recording}/export?format={kind}")
        self.assertEqual(status, 200)
        return data

    def compare(self, found, tensors):
        self.assertEqual(sorted(found), sorted(tensors))
        for name, values in tensors.items():
            self.assertEqual(found[name].shape, values.shape, name)
            np.testing.assert_array_equal(found[name].astype(np.float32), values.astype(np.float32), name)

    def test_numpy_reads_the_npz(self):
        for dtype, codec in [("bf16", "planes"), ("f32", "raw"), ("f16", "deflate")]:
            with self.subTest(dtype=dtype):
                recording, tensors = self.record(dtype, codec)
                with np.load(io.BytesIO(self.export(recording, "npz")), allow_pickle=False) as found:
                    self.compare(dict(found), tensors)

    def test_safetensors_reads_the_safetensors(self):
        for dtype in ["f32", "f16"]:
            with self.subTest(dtype=dtype):
                recording, tensors = self.record(dtype, "raw")
                self.compare(safetensors.numpy.load(self.export(recording, "safetensors")), tensors)

    def test_safetensors_keeps_bf16_as_it_was(self):
        recording, tensors = self.record("bf16", "planes")
        views = dict(safetensors.deserialize(self.export(recording, "safetensors")))
        self.assertEqual(sorted(views), sorted(tensors))
        for name, view in views.items():
            bits = np.frombuffer(view["data"], "<u2" if view["dtype"] == "BF16" else "<u4").astype(np.uint32)
            values = (bits << 16 if view["dtype"] == "BF16" else bits).view(np.float32)
            np.testing.assert_array_equal(values.reshape(view["shape"]), tensors[name], name)

    def test_a_recording_is_fetched_played_in_the_terminal_and_removed(self):
        recording, tensors = self.record("bf16", "planes")
        _, fields, data = self.server.call("GET", f"/v1/recordings/{recording}/file")
        self.assertIn(f"{recording}.nsrec", fields["Content-Disposition"])
        path = os.path.join(self.server.recordings, "fetched.nsrec")
        with open(path, "wb") as file:
            file.write(data)
        command = [os.environ["NEUROSCOPE_BINARY"], "replay", path]
        lines = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual(sum('"type":"activation"' in line for line in lines), len(tensors))
        self.assertIn('"type":"run.finished"', lines[-1])
        shown = subprocess.run([*command, "--print"], capture_output=True, text=True, check=True).stdout
        self.assertIn("The capital of France is", shown)
        status, _, _ = self.server.call("DELETE", f"/v1/recordings/{recording}")
        self.assertEqual(status, 200)
        self.assertFalse(os.path.exists(os.path.join(self.server.recordings, recording + ".nsrec")))
        self.assertEqual(self.server.call("GET", f"/v1/recordings/{recording}")[0], 404)

    def test_the_terminal_says_what_a_cut_file_lost_and_what_is_no_recording(self):
        sessions = os.path.join(os.path.dirname(__file__), "../../Fixtures/sessions")
        command = [os.environ["NEUROSCOPE_BINARY"], "replay"]
        cut = subprocess.run(
            [*command, os.path.join(sessions, "cut.nsrec"), "--print"], capture_output=True, text=True)
        self.assertEqual(cut.returncode, 0)
        self.assertRegex(cut.stderr, r"incomplete \(the file ends inside a record\): \d+ whole records")
        none = subprocess.run([*command, os.path.join(sessions, "make"), "--print"], capture_output=True, text=True)
        self.assertNotEqual(none.returncode, 0)
        self.assertIn("is not a recording", none.stderr)


if __name__ == "__main__":
    unittest.main()
