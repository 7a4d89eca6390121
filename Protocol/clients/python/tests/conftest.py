"""The real server, started once for all tests."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuroscope import Hook, Message, NeuroScopeClient
from neuroscope.shapes import Run, RunRequest

ROOT = Path(__file__).resolve().parents[4]
MODEL = ROOT / "Fixtures/models/circuits-5m"
FRANCE: list[Message] = [{"role": "user", "content": "What is the capital of France?"}]

ENDLESS: RunRequest = {
    "prompt": "Once upon a time", "ignore_eos": True, "max_tokens": 450, "temperature": 1, "seed": 1,
}
"""A run that goes on until it is stopped."""


def residuals(*layers: int) -> list[Hook]:
    """Hooks on the residual stream of some layers."""
    return [
        {"layer_name": f"transformer.h.{layer}", "component": "residual", "hook_id": f"layer_{layer}"} for layer in layers
    ]


def settled(client: NeuroScopeClient, run_id: str, *statuses: str) -> Run:
    """The run once its status is one of these."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        run = client.describe_run(run_id)
        if run["status"] in statuses:
            return run
    raise AssertionError(f"{run_id} is {run['status']}")


class Server:
    """One running server; its `folder` is where models and recordings may lie."""

    def __init__(self, folder: str, *options: str) -> None:
        self.folder = folder
        Path(folder, "broken.gguf").write_bytes(b"GGUF\3\0\0\0" + b"\xff" * 64)
        places = ["--harvests-dir", f"{folder}/harvests", "--recordings-dir", folder,
                  "--models-dir", folder, "--models-dir", str(MODEL.parent)]
        self._process = subprocess.Popen(
            [os.environ["NEUROSCOPE_BINARY"], "serve", "--port", "0", "--capture-budget", "2M", *places, *options],
            cwd="/", stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        for line in self._process.stdout:
            if found := re.search(r"page\s+(http://[^/]+)", line):
                self.url = found.group(1)
                return
        raise AssertionError("The server did not start")

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=600)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="neuroscope-") as folder:
        server = Server(folder)
        yield server
        server.stop()


@pytest.fixture
def client(server: Server) -> Iterator[NeuroScopeClient]:
    with NeuroScopeClient(server.url) as client:
        yield client
