#!/usr/bin/env python3
"""Run the Autobahn WebSocket cases against an echo endpoint.

    autobahn.py ws://127.0.0.1:8080/echo            # quick profile
    autobahn.py ws://127.0.0.1:8080/echo --full     # all 517 cases
    autobahn.py URL --cases '5.*' --cases '7.13.1'  # a selection

The endpoint must echo every text and binary message back unchanged, and (for
groups 12 and 13) negotiate permessage-deflate.

What runs the cases is the PyPI package `kosoku` (MIT; the Autobahn case files
themselves, Apache-2.0, driven by a Rust engine).  The original
`autobahntestsuite` is Python 2 source and cannot run on Python 3, so it is not
used.  On first use the script makes a virtual environment (--venv, or
$AUTOBAHN_VENV, or a folder in the user's cache) and installs the package.

Bounded time: each case has its own limit (--case-timeout) and the whole run
has one (--deadline); a case that was not finished counts as failed ("TIMEOUT")
or as "not run", never as passed.

Output: one line per failing case, then `N passed, M failed`.
Exit: 0 all passed (or failed only cases named with --allow), 1 otherwise,
2 could not run.
"""

import argparse
import asyncio
import collections
import fnmatch
import json
import os
import subprocess
import sys
import time
from urllib.parse import urlsplit

PACKAGE = "kosoku==0.1.0"
# Groups 12/13: the last number picks the message size (1..10: 16 B .. 128 KiB
# whole, 11..18: 8..128 KiB auto-fragmented), 1000 messages each.  The quick
# profile keeps the small sizes and one big one.
QUICK_DEFLATE_SIZES = {1, 3, 5, 7}
# A verdict other than these two pairs is a failure.
GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}


def default_venv():
    base = os.environ.get("AUTOBAHN_VENV")
    if base:
        return base
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "autobahn-" + PACKAGE.replace("==", "-"))


def ensure_venv(path):
    py = os.path.join(path, "bin", "python")
    probe = [py, "-c", "import kosoku"]
    if os.path.exists(py) and subprocess.run(probe, capture_output=True).returncode == 0:
        return py
    print(f"installing {PACKAGE} (first use) ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", path], check=True)
    subprocess.run([py, "-m", "pip", "install", "-q", "--disable-pip-version-check", PACKAGE], check=True)
    return py


def in_quick(case):
    p = case.split(".")
    if p[0] in ("12", "13"):
        return int(p[2]) in QUICK_DEFLATE_SIZES
    return True


def select(all_cases, args):
    if args.cases:
        picked = [c for c in all_cases if any(fnmatch.fnmatch(c, g) for g in args.cases)]
    elif args.full:
        picked = list(all_cases)
    else:
        picked = [c for c in all_cases if in_quick(c)]
    return [c for c in picked if not any(fnmatch.fnmatch(c, g) for g in args.exclude)]


# ---- inner process (inside the virtual environment): one JSON line per case --


async def inner(args):
    # This file's own name must not shadow the cases' `autobahn` package.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]
    import kosoku
    import kosoku.cases as kc

    cases = select(list(kc.CASES), args)
    print(json.dumps({"plan": cases}), flush=True)
    gate = asyncio.Semaphore(args.parallel)

    async def one(case):
        async with gate:
            t0 = time.monotonic()
            try:
                try:
                    res = await asyncio.wait_for(
                        kosoku.run_fuzzingclient(args.url, [case]), args.case_timeout
                    )
                except kosoku.FailureError as e:
                    res = e.results
                if not res:
                    raise RuntimeError("no result")
                r = res[0]
                row = {
                    "case": case,
                    "behavior": r.behavior.value,
                    "close": r.behavior_close.value,
                    "agent": r.agent,
                    "code": r.remote_close_code,
                    "reason": r.remote_close_reason,
                    "why": r.result,
                    "why_close": r.result_close,
                }
            except asyncio.TimeoutError:
                row = {"case": case, "behavior": "TIMEOUT", "close": "-", "why": "over the case limit"}
            except Exception as e:  # connection refused, engine error
                row = {"case": case, "behavior": "ERROR", "close": "-", "why": f"{type(e).__name__}: {e}"}
            row["s"] = round(time.monotonic() - t0, 3)
            print(json.dumps(row), flush=True)

    await asyncio.gather(*(one(c) for c in cases))


# ---- outer process -----------------------------------------------------------


def passed(row, strict):
    # Autobahn's own rule: the exchange must be acceptable, and so must the close.
    if strict and row["behavior"] == "NON-STRICT":
        return False
    return row["behavior"] in GOOD and row["close"] in GOOD


def outer(args):
    if urlsplit(args.url).scheme not in ("ws", "wss"):
        print("URL must start with ws:// or wss://", file=sys.stderr)
        return 2
    try:
        py = ensure_venv(args.venv)
    except (subprocess.CalledProcessError, OSError) as e:
        print(f"cannot prepare the virtual environment: {e}", file=sys.stderr)
        return 2
    cmd = [
        py,
        os.path.abspath(__file__),
        args.url,
        "--inner",
        "--parallel",
        str(args.parallel),
        "--case-timeout",
        str(args.case_timeout),
    ]
    cmd += ["--full"] if args.full else []
    for c in args.cases:
        cmd += ["--cases", c]
    for c in args.exclude:
        cmd += ["--exclude", c]

    t0 = time.monotonic()
    p = subprocess.Popen(cmd, stdout=subprocess.PIPE, text=True)
    import threading

    stopped = threading.Event()

    def stop():
        stopped.set()
        p.kill()

    timer = threading.Timer(args.deadline, stop)
    timer.start()
    plan, rows = None, {}
    try:
        for line in p.stdout:
            row = json.loads(line)
            if "plan" in row:
                plan = row["plan"]
                continue
            rows[row["case"]] = row
            if args.verbose:
                print(f"{row['case']:8} {row['behavior']:13} {row['close']:13} {row['s']:.2f}s", flush=True)
        p.wait()
    finally:
        timer.cancel()
        if p.poll() is None:
            p.kill()
            p.wait()
    if plan is None:
        print("the case engine did not start", file=sys.stderr)
        return 2

    fails, allowed, good = [], [], 0
    for case in plan:
        row = rows.get(case) or {
            "case": case,
            "behavior": "NOT RUN",
            "close": "-",
            "why": "over --deadline" if stopped.is_set() else "engine ended early",
            "s": 0,
        }
        rows[case] = row
        if passed(row, args.strict):
            good += 1
        elif any(fnmatch.fnmatch(case, g) for g in args.allow):
            allowed.append(row)
        else:
            fails.append(row)
    for title, group in (("FAIL", fails), ("ALLOWED", allowed)):
        for r in group:
            extra = f" peer closed {r['code']} {r.get('reason') or ''}" if r.get("code") else ""
            print(f"{title} {r['case']}: {r['behavior']}/{r['close']}: {r.get('why', '')}{extra}")
    shades = collections.Counter(r["behavior"] for r in rows.values())
    agent = next((r["agent"] for r in rows.values() if r.get("agent")), "?")
    print(
        f"server: {agent}; "
        + ", ".join(f"{k} {v}" for k, v in sorted(shades.items()))
        + f"; {time.monotonic() - t0:.0f} s"
    )
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"url": args.url, "results": [rows[c] for c in plan]}, f, indent=1)
    print(
        f"{good} passed, {len(fails) + len(allowed)} failed"
        + (f" ({len(allowed)} of them allowed)" if allowed else "")
    )
    return 1 if fails or not plan else 0


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("url")
    ap.add_argument("--full", action="store_true", help="all 517 cases (default: 349 of them)")
    ap.add_argument("--cases", action="append", default=[], metavar="GLOB")
    ap.add_argument("--exclude", action="append", default=[], metavar="GLOB")
    ap.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="GLOB",
        help="a case that may fail (a decision of ours, with its reason written down elsewhere)",
    )
    ap.add_argument("--strict", action="store_true", help="NON-STRICT is failed, too")
    ap.add_argument("--parallel", type=int, default=1)
    ap.add_argument("--case-timeout", type=float, default=100)
    ap.add_argument("--deadline", type=float, default=900, help="seconds for the whole run")
    ap.add_argument("--venv", default=default_venv())
    ap.add_argument("--json", metavar="FILE", help="write every case's verdict")
    ap.add_argument("-v", "--verbose", action="store_true")
    ap.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    args = ap.parse_args()
    if args.inner:
        asyncio.run(inner(args))
        return 0
    return outer(args)


if __name__ == "__main__":
    sys.exit(main())
