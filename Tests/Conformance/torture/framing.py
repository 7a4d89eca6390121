"""Message framing: lengths, codings, and the shapes of request smuggling."""

import gzip

from .kit import (
    ABSENT,
    ANY_SUCCESS,
    BODY,
    CHUNKED_BODY,
    CLIENT_ERROR,
    CRLF,
    REFUSED_AND_CLOSED,
    chunked,
    get,
    seq,
)


def cases(kit):
    add, ask, post, follower, good_json = kit.add, kit.ask, kit.post, kit.follower, kit.good_json
    for nm, hd in (
        ("cl-te", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("te-cl", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        ("cl0-te", b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
    ):
        add(
            "smuggle-" + nm,
            "9112 6.1/6.3",
            post(hd, CHUNKED_BODY) + follower,
            set(range(400, 600)) | ANY_SUCCESS,
            {400},
            n=2,
            wait=1.5,
            must_close=True,
            check=seq([None, "close"]),
        )
    # A body that looks like a request must never be answered as one.
    inner = get(b"/torture-inner")
    add(
        "smuggle-get-body",
        "9110 9.3.1",
        ask(b"Content-Length: %d\r\n" % len(inner), body=inner) + follower,
        {200, 400, 413},
        n=3,
        wait=1.5,
        check=seq([200, 404], [range(200, 500), "close"]),
    )
    add(
        "smuggle-head-body",
        "9110 9.3.2",
        ask(b"Content-Length: %d\r\n" % len(inner), method=b"HEAD", body=inner) + follower,
        {200, 400, 405, 413, 501},
        n=3,
        wait=1.5,
        methods=("HEAD", "GET"),
        check=seq([None, 404], [None, "close"]),
    )
    add(
        "smuggle-404-body",
        "9112 9.3",
        get(ABSENT, b"Content-Length: %d\r\n" % len(inner), method=b"POST", body=inner) + ask(),
        {404, 405},
        n=3,
        wait=1.5,
        check=seq([range(400, 500), 200], [range(400, 500), "close"]),
    )
    add(
        "cl-dup-same",
        "9112 6.3",
        post(b"Content-Length: 5\r\nContent-Length: 5\r\n", BODY) + follower,
        set(CLIENT_ERROR) | ANY_SUCCESS,
        {400},
        n=2,
        wait=1.5,
        check=seq([None, 404], [None, "close"]),
    )
    for nm, v in (
        ("dup-differ", b"5\r\nContent-Length: 6"),
        ("dup-0", b"5\r\nContent-Length: 0"),
        ("list-differ", b"5, 6"),
        ("plus", b"+5"),
        ("minus", b"-5"),
        ("minus0", b"-0"),
        ("suffix", b"5x"),
        ("hex", b"0x5"),
        ("two", b"5 5"),
        ("dot", b"5.0"),
        ("exp", b"5e0"),
        ("empty", b""),
        ("comma", b"5,"),
        ("under", b"1_0"),
        ("fullwidth", "５".encode()),
        ("arabic", "٥".encode()),
        ("quote", b'"5"'),
        ("semi", b"5;a"),
        ("vt", b"\x0b5"),
        ("nul", b"5\x00"),
        ("2e64+5", b"18446744073709551621"),
        ("2e128", b"3" * 40),
        ("4k-digits", b"0" * 4000 + b"5x"),
    ):
        add(
            "cl-" + nm,
            "9112 6.3",
            post(b"Content-Length: " + v + CRLF, BODY) + follower,
            {400, 413, 431, "close"},
            {400, 413, 431},
            n=2,
            wait=1.5,
            must_close=True,
            check=REFUSED_AND_CLOSED,
        )
    add(
        "cl-list-same",
        "9112 6.3",
        post(b"Content-Length: 5, 5\r\n", BODY) + follower,
        set(CLIENT_ERROR) | ANY_SUCCESS,
        {400},
        n=2,
        wait=1.5,
        check=seq([None, 404], [None, "close"]),
    )
    add(
        "cl-leading-zeros",
        "9110 8.6",
        post(b"Content-Length: 0000000000000000000000005\r\n", BODY) + follower,
        set(CLIENT_ERROR) | ANY_SUCCESS,
        n=2,
        wait=1.5,
        check=seq([None, 404], [None, "close"]),
    )
    add(
        "cl-10g",
        "9110 15.5.14",
        post(b"Content-Length: 10737418240\r\n", BODY),
        {400, 413, "close", "timeout"},
        {413},
        wait=1.5,
    )
    # Grammatical but huge: waiting for the body is no violation, reading it as 5 is.
    for nm, v in (
        ("2e32+5", b"4294967301"),
        ("2e63", b"9223372036854775808"),
        ("2e63+5", b"9223372036854775813"),
    ):
        add(
            "cl-" + nm,
            "9110 8.6",
            post(b"Content-Length: " + v + CRLF, BODY) + follower,
            {400, 413, "close", "timeout"},
            {400, 413},
            n=2,
            wait=1.2,
            check=seq([CLIENT_ERROR], [CLIENT_ERROR, "close"], ["close"], []),
        )
    add(
        "cl-short-half-close",
        "9112 8",
        [post(b"Content-Length: 500\r\n", BODY), "half"],
        {400, 408, 499, "close"},
        {400, "close"},
    )
    for nm, v in (
        ("unknown", b"xchunked"),
        ("identity", b"identity"),
        ("chunked-identity", b"chunked, identity"),
        ("chunked-twice", b"chunked, chunked"),
        ("vt", b"\x0bchunked"),
        ("quote", b'"chunked"'),
        ("nul", b"chunked\x00"),
        ("suffix", b"chunkedx"),
        ("empty", b""),
        ("comma", b",chunked,x"),
        ("two-lines", b"chunked\r\nTransfer-Encoding: identity"),
        ("two-lines-x", b"x\r\nTransfer-Encoding: y"),
    ):
        add(
            "te-" + nm,
            "9112 6.1",
            post(b"Transfer-Encoding: " + v + CRLF, CHUNKED_BODY) + follower,
            {400, 501, 411, "close"},
            {400, 501},
            n=2,
            wait=1.5,
            must_close=True,
            check=REFUSED_AND_CLOSED,
        )
    # The same on a route that reads no body, where no JSON error can stand in for the refusal.
    for nm, hd, bd in (
        ("te-unknown", b"Transfer-Encoding: nonsense\r\n", CHUNKED_BODY),
        ("te-chunked-identity", b"Transfer-Encoding: chunked, identity\r\n", CHUNKED_BODY),
        ("cl-differ", b"Content-Length: 5\r\nContent-Length: 6\r\n", BODY),
        ("cl-suffix", b"Content-Length: 5x\r\n", BODY),
        ("chunk-size", b"Transfer-Encoding: chunked\r\n", b"5g\r\nhello\r\n0\r\n\r\n"),
    ):
        add(
            "get-" + nm,
            "9112 6.1/6.3",
            ask(hd, body=bd) + follower,
            {200, 400, 501, "close"},
            {400, 501},
            n=2,
            wait=1.2,
            must_close=True,
            check=seq([None, "close"], ["close"]),
        )
    add(
        "te-gzip-chunked",
        "9112 6.1",
        post(b"Transfer-Encoding: gzip, chunked\r\n", chunked([gzip.compress(good_json, 6, mtime=0)]))
        + follower,
        {400, 415, 501} | ANY_SUCCESS,
        {501, 400},
        n=2,
        wait=1.5,
        check=seq([None, 404], [None, "close"]),
    )
    add(
        "te-case",
        "9112 7",
        post(b"Transfer-Encoding: ChUnKeD\r\n", chunked([good_json])) + follower,
        ANY_SUCCESS | {411},
        ANY_SUCCESS,
        n=2,
        wait=10,
        check=seq([None, 404], [None, "close"]),
    )
    add(
        "te-params",
        "9112 7",
        post(b"Transfer-Encoding: chunked;q=1\r\n", chunked([good_json])) + follower,
        {400, 501} | ANY_SUCCESS,
        {400, 501},
        n=2,
        wait=1.5,
        check=seq([None, 404], [None, "close"]),
    )
    add(
        "te-http10",
        "9112 6.1",
        post(b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n", CHUNKED_BODY, version=b"HTTP/1.0")
        + follower,
        set(range(400, 600)) | ANY_SUCCESS,
        {400, 501},
        n=2,
        wait=1.5,
        must_close=True,
        check=seq([None, "close"]),
    )
    add(
        "te-space-colon",
        "9112 5.1",
        post(b"Transfer-Encoding : chunked\r\n", CHUNKED_BODY) + follower,
        {400},
        n=2,
        wait=1.5,
        must_close=True,
        check=REFUSED_AND_CLOSED,
    )
