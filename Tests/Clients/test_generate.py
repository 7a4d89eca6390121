"""Protocol/generate: what it writes is what lies here, and a new operation reaches the document and both clients."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from schemas import PROTOCOL

OPERATION = {
    "method": "POST", "path": "/v1/runs/{id}/nudge", "group": "control", "scope": "run", "summary": "Nudges a run.", "parameters": ["RunID"],
    "request": {"required": True, "schema": {
        "type": "object", "required": ["strength"],
        "properties": {"strength": {"type": "number"}, "how_long": {"type": ["integer", "null"]}, "from": {"type": "integer"}}}},
    "answers": {"200": {"description": "What it did.", "schema": {"$ref": "nudge.json"}}}, "errors": [404]}
SCHEMA = {"title": "Nudge", "type": "object", "required": ["moved"], "properties": {
    "moved": {"type": "boolean"}, "by": {"type": ["number", "null"]}, "run": {"$ref": "run.json"}}}


def generate(folder, *options):
    return subprocess.run([sys.executable, folder / "generate", *options], capture_output=True, text=True)


class Generate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name, "Protocol")
        shutil.copytree(PROTOCOL, self.folder, ignore=shutil.ignore_patterns(".venv*", "__pycache__"))
        members = "Sources/API/Members/DescribedMembers.swift"
        written = pathlib.Path(folder.name, members)
        written.parent.mkdir(parents=True)
        shutil.copy(PROTOCOL.parent / members, written)
        self.python = self.folder / "clients/python/src/neuroscope"

    def test_what_lies_here_is_what_it_writes(self):
        done = generate(PROTOCOL, "--check")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_frames_md_lists_what_the_clients_read(self):
        lists, page = json.loads((PROTOCOL / "interface.json").read_text())["frames"], (PROTOCOL / "frames.md").read_text()
        told = re.search(r"Components: (.*?)\.\n", page, re.S)[1]
        self.assertEqual(dict(re.findall(r"(\d+)\s+(\w+)", told)), {
            str(place): name for place, name in enumerate(lists["components"]) if name})
        for field, names in (("element type", lists["element_types"]), ("codec", lists["codecs"])):
            told = re.search(rf"\| {field}: (.*?) \|", page)[1]
            self.assertEqual(re.findall(r"\d (\w+)", told), names)

    def test_an_operation_is_one_file(self):
        (self.folder / "operations/nudge.json").write_text(json.dumps(OPERATION))
        (self.folder / "schemas/nudge.json").write_text(json.dumps(SCHEMA))
        done = generate(self.folder, "--check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Protocol/openapi.json differs", done.stdout)
        self.assertEqual(generate(self.folder).returncode, 0)
        self.assertEqual(generate(self.folder, "--check").returncode, 0)
        document = json.loads((self.folder / "openapi.json").read_text())
        described = document["paths"]["/v1/runs/{id}/nudge"]["post"]
        self.assertEqual(described["operationId"], "nudge")
        self.assertEqual(document["components"]["schemas"]["nudge"]["properties"]["run"], {"$ref": "#/components/schemas/run"})
        script = (self.folder / "clients/javascript/neuroscope.js").read_text()
        self.assertIn("  nudge(id, strength, options) {", script)
        self.assertIn("body(options, {strength})", script)
        types = (self.folder / "clients/javascript/neuroscope.d.ts").read_text()
        self.assertIn("by?: number | null;", types)
        # The routes of the copy, asked without a server: what would be sent, by both kinds of clients.
        told = subprocess.run([sys.executable, "-c", """
import asyncio, inspect
from neuroscope.calls import Awaiting, Blocking
from neuroscope.routes import Routes
class One(Routes, Blocking):
    def _perform(self, request): return request
class Other(Routes, Awaiting):
    async def _perform(self, request): return request
call = One().nudge("a/b", 0.5, how_long=3, from_seq=2)
assert call == asyncio.run(Other().nudge("a/b", 0.5, how_long=3, from_seq=2))
print(call.method, call.path, sorted(call.body.items()))
"""], cwd=self.python.parent, capture_output=True, text=True)
        self.assertEqual(told.stdout, "POST /v1/runs/a%2Fb/nudge [('from', 2), ('how_long', 3), ('strength', 0.5)]\n", told.stderr)

    def test_edited_by_hand_is_told(self):
        for name in ("client.py", "sockets.py", "routes.py", "schemas.py"):
            file = self.python / name
            before = file.read_text()
            file.write_text(before.replace("return", "return ", 1) + "\n")
            done = generate(self.folder, "--check")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{name} differs; run Protocol/generate", done.stdout)
            file.write_text(before)

    def test_what_is_wrong_is_named(self):
        wrong = {
            "the path's parameters are": {**OPERATION, "parameters": []},
            "unknown members ['pathh']": {**OPERATION, "pathh": "/"},
            "nudge.json is referred to and is not there": OPERATION}
        for words, operation in wrong.items():
            (self.folder / "operations/nudge.json").write_text(json.dumps(operation))
            done = generate(self.folder)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
