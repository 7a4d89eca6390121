"""Chunked bodies."""

from .kit import ANY_SUCCESS, CLIENT_ERROR, CRLF, REFUSED_AND_CLOSED, seq


def cases(kit):
    add, ask, post, follower, good_json = kit.add, kit.ask, kit.post, kit.follower, kit.good_json
    g = good_json
    L = b"%x" % len(g)

    def chunk(name, ref, body, ok, best=None, extra=b"", **k):
        add(
            "chunk-" + name,
            ref,
            post(b"Transfer-Encoding: chunked\r\n" + extra, body) + follower,
            ok,
            best,
            n=2,
            wait=k.pop("wait", 1.5),
            **k,
        )

    BADCH = {400, 413, "close"}
    for nm, size in (
        ("g", b"5g"),
        ("0x", b"0x5"),
        ("minus", b"-5"),
        ("plus", b"+5"),
        ("empty", b""),
        ("under", b"0_5"),
        ("dot", b"5.0"),
        ("fullwidth", "５".encode()),
        ("nul", b"5\x00"),
    ):
        chunk(
            "size-" + nm,
            "9112 7.1",
            size + b"\r\nhello\r\n0\r\n\r\n",
            BADCH,
            {400, 413},
            must_close=True,
            check=REFUSED_AND_CLOSED,
        )
    for nm, size in (
        ("2e32+5", b"100000005"),
        ("2e63+5", b"8000000000000005"),
        ("2e64-1", b"FFFFFFFFFFFFFFFF"),
        ("2e64+5", b"10000000000000005"),
        ("2e68", b"FFFFFFFFFFFFFFFF5"),
    ):
        chunk(
            "size-" + nm,
            "9112 7.1",
            size + b"\r\nhello\r\n0\r\n\r\n",
            BADCH | {"timeout"},
            {400, 413},
            check=seq([CLIENT_ERROR], [CLIENT_ERROR, "close"], ["close"], []),
            wait=1.2,
        )
    chunk(
        "size-lead-space",
        "9112 7.1",
        b" 5\r\nhello\r\n0\r\n\r\n",
        {400, "close"} | set(CLIENT_ERROR) | ANY_SUCCESS,
        {400},
        check=seq([None, 404], [None, "close"], ["close"]),
    )
    chunk(
        "size-trail-space",
        "9112 7.1.1",
        L + b" \r\n" + g + b"\r\n0\r\n\r\n",
        {400} | ANY_SUCCESS,
        {400},
        wait=10,
        check=seq([None, 404], [None, "close"]),
    )
    chunk(
        "size-lead-zeros",
        "9112 7.1",
        b"0" * 30 + L + CRLF + g + b"\r\n0\r\n\r\n",
        {400} | ANY_SUCCESS,
        wait=10,
        check=seq([None, 404], [None, "close"]),
    )
    chunk("size-endless", "9112 7.1", b"0" * (1 << 20), BADCH | ANY_SUCCESS, BADCH)
    chunk(
        "no-crlf-after",
        "9112 7.1",
        b"5\r\nhelloXX0\r\n\r\n",
        {400, "close"},
        {400},
        must_close=True,
        check=REFUSED_AND_CLOSED,
    )
    chunk(
        "long-data",
        "9112 7.1",
        b"3\r\nhello\r\n0\r\n\r\n",
        {400, "close"},
        {400},
        must_close=True,
        check=REFUSED_AND_CLOSED,
    )
    chunk(
        "lf-after-size",
        "9112 7.1",
        L + b"\n" + g + b"\r\n0\r\n\r\n",
        {400, "close"} | ANY_SUCCESS,
        {400},
        wait=10,
    )
    chunk(
        "lf-after-data",
        "9112 7.1",
        L + b"\r\n" + g + b"\n0\r\n\r\n",
        {400, "close"} | ANY_SUCCESS,
        {400},
        wait=10,
    )
    chunk(
        "cr-after-size",
        "9112 7.1",
        b"5\rhello\r\n0\r\n\r\n",
        {400, "close"},
        {400},
        must_close=True,
        check=REFUSED_AND_CLOSED,
    )
    chunk(
        "ext",
        "9112 7.1.1",
        L + b';a=b;c="d;e\\"f";g\r\n' + g + b"\r\n0;x\r\n\r\n",
        ANY_SUCCESS | {400},
        ANY_SUCCESS,
        wait=10,
        check=seq([None, 404], [None, "close"]),
    )
    chunk(
        "ext-bare-lf",
        "9112 7.1.1",
        L + b";\n" + b"x" * 2 + CRLF + g + b"\r\n0\r\n\r\n",
        {400, "close"} | ANY_SUCCESS,
        {400},
        wait=10,
    )
    chunk(
        "ext-bare-cr",
        "9112 7.1.1",
        L + b";a\rb\r\n" + g + b"\r\n0\r\n\r\n",
        {400, "close"} | ANY_SUCCESS,
        {400},
        wait=10,
    )
    chunk(
        "ext-1m",
        "9112 7.1.1",
        L + b";a=" + b"b" * (1 << 20) + CRLF + g + b"\r\n0\r\n\r\n",
        BADCH | {431} | ANY_SUCCESS,
        {400, 413, 431, "close"},
        wait=10,
    )
    chunk(
        "ext-each-byte",
        "9112 7.1.1",
        b"".join(b"1;" + b"e" * 200 + b"\r\n%c\r\n" % b for b in b" " * 5000 + g) + b"0\r\n\r\n",
        BADCH | {431} | ANY_SUCCESS,
        {400, 413, 431},
        wait=10,
    )
    chunk(
        "tiny-20k",
        "9112 7.1",
        b"".join(b"1\r\n%c\r\n" % b for b in b" " * 20000 + g) + b"0\r\n\r\n",
        BADCH | ANY_SUCCESS,
        wait=10,
    )
    chunk(
        "trailer",
        "9112 7.1.2",
        L + CRLF + g + b"\r\n0\r\nX-T: v\r\nX-U: w\r\n\r\n",
        ANY_SUCCESS | {400},
        ANY_SUCCESS,
        wait=10,
        check=seq([None, 404], [None, "close"]),
    )
    chunk(
        "trailer-cl",
        "9112 6.5.1",
        L + CRLF + g + b"\r\n0\r\nContent-Length: 500\r\nTransfer-Encoding: x\r\n\r\n",
        ANY_SUCCESS | {400},
        wait=10,
        check=seq([None, 404], [None, "close"]),
    )
    chunk(
        "trailer-bad",
        "9112 7.1.2",
        L + CRLF + g + b"\r\n0\r\nbad trailer line\r\n\r\n",
        ANY_SUCCESS | {400, "close"},
        {400},
        wait=10,
    )
    chunk(
        "trailer-1m",
        "9112 7.1.2",
        L + CRLF + g + b"\r\n0\r\n" + b"X-T: v\r\n" * 131072 + CRLF,
        BADCH | {431} | ANY_SUCCESS,
        BADCH | {431},
        wait=10,
    )
    add(
        "chunk-truncated-half-close",
        "9112 8",
        [post(b"Transfer-Encoding: chunked\r\n", b"5\r\nhel"), "half"],
        {400, 408, 499, 411, "close"},
        {400, "close"},
    )
    add(
        "chunk-no-last-half-close",
        "9112 8",
        [post(b"Transfer-Encoding: chunked\r\n", b"%s\r\n%s\r\n" % (L, g)), "half"],
        {400, 408, 499, 411, "close"},
        {400, "close"},
    )
    add(
        "chunk-endless",
        "9110 15.5.14",
        [post(b"Transfer-Encoding: chunked\r\n", b""), ("repeat", b"400\r\n" + b" " * 1024 + CRLF, 96 << 20)],
        {400, 413, 411, "close"},
        {413},
        wait=3,
    )

    def cont(c, case):
        c.pump(1.5, until=lambda: b"\r\n\r\n" in c.o.raw)
        got = c.o.raw[:12]
        c.o.note = "100" if got.startswith(b"HTTP/1.1 100") else ("final" if got else "silent")
        c.pump(2, good_json)

    add(
        "expect-100",
        "9110 10.1.1",
        [post(b"Content-Length: %d\r\nExpect: 100-continue\r\n" % len(good_json), b""), cont],
        ANY_SUCCESS | set(CLIENT_ERROR),
        ANY_SUCCESS,
        wait=10,
        check=lambda o: "neither 100 nor a final response within 1.5 s" if o.note == "silent" else None,
    )
    add(
        "expect-100-case",
        "9110 10.1.1",
        [post(b"Content-Length: %d\r\nexpect: 100-CONTINUE\r\n" % len(good_json), b""), cont],
        ANY_SUCCESS | {417},
        ANY_SUCCESS,
        wait=10,
        check=lambda o: (
            "warn:no 100 within 1.5 s (the value is case-insensitive)" if o.note == "silent" else None
        ),
    )
    add(
        "expect-100-http10",
        "9110 10.1.1",
        post(
            b"Content-Length: %d\r\nExpect: 100-continue\r\n" % len(good_json), good_json, version=b"HTTP/1.0"
        ),
        ANY_SUCCESS | {417, 400},
        ANY_SUCCESS,
        wait=10,
        check=lambda o: "sent 100 to an HTTP/1.0 client" if o.interim else None,
    )
    add(
        "expect-100-too-big",
        "9110 10.1.1",
        post(b"Content-Length: 10737418240\r\nExpect: 100-continue\r\n", b""),
        {400, 413, 417, "close", "timeout"},
        {413, 417},
        wait=1.5,
        check=lambda o: "warn:invited a 10 GiB body with 100" if o.interim else None,
    )
    add(
        "expect-unknown",
        "9110 10.1.1",
        post(b"Content-Length: %d\r\nExpect: 200-ok\r\n" % len(good_json), good_json),
        ANY_SUCCESS | {417, 400},
        {417},
        wait=10,
    )
    add(
        "upgrade-unknown",
        "9110 7.8",
        ask(b"Connection: upgrade\r\nUpgrade: foo/9\r\n"),
        {200, 400, 404, 426},
        {200},
    )
    add(
        "upgrade-h2c",
        "9110 7.8",
        ask(
            b"Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
        ),
        {200, 400, 101, 426},
        {200},
    )
