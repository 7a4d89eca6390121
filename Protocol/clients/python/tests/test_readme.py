"""The examples of this README and of the project's, run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Server

READMES = (Path(__file__).parents[1] / "README.md").read_text() + (ROOT / "README.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", READMES, re.S)
PRINTED = [
    r"Paris(.|\n)*\(1, \d+, 128\)\n\[\('", r"\(24, 2, \d+, 128\)\n(.|\n)* Paris(.|\n)*\[' Paris'", r"(.* \d+\.\d+\n){8}", r"cancelled", r"(?m)^3 (.|\n)*^11 ",
    r"400 layer_out_of_range \['transformer\.h\.23'\] req_",
    r"\(1, \d+, 128\)$",
]


def test_every_example_has_its_expectation() -> None:
    assert len(EXAMPLES) == len(PRINTED)


@pytest.mark.parametrize("example, printed", list(zip(EXAMPLES, PRINTED)))
def test_an_example_runs_as_it_stands(server: Server, tmp_path: Path, example: str, printed: str) -> None:
    code = re.sub(r"(?<=NeuroScopeClient\()[^)]*", repr(server.url), example)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert re.search(printed, done.stdout), done.stdout
