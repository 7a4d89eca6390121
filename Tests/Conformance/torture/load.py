"""Peers that are slow, or many, beside the main cases; and the question whether the server lives."""

import threading
import time

from .case import Conn
from .kit import get


def health(addr, options, limit=1.0):
    t0 = time.monotonic()
    try:
        c = Conn(addr)
    except OSError as e:
        return "connect: %s" % e, 0
    try:
        c.pump(limit, get(options.health.encode(), b"Connection: close\r\n"))

        def got():
            c.o.parse(["GET"])
            return bool(c.o.responses) or c.o.malformed

        c.pump(max(0.01, limit - (time.monotonic() - t0)), until=got)
        c.o.parse(["GET"])
        dt = time.monotonic() - t0
        if c.o.token != 200:
            return "GET %s -> %s" % (options.health, c.o.show()), dt
        return None, dt
    finally:
        c.close()


def slow_cases(addr, options, results):
    """Slow peers, all at once in threads, beside the main cases: each must be cut
    off (408 or close) within --idle-limit seconds."""
    health_path = options.health.encode()
    lim = options.idle_limit

    def one(name, first, drip, every):
        t0 = time.monotonic()
        try:
            c = Conn(addr)
        except OSError as e:
            results.append((name, "FAIL", "connect: %s" % e, ""))
            return
        c.pump(1, first) if first else None
        nxt = time.monotonic() + every
        while time.monotonic() - t0 < lim and not c.o.closed:
            c.pump(0.2, until=lambda: c.o.closed)
            if drip and time.monotonic() >= nxt and not c.o.closed:
                c.pump(0.2, drip)
                nxt += every
            if c.o.send_failed:
                break
        took = time.monotonic() - t0
        c.o.parse(["GET"])
        bad = [s for s in c.o.statuses if s not in (400, 408)]
        shown = c.o.show() + " after %.1f s" % took
        if bad:
            results.append((name, "FAIL", "answered %s to half a request" % bad, shown))
        elif not c.o.closed and not c.o.send_failed:
            results.append((name, "WARN", "still open after %.0f s" % lim, shown))
        else:
            results.append((name, "PASS", "", shown))
        c.close()

    post_path = options.post.encode()
    jobs = [
        ("slow-silent", b"", None, 1),
        ("slow-half-line", b"GET " + health_path[:3], None, 1),
        ("slow-headers-drip", b"GET " + health_path + b" HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n", 0.5),
        (
            "slow-body-stall",
            b"POST " + post_path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc",
            None,
            1,
        ),
        (
            "slow-body-drip",
            b"POST " + post_path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
            b"a",
            0.5,
        ),
        (
            "slow-chunk-drip",
            b"POST " + post_path + b" HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\n \r\n",
            0.5,
        ),
    ]
    ts = [threading.Thread(target=one, args=j, daemon=True) for j in jobs]
    for t in ts:
        t.start()
    return ts


def crowd(addr, options, count):
    """Many half-open requests at once; the server must still answer."""
    cs = []
    try:
        for _ in range(count):
            c = Conn(addr)
            c.pump(0.5, b"GET " + options.health.encode() + b" HTTP/1.1\r\nHost: lo")
            cs.append(c)
    except OSError as e:
        return "FAIL", "connection %d REFUSED_AND_CLOSED: %s" % (len(cs) + 1, e)
    finally:
        bad, dt = health(addr, options)
        for c in cs:
            c.close()
    return ("FAIL", bad) if bad else ("PASS", "")
