"""Responses, parsed strictly: status line, field syntax, one framing, exact length."""

import re

CRLF = b"\r\n"
TOKEN = re.compile(rb"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$")


class Bad(Exception):
    """The server's bytes are not a well-formed sequence of responses."""


class More(Exception):
    """Not complete yet."""


class Response:
    __slots__ = ("status", "version", "headers", "body", "until_close")

    def all(self, name):
        return [v for k, v in self.headers if k == name]

    def get(self, name):
        v = self.all(name)
        return v[0] if v else None


def parse_one(buf, method, closed):
    """One response from the front of buf -> (Response, rest)."""
    end = buf.find(b"\r\n\r\n")
    if end < 0:
        if len(buf) > 262144:
            raise Bad("response header section over 256 KiB")
        if buf[:5] != b"HTTP/"[: len(buf[:5])]:
            raise Bad("not a status line: %r" % buf[:40])
        raise More
    lines = buf[:end].split(CRLF)
    m = re.match(rb"^HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t \x21-\x7e\x80-\xff]*))?$", lines[0])
    if not m:
        raise Bad("bad status line: %r" % lines[0][:60])
    r = Response()
    r.version, r.status, r.headers, r.until_close = int(m[1]), int(m[2]), [], False
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.match(name):
            raise Bad("bad field line: %r" % line[:60])
        if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
            raise Bad("control character in a field value: %r" % line[:60])
        r.headers.append((name.decode().lower(), value.strip(b" \t").decode("latin-1")))
    rest = buf[end + 4 :]
    te, cl = r.all("transfer-encoding"), r.all("content-length")
    if te and cl:
        raise Bad("both Transfer-Encoding and Content-Length in a response")
    if len(set(cl)) > 1 or any(not c.isdigit() for c in cl):
        raise Bad("bad Content-Length in a response: %r" % cl)
    if r.status < 200 or r.status in (204, 304) or method == "HEAD":
        if r.status < 200 or r.status == 204:
            if te or (cl and cl[0] != "0"):
                raise Bad("%d with a body framing field" % r.status)
        r.body = b""
        return r, rest
    if te:
        if te[-1].lower() != "chunked":
            raise Bad("unknown Transfer-Encoding %r" % te)
        body = b""
        while True:
            line, sep, after = rest.partition(CRLF)
            if not sep:
                if len(rest) > 4096:
                    raise Bad("endless chunk-size line")
                raise More
            if not re.match(rb"^[0-9A-Fa-f]+(?:[ \t]*;.*)?$", line):
                raise Bad("bad chunk-size line %r" % line[:40])
            n = int(line.split(b";")[0], 16)
            if n == 0:
                while True:
                    t, sep, after2 = after.partition(CRLF)
                    if not sep:
                        raise More
                    after = after2
                    if not t:
                        r.body = body
                        return r, after
            if len(after) < n + 2:
                raise More
            if after[n : n + 2] != CRLF:
                raise Bad("chunk data not followed by CRLF")
            body += after[:n]
            rest = after[n + 2 :]
    if cl:
        n = int(cl[0])
        if len(rest) < n:
            raise More
        r.body = rest[:n]
        return r, rest[n:]
    if not closed:
        raise More
    r.body, r.until_close = rest, True
    return r, b""


class Outcome:
    def __init__(self):
        self.raw = b""
        self.closed = self.reset = False
        self.responses, self.interim = [], []
        self.malformed = None
        self.rest = b""
        self.sent = 0
        self.send_failed = False
        self.note = ""

    def parse(self, methods):
        self.responses, self.interim, self.malformed = [], [], None
        buf, i = self.raw, 0
        while buf:
            method = methods[min(i, len(methods) - 1)]
            try:
                r, buf = parse_one(buf, method, self.closed)
            except More:
                break
            except Bad as e:
                self.malformed = str(e)
                break
            if r.status < 200 and r.status != 101:
                self.interim.append(r)
            else:
                self.responses.append(r)
                i += 1
                if r.status == 101:
                    break
        self.rest = buf

    @property
    def token(self):
        if self.responses:
            return self.responses[0].status
        return "close" if self.closed else "timeout"

    @property
    def statuses(self):
        return [r.status for r in self.responses]

    def show(self):
        s = ",".join(map(str, [r.status for r in self.interim] + self.statuses))
        if self.reset:
            s += "+rst"
        elif self.closed:
            s += "+close"
        elif not s:
            s = "timeout"
        return s.lstrip("+")
