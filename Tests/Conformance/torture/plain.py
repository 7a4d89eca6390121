"""Plain use: what every client does."""

from .kit import ABSENT, ANY_SUCCESS, CLIENT_ERROR, HOST, JSON_TYPE, SUCCESS, chunked, get, seq


def cases(kit):
    add, ask, post, post_json, follower, health_path, post_path, good_json = (
        kit.add,
        kit.ask,
        kit.post,
        kit.post_json,
        kit.follower,
        kit.health_path,
        kit.post_path,
        kit.good_json,
    )
    add("base-get", "9110 9.3.1", ask(), {200})
    add("base-absent-404", "9110 15.5.5", get(ABSENT), {404})
    add(
        "base-date",
        "9110 6.6.1",
        ask(),
        {200},
        check=lambda o: None if o.responses[0].get("date") else "no Date in a 200 (MUST with a clock)",
    )
    add(
        "base-owS-and-case",
        "9112 5.1",
        b"GET " + health_path + b" HTTP/1.1\r\nhOsT:localhost\r\nX:\t a \t\r\nEmpty:\r\n\r\n",
        {200},
    )
    add("base-leading-crlf", "9112 2.2", b"\r\n" + ask(), {200, 400, "close"}, {200})
    add("base-http10", "9112 9.3", b"GET " + health_path + b" HTTP/1.0\r\n\r\n", {200}, must_close=True)
    add(
        "base-http10-keepalive",
        "9112 9.3",
        b"GET " + health_path + b" HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        {200},
    )
    add("base-conn-close", "9112 9.6", ask(b"Connection: close\r\n"), {200}, must_close=True)
    add("base-conn-close-list", "9110 7.6.1", ask(b"Connection: foo, CLOSE\r\n"), {200}, must_close=True)
    add(
        "base-close-stops-pipeline",
        "9112 9.6",
        ask(b"Connection: close\r\n") + follower,
        {200},
        check=seq([200, "close"]),
        n=2,
        wait=1,
    )
    add("base-keepalive-2", "9112 9.3", [ask(), 0.3, follower], {200}, n=2, check=seq([200, 404]))
    add("base-pipeline-3", "9112 9.3.2", ask() + follower + ask(), {200}, n=3, check=seq([200, 404, 200]))
    add(
        "base-pipeline-100",
        "9112 9.3.2",
        (ask() + follower) * 50,
        {200},
        n=100,
        wait=5,
        check=lambda o: (
            None
            if o.statuses == [200, 404] * 50
            else (
                "warn:closed after %d of 100 (a client can retry)" % len(o.statuses)
                if o.closed and o.statuses == ([200, 404] * 50)[: len(o.statuses)]
                else "wrong order or number: %d" % len(o.statuses)
            )
        ),
    )
    add(
        "base-byte-by-byte",
        "9112 2.1",
        [x for b in ask(b"X-A: b\r\n") for x in (bytes([b]), 0.002)],
        {200},
        wait=3,
    )
    add(
        "base-split-at-crlf",
        "9112 2.2",
        [b"GET " + health_path + b" HTTP/1.1\r", 0.1, b"\n" + HOST[:-1], 0.1, b"\n\r", 0.1, b"\n"],
        {200},
    )
    add("base-half-close", "9112 9.6", [ask(), "half"], {200, "close"}, {200})
    add("base-post-json", "-", post_json(good_json), ANY_SUCCESS, wait=10)
    add(
        "base-post-chunked",
        "9112 7.1",
        post(b"Transfer-Encoding: chunked\r\n", chunked([good_json[:3], good_json[3:]])),
        ANY_SUCCESS | {411},
        ANY_SUCCESS,
        wait=10,
    )
    add(
        "base-post-then-get",
        "9112 6.3",
        post_json(good_json) + follower,
        ANY_SUCCESS,
        n=2,
        wait=10,
        check=seq([SUCCESS, 404], [SUCCESS, "close"]),
    )
    add(
        "base-head",
        "9110 9.3.2",
        [ask(method=b"HEAD") + follower],
        {200, 405, 501},
        {200},
        methods=("HEAD", "GET"),
        n=2,
        check=seq([None, 404], [None, "close"]),
    )
    add(
        "base-head-404",
        "9110 9.3.2",
        [get(ABSENT, method=b"HEAD") + ask()],
        {404, 405, 501},
        {404},
        methods=("HEAD", "GET"),
        n=2,
        check=seq([None, 200], [None, "close"]),
    )
    add(
        "base-post-no-length",
        "9112 6.3",
        get(post_path, JSON_TYPE, method=b"POST") + follower,
        set(CLIENT_ERROR) | ANY_SUCCESS,
        set(CLIENT_ERROR),
        n=2,
        wait=4,
        check=seq([None, 404], [None, "close"]),
    )
