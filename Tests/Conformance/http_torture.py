#!/usr/bin/env python3
"""HTTP/1.1 robustness corpus and runner: raw sockets, standard library only.

    http_torture.py 127.0.0.1:8080
    http_torture.py 127.0.0.1:8080 --post /v1/completions --good-json '{"prompt":"x"}' \
                    --ws /echo --pid 1234

Each case says which bytes go out, and which outcomes RFC 9112 / RFC 9110 allow.
An outcome is the first final status (an int), or 'close' (closed or reset with
no response), or 'timeout' (still open and silent when the case's time was up).

  best   what a careful server does            -> PASS
  ok     what the standards still allow        -> WARN (PASS without a `best`)
  other  against a MUST, or unsafe             -> FAIL

After every case a fresh connection asks GET /health and must get 200 within a
second; if not, the case FAILS whatever it returned.  Every response is parsed
strictly (status line, field syntax, one framing, exact length): a malformed
response FAILS too.

What the server must offer: GET --health -> 200 with a body; POST --post accepts
--good-json with 2xx and refuses a bad JSON document with a 4xx.  Nothing else
needs to exist: /torture-absent must be 404.

Exit: 0 no FAIL (and no WARN with --strict), 1 otherwise, 2 cannot run.
"""

import argparse
import fnmatch
import json
import os
import sys
import time

from torture.case import fmt, judge, run_case
from torture.corpus import corpus
from torture.load import crowd, health, slow_cases


def proc(pid):
    try:
        rss = next(int(line.split()[1]) for line in open("/proc/%d/status" % pid) if line.startswith("VmRSS"))
        return rss, len(os.listdir("/proc/%d/fd" % pid))
    except (OSError, StopIteration):
        return None


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("address", help="host:port")
    ap.add_argument("--health", default="/health")
    ap.add_argument("--post", default="/v1/completions")
    ap.add_argument("--good-json", default='{"prompt":"hi","max_tokens":1}')
    ap.add_argument("--static", default="/static/", help="prefix of served files, for path traversal")
    ap.add_argument("--ws", help="WebSocket path: adds handshake cases")
    ap.add_argument("--sse", help="event-stream path: adds stream cases")
    ap.add_argument("--pid", type=int, help="server process: report memory and open files before and after")
    ap.add_argument("--only", action="append", default=[], metavar="GLOB")
    ap.add_argument("--skip", action="append", default=[], metavar="GLOB")
    ap.add_argument("--idle-limit", type=float, default=35, help="seconds a slow peer may hold a connection")
    ap.add_argument("--no-slow", action="store_true")
    ap.add_argument("--crowd", type=int, default=200)
    ap.add_argument("--strict", action="store_true", help="a WARN fails the run too")
    ap.add_argument("--json", metavar="FILE")
    ap.add_argument("--list", action="store_true")
    ap.add_argument("-v", "--verbose", action="store_true", help="print passing cases too")
    options = ap.parse_args()
    host, _, port = options.address.rpartition(":")
    addr = (host.strip("[]") or "127.0.0.1", int(port))
    cases = [
        c
        for c in corpus(options)
        if (not options.only or any(fnmatch.fnmatch(c.name, g) for g in options.only))
        and not any(fnmatch.fnmatch(c.name, g) for g in options.skip)
    ]
    if options.list:
        for c in cases:
            data = b"".join(
                s if isinstance(s, bytes) else s[1] * 2 if isinstance(s, tuple) else b"" for s in c.steps
            )
            print(
                "%-28s %-12s ok %s%s\n    %r%s"
                % (
                    c.name,
                    c.ref,
                    fmt(c.ok),
                    "" if c.best is None else "; best " + fmt(c.best),
                    data[:160],
                    " ... %d bytes" % len(data) if len(data) > 160 else "",
                )
            )
        return 0
    bad, _ = health(addr, options, 5)
    if bad:
        print("cannot start: " + bad, file=sys.stderr)
        return 2
    before = proc(options.pid) if options.pid else None
    slow, threads = [], []
    t0 = time.monotonic()
    if not options.no_slow and not options.only:
        threads = slow_cases(addr, options, slow)
    rows, worst = [], 0.0

    def report(name, ref, verdict, why, shown):
        rows.append({"case": name, "ref": ref, "verdict": verdict, "why": why, "outcome": shown})
        if verdict != "PASS" or options.verbose:
            print("%-4s %-28s %-14s %-12s %s" % (verdict, name, shown, ref, why), flush=True)

    for case in cases:
        try:
            o = run_case(addr, case)
            verdict, why = judge(case, o)
            shown = o.show()
        except OSError as e:
            verdict, why, shown = "FAIL", "cannot connect: %s" % e, "-"
        bad, dt = health(addr, options)
        worst = max(worst, dt)
        if bad:
            verdict, why = "FAIL", (why + "; " if why else "") + "server not healthy afterwards: " + bad
        report(case.name, case.ref, verdict, why, shown)
        if bad:
            time.sleep(1)
            if health(addr, options, 5)[0]:
                print("the server is gone; stopping", file=sys.stderr)
                break
    else:
        if not options.only:
            verdict, why = crowd(addr, options, options.crowd)
            report("crowd-%d-half-requests" % options.crowd, "-", verdict, why, "-")
    for t in threads:
        t.join(options.idle_limit + 5)
    for name, verdict, why, shown in sorted(slow):
        report(name, "9110 15.5.9", verdict, why, shown)
    if before:
        time.sleep(0.5)
        after = proc(options.pid)
        if after is None:
            report("process", "-", "FAIL", "process gone", "-")
        else:
            leak = after[1] - before[1]
            report(
                "process",
                "-",
                "FAIL" if leak > 8 else "PASS",
                "open files %d -> %d" % (before[1], after[1]) if leak > 8 else "",
                "-",
            )
            print(
                "process: memory %d -> %d KiB, open files %d -> %d"
                % (before[0], after[0], before[1], after[1])
            )
    n = {v: sum(r["verdict"] == v for r in rows) for v in ("PASS", "WARN", "FAIL")}
    if options.json:
        with open(options.json, "w") as f:
            json.dump(rows, f, indent=1)
    print("slowest health answer %.0f ms; %.0f s" % (worst * 1000, time.monotonic() - t0))
    print("%d passed, %d warned, %d failed" % (n["PASS"], n["WARN"], n["FAIL"]))
    return 1 if n["FAIL"] or (options.strict and n["WARN"]) else 0


if __name__ == "__main__":
    sys.exit(main())
