"""schemathesis drives the server from its own description: no 5xx, no answer that is not described."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from server import Server

RUN = {"prompt": "The capital of France is", "max_tokens": 6, "temperature": 0, "ignore_eos": True, "detach": True,
       "activation_hooks": [{"layer_name": "transformer.h.5", "component": "residual", "hook_id": "r"}]}
# Ids that exist, so that requests come further than "not found". What ends or deletes has an id of its own.
CONFIGURATION = """
warnings = false
[[operations]]
include-path-regex = "^/v1/runs/[{{]id[}}]/(pause|resume|step|rewind|fork|hooks|interventions)"
parameters = {{ "path.id" = "{paused}" }}
[[operations]]
include-path-regex = "^/v1/runs/[{{]id[}}](/events|/frames|/socket)?$"
parameters = {{ "path.id" = "{finished}" }}
[[operations]]
include-path-regex = "^/v1/recordings/[{{]id[}}]"
parameters = {{ "path.id" = "{recording}" }}
[[operations]]
include-path-regex = "^/v1/harvests/[{{]id[}}]"
parameters = {{ "path.id" = "kept" }}
[[operations]]
include-operation-id = ["cancelRun", "deleteRecording", "deleteHarvest"]
parameters = {{ "path.id" = "{other}" }}
# What follows /v1/models/ may be the name of a model, so these paths answer GET too.
[[operations]]
include-operation-id = ["loadModel", "unloadModel"]
checks.allow_header_conformance.enabled = false
# Whether a name, a path or an id stands for something is not in a schema.
[checks]
positive_data_acceptance.enabled = false
"""


class Schemathesis(unittest.TestCase):
    def test_nothing_undescribed_is_answered(self):
        server = Server()
        self.addCleanup(server.stop)
        run = server.json("POST", "/v1/runs", {**RUN, "record": True})["run_id"]
        ids = {"finished": run, "recording": server.wait(run, "finished")["recording_id"], "other": "other",
               "paused": server.json("POST", "/v1/runs", {**RUN, "max_tokens": 400, "start": "paused"})["run_id"]}
        server.json("POST", "/v1/harvest", {
            "name": "kept", "texts": ["Once"], "activation_hooks": [{"layer_name": "blocks.3.hook_resid_post"}]})
        with tempfile.TemporaryDirectory() as folder:
            configuration = pathlib.Path(folder, "schemathesis.toml")
            configuration.write_text(CONFIGURATION.format(**ids))
            done = subprocess.run(
                [pathlib.Path(sys.executable).parent / "schemathesis", "--config-file", configuration, "--no-color",
                 "run", server.url + "/v1/openapi.json", "--seed", "1", "--phases", "examples,coverage,fuzzing",
                 "--max-examples", os.environ.get("NEUROSCOPE_EXAMPLES", "12"), "--no-shrink",
                 "--continue-on-failure", "--request-timeout", "300",
                 # Two threads of Python 3.11 that compile at the same time may fail one another (its issue 106905).
                 "--workers", "1",
                 "--generation-database", "none"],
                cwd=folder, capture_output=True, text=True, timeout=1500)
        self.assertEqual(done.returncode, 0, done.stdout[-60000:] + done.stderr[-2000:])
        cases = int(re.search(r"(\d+) generated", done.stdout).group(1))
        self.assertGreater(cases, 1000)
        print(f"schemathesis: {cases} cases", file=sys.stderr)
        # Some of the requests ended or changed what others used, and the server is as well as before.
        self.assertTrue(server.json("GET", "/health")["ready"])


if __name__ == "__main__":
    unittest.main()
