#!/usr/bin/env python3
"""Fan-out load: many SSE or WebSocket subscribers on one epoll loop.

    fanout.py http://127.0.0.1:8080/v1/stream/abc --clients 500 --seconds 10
    fanout.py ws://127.0.0.1:8080/v1/frames --clients 200 --slow 20 --slow-rate 10000

Counts events and bytes for each client, and reports the total rate, the spread
between clients, what became of the slow readers, and latency when an event
carries a send time: the text `"t_ns":<CLOCK_MONOTONIC nanoseconds>` anywhere in
it (same machine only).  --slow N of the clients read at --slow-rate bytes/s
with a small receive buffer.  --pid reports the server's memory and CPU.

One process takes some tens of thousands of small events a second with latency
(it says when it is itself the limit): run several for more, or give --no-parse
to count bytes only.  Standard library only.
"""

import argparse
import base64
import os
import re
import resource
import select
import socket
import sys
import time
from urllib.parse import urlsplit

T = re.compile(rb'"t_ns":\s*(\d+)')


class Client:
    __slots__ = (
        "s",
        "slow",
        "buf",
        "head",
        "events",
        "bytes",
        "status",
        "closed",
        "err",
        "next_read",
        "lat",
        "left",
        "tail",
        "close_code",
    )

    def __init__(self, s, slow):
        self.s, self.slow, self.buf, self.head = s, slow, b"", False
        self.events = self.bytes = self.status = self.left = 0
        self.closed, self.err, self.next_read, self.lat, self.tail, self.close_code = (
            None,
            "",
            0,
            [],
            b"",
            None,
        )


def feed(c, d, ws, parse, want_lat):
    c.bytes += len(d)
    if not c.head:
        c.buf += d
        i = c.buf.find(b"\r\n\r\n")
        if i < 0:
            return
        c.status = int(c.buf[9:12])
        c.head, d, c.buf = True, c.buf[i + 4 :], b""
    if not parse:
        return
    if want_lat and not c.slow:
        now = time.monotonic_ns()
        for m in T.finditer(d):
            c.lat.append(now - int(m[1]))
    if not ws:
        # an event ends at a blank line; chunk framing never contains one
        x = c.tail + d
        c.events += x.count(b"\n\n") + x.count(b"\n\r\n\r\n")
        c.tail = x[-1:] if not x.endswith(b"\n\n") else b""
        return
    b, p = c.buf + d if c.buf else d, 0
    n = len(b)
    if c.left:
        k = min(c.left, n)
        c.left -= k
        p = k
    while n - p >= 2:
        size, header = b[p + 1] & 127, 2
        if size == 126:
            header = 4
            if n - p < 4:
                break
            size = int.from_bytes(b[p + 2 : p + 4], "big")
        elif size == 127:
            header = 10
            if n - p < 10:
                break
            size = int.from_bytes(b[p + 2 : p + 10], "big")
        op, fin = b[p] & 15, b[p] & 128
        if op == 8 and n - p >= header + 2:
            c.close_code = int.from_bytes(b[p + header : p + header + 2], "big")
        if op == 9:
            if n - p < header + size:
                break
            try:
                c.s.send(bytes([0x8A, 0x80 | size]) + b"\0\0\0\0" + b[p + header : p + header + size])
            except OSError:
                pass
        elif fin and op < 8:
            c.events += 1
        p += header
        k = min(size, n - p)
        c.left = size - k
        p += k
        if c.left:
            break
    c.buf = b[p:]


def pct(v, q):
    return v[min(len(v) - 1, int(len(v) * q))]


def proc(pid):
    f = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    rss = next(int(x.split()[1]) for x in open("/proc/%d/status" % pid) if x.startswith("VmRSS"))
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK"), rss


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("url")
    ap.add_argument("--clients", type=int, default=100)
    ap.add_argument("--slow", type=int, default=0)
    ap.add_argument("--slow-rate", type=int, default=10000, help="bytes a second")
    ap.add_argument("--seconds", type=float, default=5)
    ap.add_argument("--header", action="append", default=[])
    ap.add_argument("--protocol", help="WebSocket subprotocol to ask for")
    ap.add_argument(
        "--deflate", action="store_true", help="offer permessage-deflate (frames are counted, not inflated)"
    )
    ap.add_argument("--no-parse", action="store_true")
    ap.add_argument("--equal", action="store_true", help="fail unless all fast clients get equally many events")
    ap.add_argument("--pid", type=int)
    a = ap.parse_args()
    u = urlsplit(a.url)
    ws = u.scheme == "ws"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, a.clients + 100)), hard))
    path = (u.path or "/") + ("?" + u.query if u.query else "")
    h = ["GET %s HTTP/1.1" % path, "Host: " + u.netloc] + a.header
    if ws:
        h += [
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(),
        ]
        h += ["Sec-WebSocket-Protocol: " + a.protocol] if a.protocol else []
        h += ["Sec-WebSocket-Extensions: permessage-deflate"] if a.deflate else []
    else:
        h += ["Accept: text/event-stream"]
    req = ("\r\n".join(h) + "\r\n\r\n").encode()
    before = proc(a.pid) if a.pid else None
    ep, cs, t_conn = select.epoll(), {}, time.monotonic()
    for i in range(a.clients):
        slow = i < a.slow
        s = socket.socket()
        if slow:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        s.settimeout(5)
        try:
            s.connect((u.hostname, u.port or 80))
            s.sendall(req)
        except OSError as e:
            print("client %d: %s" % (i, e), file=sys.stderr)
            break
        s.setblocking(False)
        cs[s.fileno()] = Client(s, slow)
        if not slow:
            ep.register(s, select.EPOLLIN)
    t0 = time.monotonic()
    end = t0 + a.seconds
    slows = [c for c in cs.values() if c.slow]

    def take(c, n):
        try:
            d = c.s.recv(n)
        except BlockingIOError:
            return
        except OSError as e:
            d, c.err = b"", type(e).__name__
        if d:
            feed(c, d, ws, not a.no_parse, True)
        else:
            c.closed = time.monotonic() - t0
            if not c.slow:
                ep.unregister(c.s)

    while (now := time.monotonic()) < end and any(c.closed is None for c in cs.values()):
        for fd, _ in ep.poll(0.02):
            take(cs[fd], 262144)
        for c in slows:
            if c.closed is None and now >= c.next_read:
                take(c, max(1, a.slow_rate // 20))
                c.next_read = now + 0.05
    dt = time.monotonic() - t0
    fast = [c for c in cs.values() if not c.slow]
    if fast:
        ev = sorted(c.events for c in fast)
        print(
            "%d clients connected in %.2f s; statuses %s"
            % (len(cs), t0 - t_conn, sorted({c.status for c in cs.values()}))
        )
        print(
            "fast: %d clients, %.0f events/s, %.1f MB/s in %.1f s; events a client min %d median %d max %d; closed early %d"
            % (
                len(fast),
                sum(ev) / dt,
                sum(c.bytes for c in fast) / dt / 1e6,
                dt,
                ev[0],
                pct(ev, 0.5),
                ev[-1],
                sum(c.closed is not None for c in fast),
            )
        )
        lat = sorted(x for c in fast for x in c.lat)
        if lat:
            print(
                "latency ms: p50 %.2f p99 %.2f p99.9 %.2f max %.2f (%d samples)"
                % (*(pct(lat, q) / 1e6 for q in (0.5, 0.99, 0.999)), lat[-1] / 1e6, len(lat))
            )
    if slows:
        # A slow reader sees the server's close only behind what the kernels hold: drain to find out.
        before_drain = pct(sorted(c.bytes for c in slows), 0.5)
        if before:
            at_end = proc(a.pid)
        t_end = time.monotonic() + 2
        while time.monotonic() < t_end and any(c.closed is None for c in slows):
            for c in slows:
                if c.closed is None:
                    take(c, 262144)
            time.sleep(0.002)
        cl = [c for c in slows if c.closed is not None]
        print(
            "slow: %d clients read %d bytes each (median); %d of them had been closed by the server (codes %s), after %d bytes in all, kernel buffers included (median)"
            % (
                len(slows),
                before_drain,
                len(cl),
                sorted({str(c.close_code or c.err or "eof") for c in cl}),
                pct(sorted(c.bytes for c in cl), 0.5) if cl else 0,
            )
        )
    if before:
        after = at_end if slows else proc(a.pid)
        print("server: %.2f s of CPU, memory %d -> %d KiB" % (after[0] - before[0], before[1], after[1]))
    me = resource.getrusage(resource.RUSAGE_SELF)
    print(
        "this client: %.2f s of CPU in %.1f s%s"
        % (
            me.ru_utime + me.ru_stime,
            dt,
            " (saturated: it limits the result)" if me.ru_utime + me.ru_stime > 0.85 * dt else "",
        )
    )
    if a.equal:
        equal = len(fast) == a.clients - a.slow and 0 < ev[0] == ev[-1]
        print("%s: %d clients with %d to %d events each" % ("passed" if equal else "failed", len(fast), ev[0], ev[-1]))
        return 0 if equal else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
