"""Runs a notebook's cells as Jupyter does, with the standard library alone; `python notebook.py URL` writes their outputs."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

TUTORIAL = Path(__file__).parents[1] / "tutorial.ipynb"


def cells(path: Path = TUTORIAL) -> list[str]:
    """The code of each code cell."""
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def stored(path: Path = TUTORIAL) -> list[str]:
    """What the notebook says that each code cell printed and showed."""
    return ["".join(_text(output) for output in cell["outputs"])
            for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def _text(output: dict[str, Any]) -> str:
    return "".join(output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"])


def run(codes: list[str], names: dict[str, Any]) -> list[tuple[str, Any]]:
    """What each cell prints, and the value of its last line where that is an expression."""
    return [_run(code, names) for code in codes]


def _run(code: str, names: dict[str, Any]) -> tuple[str, Any]:
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, shown = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    return printed.getvalue(), shown


def write(url: str, path: Path = TUTORIAL) -> None:
    """Runs the notebook against a server and keeps what its cells print and show."""
    notebook = json.loads(path.read_text())
    coded = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    outcomes = run([at(code, url) for code in cells(path)], {})
    for number, (cell, (printed, shown)) in enumerate(zip(coded, outcomes), 1):
        outputs: list[dict[str, Any]] = []
        if printed:
            outputs.append({"name": "stdout", "output_type": "stream", "text": printed.splitlines(True)})
        if shown is not None:
            data = {"text/plain": repr(shown).splitlines(True)}
            if hasattr(shown, "_repr_html_"):
                data["text/html"] = shown._repr_html_().splitlines(True)
            outputs.append({"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"})
        cell["execution_count"], cell["outputs"] = number, outputs
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def at(code: str, url: str) -> str:
    """A cell with the server's own address in place of the usual one."""
    return code.replace("http://127.0.0.1:8080", url)


if __name__ == "__main__":
    write(sys.argv[1])
