"""One case: what is sent, what may come back, and the peer that plays it."""

import select
import socket
import struct
import time

from .responses import Outcome


class Case:
    """steps: bytes to send | float seconds to pause (still reading) |
    'half' (shutdown write) | 'rst' (abort) | callable(conn) | ('repeat', bytes, total)."""

    def __init__(
        self,
        name,
        ref,
        steps,
        ok,
        best=None,
        methods=("GET",),
        n=1,
        wait=2.0,
        check=None,
        must_close=False,
        linger=0.12,
        need=None,
        small_rcv=False,
    ):
        self.name, self.ref = name, ref
        self.steps = steps if isinstance(steps, list) else [steps]
        self.ok = set(ok) | set(best or ())
        self.best = set(best) if best is not None else None
        self.methods, self.n, self.wait, self.check = list(methods), n, wait, check
        self.must_close, self.linger, self.need, self.small_rcv = must_close, linger, need, small_rcv


class Conn:
    def __init__(self, addr, small_rcv=False):
        self.s = socket.socket(socket.AF_INET6 if ":" in addr[0] else socket.AF_INET)
        if small_rcv:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.s.settimeout(3)
        self.s.connect(addr)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s.setblocking(False)
        self.o = Outcome()

    def pump(self, timeout, out=b"", until=None):
        """Send `out` while reading; True when all was sent (or until() holds)."""
        view, pos = memoryview(out), 0
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if self.o.closed and pos >= len(view):
                return True
            if pos >= len(view) and (until is None and out or until is not None and until()):
                return True
            if left <= 0:
                return False
            want_w = [self.s] if pos < len(view) and not self.o.send_failed else []
            if self.o.closed and not want_w:
                return False
            r, w, _ = select.select([] if self.o.closed else [self.s], want_w, [], min(left, 0.25))
            if w:
                try:
                    k = self.s.send(view[pos : pos + 65536])
                    pos += k
                    self.o.sent += k
                except BlockingIOError:
                    pass
                except OSError:
                    self.o.send_failed = True
                    pos = len(view)
            if r:
                try:
                    d = self.s.recv(262144)
                    if d:
                        self.o.raw += d
                    else:
                        self.o.closed = True
                except BlockingIOError:
                    pass
                except OSError:
                    self.o.closed = self.o.reset = True

    def close(self, rst=False):
        try:
            if rst:
                self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.s.close()
        except OSError:
            pass


def run_case(addr, case):
    c = Conn(addr, case.small_rcv)
    try:
        for step in case.steps:
            if isinstance(step, bytes):
                if not c.pump(case.wait + 8, step):
                    c.o.note = "send stalled"
                    break
            elif isinstance(step, (int, float)):
                c.pump(step, until=lambda: False)
            elif step == "half":
                try:
                    c.s.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            elif step == "rst":
                c.close(rst=True)
                c.o.closed = True
                return c.o
            elif isinstance(step, tuple) and step[0] == "repeat":
                _, piece, total = step
                block = piece * max(1, 65536 // len(piece))
                t_end = time.monotonic() + 10
                while (
                    c.o.sent < total and not c.o.closed and not c.o.send_failed and time.monotonic() < t_end
                ):
                    if not c.pump(3, block):
                        c.o.note = "server stopped reading"
                        break
                    if c.o.raw:
                        c.o.parse(case.methods)
                        if c.o.responses or c.o.malformed:
                            break
            elif callable(step):
                step(c, case)

        def enough():
            c.o.parse(case.methods)
            return c.o.malformed or len(c.o.responses) >= case.n

        c.pump(case.wait, until=enough)
        if not c.o.closed:
            c.pump(
                0.6 if case.must_close else case.linger,
                until=(lambda: c.o.closed) if case.must_close else (lambda: False),
            )
        c.o.parse(case.methods)
        return c.o
    finally:
        c.close()


def judge(case, o):
    """-> ('PASS'|'WARN'|'FAIL', why)"""
    if o.malformed and case.methods != ["ANY"]:
        return "FAIL", "malformed response: " + o.malformed
    tok = o.token
    if tok not in case.ok:
        return "FAIL", "outcome %s, allowed %s" % (tok, fmt(case.ok))
    if case.must_close and not o.closed:
        return "FAIL", "the connection had to be closed after this"
    if o.rest and o.closed and not o.malformed and tok != 101:
        return "FAIL", "response cut off or stray bytes: %r" % o.rest[:40]
    if case.check:
        bad = case.check(o)
        if bad:
            return ("WARN", bad[5:]) if bad.startswith("warn:") else ("FAIL", bad)
    if case.best is not None and tok not in case.best:
        return "WARN", "%s is allowed; better %s" % (tok, fmt(case.best))
    return "PASS", ""


def fmt(s):
    return "/".join(map(str, sorted(s, key=str)))
