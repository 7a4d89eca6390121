"""Ranges and encodings."""

from .kit import CRLF


def cases(kit):
    add, ask = kit.add, kit.ask

    def small(o):
        return "response over 1 MiB" if len(o.raw) > 1 << 20 else None

    add(
        "range-first-4",
        "9110 14.2",
        ask(b"Range: bytes=0-3\r\n"),
        {200, 206},
        check=lambda o: (
            "206 but not 4 bytes or no Content-Range"
            if o.token == 206 and (len(o.responses[0].body) != 4 or not o.responses[0].get("content-range"))
            else None
        ),
    )
    add("range-bad", "9110 14.2", ask(b"Range: bytes=abc\r\n"), {200, 416, 400}, {200})
    add("range-unit", "9110 14.2", ask(b"Range: lines=1-2\r\n"), {200, 416}, {200})
    add("range-past-end", "9110 14.2", ask(b"Range: bytes=999999999-\r\n"), {200, 416})
    add("range-overflow", "9110 14.2", ask(b"Range: bytes=0-99999999999999999999999\r\n"), {200, 206, 416})
    add(
        "range-1000",
        "9110 14.2",
        ask(b"Range: bytes=" + b",".join([b"0-"] * 1000) + CRLF),
        {200, 206, 400, 416, 431},
        check=small,
    )
    add(
        "accept-encoding-none",
        "9110 12.5.3",
        ask(b"Accept-Encoding: identity;q=0, *;q=0\r\n"),
        {200, 406, 415},
    )
    add("accept-html", "9110 12.5.1", ask(b"Accept: application/x-nothing\r\n"), {200, 406})
