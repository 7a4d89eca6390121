"""Header fields."""

from .kit import CRLF, HOST, TOO_BIG, get, seq


def cases(kit):
    add, ask, follower, health_path = kit.add, kit.ask, kit.follower, kit.health_path
    add("host-missing", "9112 3.2", get(health_path, host=b""), {400})
    add("host-twice", "9112 3.2", ask(HOST), {400})
    add("host-twice-differs", "9112 3.2", ask(b"Host: evil.example\r\n"), {400})
    add("host-space", "9112 3.2", get(health_path, host=b"Host: bad host\r\n"), {400})
    add("host-nul", "9112 3.2", get(health_path, host=b"Host: local\x00host\r\n"), {400, "close"}, {400})
    add("host-empty", "9112 3.2", get(health_path, host=b"Host:\r\n"), {200, 400})
    add(
        "host-userinfo",
        "9110 7.2",
        get(health_path, host=b"Host: u@localhost\r\n"),
        {200, 400, 421},
        {400, 421},
    )
    add(
        "host-port-bad",
        "9110 7.2",
        get(health_path, host=b"Host: localhost:abc\r\n"),
        {200, 400, 421},
        {400, 421},
    )
    add("host-port-range", "9110 7.2", get(health_path, host=b"Host: localhost:99999\r\n"), {200, 400, 421})
    add("host-path", "9110 7.2", get(health_path, host=b"Host: localhost/x\r\n"), {200, 400, 421}, {400, 421})
    add("field-space-before-colon", "9112 5.1", ask(b"X-A : b\r\n"), {400})
    add("field-tab-before-colon", "9112 5.1", ask(b"X-A\t: b\r\n"), {400})
    add("field-space-in-name", "9110 5.1", ask(b"Bad Name: b\r\n"), {400})
    add("field-no-colon", "9112 5", ask(b"NoColonHere\r\n"), {400, "close"}, {400})
    add("field-empty-name", "9112 5", ask(b": value\r\n"), {400, "close"}, {400})
    add("field-name-brackets", "9110 5.6.2", ask(b"X-Bad[]: a\r\n"), {400, 200}, {400})
    add("field-name-nul", "9110 5.6.2", ask(b"X-B\x00d: a\r\n"), {400, "close"}, {400})
    add("field-name-utf8", "9110 5.6.2", ask(b"X-\xc3\xa9: a\r\n"), {400, 200, "close"}, {400})
    add("field-value-nul", "9110 5.5", ask(b"X-A: a\x00b\r\n"), {400, 200, "close"}, {400})
    add("field-value-ctl", "9110 5.5", ask(b"X-A: a\x01b\r\n"), {400, 200}, {400})
    add("field-value-obs-text", "9110 5.5", ask(b"X-A: a\xffb\xc3\x28\r\n"), {400, 200}, {200})
    add("field-obs-fold", "9112 5.2", ask(b"X-A: a\r\n b\r\n"), {400, 200}, {400})
    add(
        "field-obs-fold-te",
        "9112 5.2",
        ask(b"Transfer-Encoding:\r\n chunked\r\n") + b"0\r\n\r\n" + follower,
        {400, 200},
        {400},
        n=2,
        wait=1.5,
        check=seq([range(400, 600), "close"], [200, 404], [200, "close"]),
    )
    add(
        "field-first-line-folded",
        "9112 2.2",
        b"GET " + health_path + b" HTTP/1.1\r\n X-A: a\r\n" + HOST + CRLF,
        {400, 200},
        {400},
    )
    add("field-bare-lf-lines", "9112 2.2", ask(b"X-A: b\r\n").replace(CRLF, b"\n"), {200, 400, "close"})
    add("field-bare-lf-one", "9112 2.2", ask(b"X-A: b\nX-B: c\r\n"), {200, 400}, {400})
    add("field-bare-cr", "9112 2.2", ask(b"X-A: a\rb\r\n"), {200, 400, "close"}, {400})
    # If a bare CR ended a line, the server would now wait for a chunked body.
    add(
        "field-bare-cr-smuggle",
        "9112 2.2",
        ask(b"X-A: a\rTransfer-Encoding: chunked\r\n"),
        {200, 400, "close"},
        {400},
    )
    add("field-cr-cr-lf", "9112 2.2", ask(b"X-A: a\r\r\n"), {200, 400, "close"}, {400})
    add("field-9k", "9112 5", ask(b"X-A: " + b"v" * 9000 + CRLF), {200, 400, 431})
    add("field-1m", "9112 5", ask(b"X-A: " + b"v" * (1 << 20) + CRLF), TOO_BIG, {431, 400, "close"})
    add(
        "field-endless-value",
        "9112 5",
        [b"GET " + health_path + b" HTTP/1.1\r\n" + HOST + b"X-A: ", ("repeat", b"v" * 1024, 16 << 20)],
        TOO_BIG,
        {431, 400, "close"},
        wait=3,
    )
    add("field-count-101", "9112 5", ask(b"".join(b"X-%d: v\r\n" % i for i in range(101))), {200, 400, 431})
    add(
        "field-count-5000",
        "9112 5",
        ask(b"".join(b"X-%d: v\r\n" % i for i in range(5000))),
        TOO_BIG | {200},
        TOO_BIG,
    )
    add(
        "field-endless-count",
        "9112 5",
        [b"GET " + health_path + b" HTTP/1.1\r\n" + HOST, ("repeat", b"A: b\r\n", 16 << 20)],
        TOO_BIG,
        {431, 400, "close"},
        wait=3,
    )
    add("field-same-name-2000", "9112 5", ask(b"X-Dup: v\r\n" * 2000), TOO_BIG | {200}, TOO_BIG)
    add(
        "field-hash-flood",
        "security",
        ask(b"".join(b"%s: v\r\n" % bytes(97 + (i >> s & 3) for s in range(0, 12, 2)) for i in range(1000))),
        TOO_BIG | {200},
    )
    add(
        "field-connection-10k",
        "9110 7.6.1",
        ask(b"Connection: " + b",".join([b"x"] * 3000) + CRLF),
        {200, 400, 431},
    )
