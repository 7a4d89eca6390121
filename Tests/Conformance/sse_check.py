#!/usr/bin/env python3
"""Check an event stream against the WHATWG rules, and its resume promise.

    sse_check.py http://127.0.0.1:8080/v1/stream/abc
    sse_check.py URL --post '{"prompt":"x","stream":true}' --done '[DONE]' --json-data
    sse_check.py URL --resume            # drop half-way, return with Last-Event-ID

Checks: 200; Content-Type text/event-stream (no charset but utf-8); no
Content-Length, no Content-Encoding nobody asked for; Cache-Control with no-store
or no-cache (and whether no-transform and X-Accel-Buffering: no are there);
strict chunked framing; UTF-8; no NUL; field names known; line ends of one kind;
the stream ends at a blank line; ids never empty, ordered when they are numbers;
first byte and longest silence within limits (heartbeats count).
Standard library only.  Exit 0 when nothing failed.
"""

import argparse
import json
import re
import socket
import sys
import time
from urllib.parse import urlsplit


class Stream:
    def __init__(self, url, post=None, headers=(), timeout=30):
        u = urlsplit(url)
        self.s = socket.create_connection((u.hostname, u.port or 80), timeout=5)
        self.s.settimeout(timeout)
        path = (u.path or "/") + ("?" + u.query if u.query else "")
        h = [
            "%s %s HTTP/1.1" % ("POST" if post is not None else "GET", path),
            "Host: " + u.netloc,
            "Accept: text/event-stream",
            "Cache-Control: no-cache",
        ] + list(headers)
        if post is not None:
            h += ["Content-Type: application/json", "Content-Length: %d" % len(post.encode())]
        self.t0 = time.monotonic()
        self.s.sendall(("\r\n".join(h) + "\r\n\r\n" + (post or "")).encode())
        self.buf, self.eof = b"", False
        while b"\r\n\r\n" not in self.buf:
            if not self.more():
                raise ValueError("closed before the response header")
        head, _, self.buf = self.buf.partition(b"\r\n\r\n")
        self.t_head = time.monotonic() - self.t0
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {}
        for line in lines[1:]:
            k, _, v = line.partition(":")
            self.headers[k.lower()] = v.strip()
        self.chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"

    def more(self):
        try:
            d = self.s.recv(65536)
        except socket.timeout:
            raise ValueError("silent for longer than the timeout") from None
        if not d:
            self.eof = True
        self.buf += d
        return bool(d)

    def blocks(self):
        """Body pieces as they arrive, framing checked."""
        if not self.chunked:
            if "content-length" in self.headers:
                raise ValueError("Content-Length on a stream")
            while True:
                if self.buf:
                    b, self.buf = self.buf, b""
                    yield b
                if not self.more():
                    return
        while True:
            while b"\r\n" not in self.buf:
                if not self.more():
                    raise ValueError("closed inside a chunk header: no last chunk")
            line, _, self.buf = self.buf.partition(b"\r\n")
            if not re.match(rb"^[0-9A-Fa-f]+$", line):
                raise ValueError("bad chunk size %r" % line[:30])
            n = int(line, 16)
            if n == 0:
                while b"\r\n" not in self.buf:
                    if not self.more():
                        raise ValueError("closed before the end of the last chunk")
                return
            while len(self.buf) < n + 2:
                if not self.more():
                    raise ValueError("closed inside a chunk")
            if self.buf[n : n + 2] != b"\r\n":
                raise ValueError("chunk without its CRLF")
            b, self.buf = self.buf[:n], self.buf[n + 2 :]
            yield b


class Check:
    def __init__(self):
        self.fails, self.warns, self.notes = [], [], []

    def fail(self, m):
        if m not in self.fails:
            self.fails.append(m)

    def warn(self, m):
        if m not in self.warns:
            self.warns.append(m)


def read(st, ck, a, stop_after=None):
    """-> list of (id, event, data, seconds)"""
    events, pend, ends, last_id = [], b"", set(), ""
    data, etype = [], ""
    t_last, gap, first, comments, maxb, nbytes = time.monotonic(), 0, None, 0, 0, 0
    t_end = time.monotonic() + a.seconds
    start = True
    for block in st.blocks():
        now = time.monotonic()
        gap, t_last = max(gap, now - t_last), now
        first = first if first is not None else now - st.t0
        maxb, nbytes = max(maxb, len(block)), nbytes + len(block)
        if start and block.startswith(b"\xef\xbb\xbf"):
            ck.warn("stream starts with a BOM")
            block = block[3:]
        start = False
        pend += block
        if b"\r" in pend:
            ends.add("CR or CRLF")
            pend = pend.replace(b"\r\n", b"\n") if not pend.endswith(b"\r") else pend
        while b"\n" in pend:
            line, _, pend = pend.partition(b"\n")
            ends.add("LF")
            if b"\0" in line:
                ck.fail("NUL in the stream")
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                ck.fail("not UTF-8: %r" % line[:40])
                text = line.decode("utf-8", "replace")
            if not text:
                if data or etype:
                    if not data:
                        ck.warn("an event without data is never dispatched")
                    events.append((last_id, etype or "message", "\n".join(data), now - st.t0))
                data, etype = [], ""
                continue
            if text.startswith(":"):
                comments += 1
                continue
            name, colon, value = text.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name == "data":
                data.append(value)
            elif name == "event":
                etype = value
            elif name == "id":
                if "\0" in value:
                    ck.fail("NUL in an id: clients ignore it")
                if value.isdigit() and last_id.isdigit() and int(value) <= int(last_id):
                    ck.fail("id %s after %s" % (value, last_id))
                last_id = value
            elif name == "retry":
                if not value.isdigit():
                    ck.fail("retry must be digits only: %r" % value)
            else:
                ck.fail("unknown field %r: clients drop it" % name[:30])
        if stop_after and len(events) >= stop_after or now > t_end:
            break
    else:
        if pend or data:
            ck.fail(
                "ended inside an event: clients throw the last one away (%r)"
                % (pend or data[-1].encode())[-40:]
            )
    ck.notes.append(
        "%d events, %d comments, %d bytes, head %.0f ms, first byte %.0f ms, longest silence %.1f s, biggest block %d"
        % (len(events), comments, nbytes, st.t_head * 1000, (first or 0) * 1000, gap, maxb)
    )
    if gap > a.max_silence:
        ck.fail("silent for %.1f s (limit %.0f): no heartbeat" % (gap, a.max_silence))
    return events


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("url")
    ap.add_argument("--post", help="JSON body: ask with POST")
    ap.add_argument("--seconds", type=float, default=20)
    ap.add_argument("--max-silence", type=float, default=20)
    ap.add_argument("--done", help="the data that ends a stream, such as [DONE]")
    ap.add_argument("--json-data", action="store_true", help="every data (but --done) must be JSON")
    ap.add_argument("--resume", action="store_true", help="needs ids and a stream that keeps its history")
    ap.add_argument("--header", action="append", default=[])
    a = ap.parse_args()
    ck = Check()
    try:
        st = Stream(a.url, a.post, a.header, a.max_silence + 5)
        if st.status != 200:
            ck.fail("status %d" % st.status)
            print("FAIL status %d" % st.status)
            return 1
        ct = st.headers.get("content-type", "").lower().replace(" ", "")
        if ct.split(";")[0] != "text/event-stream":
            ck.fail("Content-Type %r: EventSource refuses it" % ct)
        elif ";" in ct and ct.split(";", 1)[1].strip('"') not in ("charset=utf-8", 'charset="utf-8'):
            ck.warn("Content-Type parameter %r" % ct)
        cc = st.headers.get("cache-control", "").lower()
        if "no-store" not in cc and "no-cache" not in cc:
            ck.fail("Cache-Control %r: must stop caching" % cc)
        if "no-transform" not in cc:
            ck.warn("no Cache-Control: no-transform (a proxy may compress and so buffer)")
        if st.headers.get("x-accel-buffering", "").lower() != "no":
            ck.warn("no X-Accel-Buffering: no (nginx buffers)")
        if "content-encoding" in st.headers:
            ck.fail("Content-Encoding nobody asked for")
        if not st.chunked and st.headers.get("connection", "").lower() != "close":
            ck.warn("neither chunked nor Connection: close")
        events = read(st, ck, a)
        if not events:
            ck.fail("no events")
        if a.done is not None:
            n = sum(d == a.done for _, _, d, _ in events)
            if n != 1 or events[-1][2] != a.done:
                ck.fail(
                    "the end mark %r came %d times, last event %r"
                    % (a.done, n, events[-1][2][:40] if events else "")
                )
        if a.json_data:
            for _, _, d, _ in events:
                if d != a.done:
                    try:
                        json.loads(d)
                    except ValueError:
                        ck.fail("data is not JSON: %r" % d[:60])
        st.s.close()
        if a.resume:
            ids = [e for e in events if e[0]]
            if len(ids) < 4:
                ck.fail("--resume: fewer than 4 events with ids")
            else:
                mid = ids[len(ids) // 2 - 1]
                want = [e[0] for e in ids[len(ids) // 2 :]]
                st = Stream(a.url, a.post, a.header + ["Last-Event-ID: " + mid[0]], a.max_silence + 5)
                got = read(st, ck, a, stop_after=len(want))
                st.s.close()
                got_ids = [e[0] for e in got if e[0]][: len(want)]
                if got_ids != want[: len(got_ids)] or not got_ids:
                    ck.fail("resume after %s: expected %s..., got %s..." % (mid[0], want[:3], got_ids[:3]))
                elif [e[2] for e in got][: len(got_ids)] != [e[2] for e in ids[len(ids) // 2 :]][
                    : len(got_ids)
                ]:
                    ck.fail("resume: same ids, other data")
                else:
                    ck.notes.append(
                        "resumed after id %s: %d events, no gap, no repeat" % (mid[0], len(got_ids))
                    )
    except (OSError, ValueError) as e:
        ck.fail("%s: %s" % (type(e).__name__, e))
    for n in ck.notes:
        print("note " + n)
    for w in ck.warns:
        print("WARN " + w)
    for f in ck.fails:
        print("FAIL " + f)
    print("%d failed, %d warned" % (len(ck.fails), len(ck.warns)))
    return 1 if ck.fails else 0


if __name__ == "__main__":
    sys.exit(main())
