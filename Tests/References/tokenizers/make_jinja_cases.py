#!/usr/bin/env python3
"""Every filter, test, function and method that a chat template can name, rendered by transformers' own environment.

    python make_jinja_cases.py [--count N]       -> jinja_cases.json beside this file

By rule, not by hand: each name over values of every kind, alone and with arguments; and random chains of them. A case is
{template, names, expected | failed}: a rendering elsewhere is equal, or refused.
"""
from __future__ import annotations

import argparse
import copy
import json
import os
import random
from datetime import datetime, timezone
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
from transformers.utils.chat_template_utils import _compile_jinja_template  # noqa: E402

HERE = Path(__file__).parent
TIME = 1751068805
VALUES = {
    "text": "Hello, World <b>", "empty": "", "lines": "  one\ntwo \r\n\tthree's \"3\"\n", "uni": "Stra\u00dfe \u0130\u01c5 \U0001f600e\u0301 \u0661\u00b2", "digits": "0123", "word": "word",
    "number": 7, "zero": 0, "negative": -7, "half": 2.5, "big": 1e16, "tiny": -1e-7, "huge": 123456789012, "yes": True, "no": False, "nothing": None,
    "list": [3, 1, 2], "words": ["b", "A", "c", "a"], "none_list": [None, 1], "nested": [[1, 2], [3], []], "mixed": [1, "a", None, True, 2.5, [1], {"k": "v"}],
    "map": {"b": 1, "a": {"c": [1, 2]}, "items": "shadow"}, "hollow": {}, "void": [],
    "people": [{"name": "Ann", "age": 30, "tags": {"vip": True}}, {"name": "bob", "age": 4}, {"name": "Cy", "age": 30, "tags": {"vip": False}}],
    "url": "see https://example.com/a?b=1&c=2 and <mailto:x@example.com>", "json": "{\"a\": [1, 2.0, null, true], \"1\": \"x\"}", "template": "{} and {0} {name!r:>5} {{}}", "percent": "%s is %d%%",
}
RECEIVERS = list(VALUES) + ["missing", "('t', 1)", "{1: 'x', 2.0: 'y', none: 'z', (1, 2): 't', true: 'w'}", "range(4)", "list | map('string')", "text | safe", "lines | escape", "namespace(x=1)", "[1, 1.0, true]"]
ARGUMENTS = ["", "2", "1", "'a'", "' '", "'l', 'L'", "none", "true", "0, 3", "'name'", "', '", "['H', 'o']", "'a', 2", "text", "words", "'%Y'", "1, 'ceil'", "attribute='age'", "attribute='name', reverse=true",
             "'age', 'gt', 5", "'tags', 'defined'", "'upper'", "'x', 'y', 1", "width=3", "10", "-1", "'b', default=5", "3, true", "case_sensitive=true", "'equalto', 1", "indent=2", "'utf-8'", "'{'", "**{'x': 1}", "*[1]"]


def environment():
    return _compile_jinja_template("").environment


def names():
    env = environment()
    yield from (("filter", n) for n in sorted(env.filters))
    yield from (("test", n) for n in sorted(env.tests))
    yield from (("function", n) for n in sorted(env.globals))
    for kind in (str, list, dict, tuple, int, float, bool):
        yield from (("method", n) for n in sorted(dir(kind)) if not n.startswith("_"))
    yield from (("method", n) for n in ("__class__", "__len__", "__html__", "mro", "nosuch"))


def render(template):
    now = datetime.fromtimestamp(TIME, timezone.utc)
    try:
        return {"expected": _compile_jinja_template(template).render(strftime_now=now.strftime, **copy.deepcopy(VALUES))}
    except Exception as error:  # what a template does with values is anything that Python raises
        return {"failed": f"{type(error).__name__}: {str(error)[:80]}"}


def expression(kind, name, receiver, arguments):
    call = f"({arguments})" if arguments else ""
    if kind == "filter":
        return f"({receiver}) | {name}{call}"
    if kind == "test":
        return f"({receiver}) is {name}{call}"
    if kind == "function":
        return f"{name}({arguments})" if receiver != "missing" else name
    return f"({receiver}).{name}({arguments})"


ENDS = {"filter": ["", " | list", " | length", " | tojson", " ~ 'x'", " is string"], "test": [""], "function": ["", " | list", " | string"], "method": ["", " | list", " | length", " == 1"]}


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--count", type=int, default=30000)
    ap.add_argument("--kept", type=int, default=3000)
    ap.add_argument("--seed", type=int, default=3)
    ap.add_argument("--out", type=Path, default=HERE / "jinja_cases.json")
    a = ap.parse_args()
    r = random.Random(a.seed)
    every = list(dict.fromkeys(names()))
    templates = {}

    def add(text, *used):
        # Printed addresses, sets and random choices differ from run to run.
        templates.setdefault(text, list(used))

    for kind, name in every:
        for receiver in r.sample(RECEIVERS, 8) + ["missing"]:
            add("{{ " + expression(kind, name, receiver, "") + " }}", name)
    while len(templates) < a.count:
        kind, name = r.choice(every)
        receiver = r.choice(RECEIVERS)
        if r.random() < 0.3:
            kind2, name2 = r.choice(every)
            receiver = expression(kind2, name2, receiver, r.choice(ARGUMENTS))
        else:
            name2 = name
        text = expression(kind, name, receiver, r.choice(ARGUMENTS)) + r.choice(ENDS[kind])
        add("{{ " + text + " }}" if r.random() < 0.8 else "{% for x in " + text + " %}[{{ x }}]{% endfor %}", name, name2)
    cases = []
    unstable = (" at 0x", "<generator", "<built-in", "<bound method", "<function", "<class", "dict_keys", "dict_items", "dict_values", "<map", "<reversed", "<zip")
    for text, used in templates.items():
        if any(n in ("random", "lipsum", "pprint") for n in used):
            continue
        answer = render(text)
        if any(u in answer.get("expected", "") for u in unstable):
            continue
        cases.append({"template": text, "names": sorted(set(used))} | answer)
    good = [c for c in cases if "expected" in c]
    bad = [c for c in cases if "failed" in c]
    cases = r.sample(good, min(len(good), a.kept)) + r.sample(bad, min(len(bad), a.kept // 2))
    out = {"time": TIME, "values": VALUES, "cases": cases}
    a.out.write_text(json.dumps(out, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(len(cases), "cases,", sum("expected" in c for c in cases), "renderings,", a.out.stat().st_size, "bytes,", len(every), "names")


if __name__ == "__main__":
    main()
