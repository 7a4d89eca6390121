"""Request lines, versions, targets and methods."""

import re

from .kit import CRLF, HOST, TOO_BIG, get


def cases(kit):
    add, ask, health_path, static_path = kit.add, kit.ask, kit.health_path, kit.static_path
    R400 = {400, "close"}
    add("line-method-unknown", "9110 15.6.2", ask(method=b"BREW"), {400, 404, 405, 501}, {405, 501})
    add("line-method-lowercase", "9110 9.1", ask(method=b"get"), {400, 404, 405, 501}, {400, 405, 501})
    add("line-method-bad-char", "9112 3.1", ask(method=b"G@T"), {400, 405, 501, "close"}, {400, 501})
    add("line-method-empty", "9112 3", b" " + health_path + b" HTTP/1.1\r\n" + HOST + CRLF, R400, {400})
    add("line-method-colon", "9112 3.1", ask(method=b"GET:"), {400, 405, 501, "close"}, {400, 501})
    add("line-method-64k", "9112 3", ask(method=b"A" * 65536), TOO_BIG | {405, 501}, {400, 414, 431, 501})
    add(
        "line-two-spaces",
        "9112 3",
        b"GET  " + health_path + b" HTTP/1.1\r\n" + HOST + CRLF,
        {200, 404} | R400,
        {400},
    )
    add("line-tabs", "9112 3", b"GET\t" + health_path + b"\tHTTP/1.1\r\n" + HOST + CRLF, {200} | R400, {400})
    add(
        "line-trailing-space",
        "9112 3",
        b"GET " + health_path + b" HTTP/1.1 \r\n" + HOST + CRLF,
        {200, 505} | R400,
        {400},
    )
    add(
        "line-vt-ff-separator",
        "9112 3",
        b"GET\x0b" + health_path + b"\x0cHTTP/1.1\r\n" + HOST + CRLF,
        {501} | R400,
        {400},
    )
    add(
        "line-no-version", "9112 3", b"GET " + health_path + b"\r\n\r\n", {200, 400, 505, "close"}, {400, 505}
    )
    add("line-garbage", "9112 3", b"\x00\x01\x02\x03 nonsense\r\n\r\n", {400, 501, 505, "close"}, {400})
    add("line-only-lf", "9112 3", b"\n\n\n\n" + ask(), {200, 400, "close"})
    for v, ok, best in (
        (b"HTTP/2.0", {200, 400, 505, "close"}, {400, 505}),
        (b"HTTP/1.2", {200, 400, 505}, {200}),
        (b"HTTP/0.9", {400, 505, 200, "close"}, {400, 505}),
        (b"http/1.1", {400, 505, "close"}, {400, 505}),
        (b"HTTP/1", {400, 505, "close"}, {400, 505}),
        (b"HTTP/1.10", {400, 505, "close"}, {400, 505}),
        (b"HTTP/11.1", {400, 505, "close"}, {400, 505}),
        (b"HTTP/+1.1", {400, 505, "close"}, {400, 505}),
        (b"HTTP/1,1", {400, 505, "close"}, {400, 505}),
        (b"HTTP/1.1\x00", {400, 505, "close"}, {400, 505}),
        (b"HTTPS/1.1", {400, 505, "close"}, {400, 505}),
        (b"XTTP/1.1", {400, 505, "close"}, {400, 505}),
    ):
        add("line-version-" + re.sub(r"[^\w.+,-]", "_", v.decode()), "9112 2.3", ask(version=v), ok, best)
    add(
        "line-h2-preface",
        "9113 3.4",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        {400, 404, 405, 501, 505, "close"},
        {400, 505, "close"},
    )
    add(
        "line-tls-hello",
        "-",
        bytes.fromhex("16030100a5010000a10303") + b"\x11" * 160 + b"\r\n\r\n",
        {400, "close"},
        {400, "close"},
    )
    add("target-space", "9112 3.2", ask(path=health_path + b" x"), {400, 404, 505, "close"}, {400})
    add("target-nul", "9112 3.2", ask(path=health_path + b"\x00"), {400, "close"}, {400})
    add("target-ctl", "9112 3.2", ask(path=health_path + b"\x01"), {400, 404, "close"}, {400})
    add("target-del", "9112 3.2", ask(path=health_path + b"\x7f"), {400, 404, "close"}, {400})
    add("target-raw-utf8", "9112 3.2", ask(path=b"/caf\xc3\xa9"), {400, 404}, {400})
    add("target-raw-latin1", "9112 3.2", ask(path=b"/caf\xe9"), {400, 404, "close"}, {400})
    add("target-fragment", "9112 3.2.1", ask(path=health_path + b"#frag"), {200, 400, 404}, {400})
    add("target-missing", "9112 3", b"GET HTTP/1.1\r\n" + HOST + CRLF, {400, 505, "close"}, {400})
    add("target-no-slash", "9112 3.2", ask(path=b"health"), {400, 404, "close"}, {400})
    add("target-star-get", "9112 3.2.4", ask(path=b"*"), {400, 404, 405, "close"}, {400})
    add(
        "target-options-star",
        "9110 9.3.7",
        get(b"*", method=b"OPTIONS"),
        {200, 204, 400, 404, 405, 501},
        {200, 204},
    )
    add("target-absolute", "9112 3.2.2", get(b"http://localhost" + health_path), {200})
    add(
        "target-absolute-other-host",
        "9112 3.2.2",
        get(b"http://localhost" + health_path, host=b"Host: other.example\r\n"),
        {200, 400, 421},
        {200, 421},
    )
    add("target-absolute-no-host", "9112 3.2", get(b"http://localhost" + health_path, host=b""), {400})
    add(
        "target-absolute-nopath",
        "9112 3.2.2",
        get(b"http://localhost"),
        {200, 301, 302, 307, 308, 400, 403, 404},
    )
    add(
        "target-absolute-ftp",
        "9112 3.2.2",
        get(b"ftp://localhost" + health_path),
        {200, 400, 404, 421},
        {400, 404, 421},
    )
    add(
        "target-absolute-userinfo",
        "9110 4.2.4",
        get(b"http://u:p@localhost" + health_path),
        {200, 400, 404},
        {400},
    )
    add(
        "target-absolute-badport",
        "3986 3.2.3",
        get(b"http://localhost:x" + health_path),
        {200, 400, 404},
        {400},
    )
    add("target-authority-get", "9112 3.2.3", get(b"localhost:80"), {400, 404, "close"}, {400})
    add(
        "method-connect",
        "9110 9.3.6",
        get(b"localhost:80", method=b"CONNECT"),
        {400, 404, 405, 501, "close"},
        {400, 405, 501},
    )
    add("method-trace", "9110 9.3.8", ask(method=b"TRACE"), {400, 403, 404, 405, 501}, {405, 501})
    add(
        "method-not-allowed",
        "9110 15.5.6",
        ask(method=b"DELETE"),
        {400, 403, 404, 405, 501},
        {405},
        check=lambda o: (
            "405 without Allow (MUST)" if o.token == 405 and o.responses[0].get("allow") is None else None
        ),
    )
    add("target-8k", "9112 3", ask(path=b"/" + b"a" * 8100), {404, 414, 400, 431})
    add("target-100k", "9112 3", ask(path=b"/" + b"a" * 100000), TOO_BIG | {404}, {414, 400, 431})
    add(
        "target-endless",
        "9112 3",
        [b"GET /", ("repeat", b"a" * 1024, 16 << 20)],
        TOO_BIG,
        {414, 400, 431, "close"},
        wait=3,
    )
    add(
        "path-pct-equiv",
        "3986 6.2.2.2",
        ask(path=health_path[:1] + b"%%%02x" % health_path[1] + health_path[2:]),
        {200, 400, 404},
        {200},
    )
    for nm, p in (
        ("nul", health_path + b"%00"),
        ("bad", b"/%zz"),
        ("cut", b"/%e"),
        ("only", b"/%"),
        ("ff", b"/%ff"),
        ("overlong", b"/%c0%ae%c0%ae/"),
        ("surrogate", b"/%ed%a0%80"),
        ("crlf", b"/%0d%0aX-Injected:%20yes"),
    ):
        add(
            "path-pct-" + nm,
            "3986 2.1",
            ask(path=p),
            {400, 403, 404},
            check=lambda o: "header injected" if any(r.get("x-injected") for r in o.responses) else None,
        )
    for nm, p in (
        ("dots", b"/../../../../../../etc/passwd"),
        ("static", static_path + b"../../../../../../etc/passwd"),
        ("enc-slash", static_path + b"..%2f..%2f..%2f..%2f..%2fetc%2fpasswd"),
        ("enc-dots", static_path + b"%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd"),
        ("double-enc", static_path + b"%252e%252e/%252e%252e/etc/passwd"),
        ("backslash", static_path + b"..\\..\\..\\etc\\passwd"),
        ("abs", static_path + b"//etc/passwd"),
        ("nul-ext", static_path + b"../../etc/passwd%00.html"),
        ("semi", static_path + b"..;/..;/etc/passwd"),
        ("proc", static_path + b"../../../../proc/self/environ"),
    ):
        add(
            "path-traversal-" + nm,
            "security",
            ask(path=p),
            {400, 403, 404, 301, 308},
            check=lambda o: (
                "file content leaked"
                if any(b"root:" in r.body or b"PATH=" in r.body for r in o.responses)
                else None
            ),
        )
    for nm, p in (
        ("dot", b"/." + health_path),
        ("slashes", b"/" + health_path),
        ("trailing", health_path + b"/"),
        ("semi", health_path + b";a=b"),
        ("query", health_path + b"?" + b"&&==%zz&" * 50),
    ):
        add("path-odd-" + nm, "3986 6.2.2", ask(path=p), {200, 301, 302, 307, 308, 400, 404})
