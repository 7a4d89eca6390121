"""Event streams."""

from .kit import get


def cases(kit):
    path = kit.event_path
    add = kit.add

    def stream(o):
        ct = o.raw.split(b"\r\n\r\n")[0].lower()
        return None if b"content-type: text/event-stream" in ct else "not text/event-stream"

    add("sse-abort", "-", [get(path, b"Accept: text/event-stream\r\n"), 0.2, "rst"], {"close"}, check=stream)
    add(
        "sse-last-event-id-junk",
        "WHATWG",
        [get(path, b"Last-Event-ID: \xff\xfe;'--,999999999999999999999999\r\n"), 0.3, "rst"],
        {"close"},
        check=lambda o: "5xx" if o.raw[:10].startswith(b"HTTP/1.1 5") else None,
    )
    add(
        "sse-head",
        "9110 9.3.2",
        get(path, method=b"HEAD"),
        {200, 405, 404},
        methods=("HEAD",),
        check=lambda o: "body after HEAD" if o.rest else None,
    )
