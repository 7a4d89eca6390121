"""What the groups of cases share: requests, allowed outcomes, and the list they add to."""

from .case import Case

CRLF = b"\r\n"
HOST = b"Host: localhost\r\n"
# Refusals: of anything, and of something too big in any of the usual words.
REFUSED = {400}
TOO_BIG = {400, 413, 414, 431, "close"}
ABSENT = b"/torture-absent"
JSON_TYPE = b"Content-Type: application/json\r\n"
BODY = b"hello"
CHUNKED_BODY = b"5\r\nhello\r\n0\r\n\r\n"

SUCCESS = range(200, 300)
CLIENT_ERROR = range(400, 500)
ANY_SUCCESS = set(SUCCESS)


def get(path=b"/health", extra=b"", version=b"HTTP/1.1", method=b"GET", host=HOST, body=b""):
    return method + b" " + path + b" " + version + CRLF + host + extra + CRLF + body


def chunked(chunks):
    return b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"


def seq(*allowed):
    """The whole list of final statuses must be one of these (None = any)."""

    def check(o):
        for a in allowed:
            closed_needed = a and a[-1] == "close"
            want = [x for x in a if x != "close"]
            if (
                len(want) == len(o.statuses)
                and all(
                    w is None or s == w or (isinstance(w, (set, range)) and s in w)
                    for w, s in zip(want, o.statuses, strict=True)
                )
                and (not closed_needed or o.closed)
            ):
                return None
        return "response sequence %s%s" % (o.statuses, "+close" if o.closed else " (left open)")

    return check


# After a message whose framing is refused: exactly one 4xx or 5xx, and then the end.
REFUSED_AND_CLOSED = seq([range(400, 600), "close"], ["close"])


class Kit:
    """The paths of the server under test, and the cases so far."""

    def __init__(self, options):
        self.health_path = options.health.encode()
        self.post_path = options.post.encode()
        self.good_json = options.good_json.encode()
        self.static_path = options.static.encode()
        self.websocket_path = (options.ws or "").encode()
        self.event_path = (options.sse or "").encode()
        # A pipelined follower whose answer (404) is recognisable.
        self.follower = get(ABSENT)
        self.cases = []

    def add(self, *arguments, **more):
        self.cases.append(Case(*arguments, **more))

    def ask(self, extra=b"", **more):
        """GET of the health path."""
        return get(more.pop("path", self.health_path), extra, **more)

    def post(self, extra, body, **more):
        """POST of JSON, framed by the caller's fields."""
        return get(self.post_path, JSON_TYPE + extra, method=b"POST", body=body, **more)

    def post_json(self, body, ct=JSON_TYPE, extra=b""):
        """POST of a body with its length."""
        length = b"Content-Length: %d\r\n" % len(body)
        return get(self.post_path, ct + extra + length, method=b"POST", body=body)
