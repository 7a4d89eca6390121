"""JSON bodies."""

import gzip

from .kit import ANY_SUCCESS, CRLF, seq


def cases(kit):
    add, post_json, follower, good_json = kit.add, kit.post_json, kit.follower, kit.good_json
    J4 = {400, 413, 415, 422}

    def j(name, body, ok=J4, best=None, **k):
        add(
            "json-" + name,
            "8259",
            post_json(body, **{x: k.pop(x) for x in ("ct", "extra") if x in k}) + follower,
            ok,
            best,
            n=2,
            wait=k.pop("wait", 4),
            check=seq([None, 404], [None, "close"]),
        )

    open_ = good_json.rstrip()[:-1]  # the good_json object without its last brace, to add members
    sep = b"," if open_.strip() != b"{" else b""

    def member(m):
        return open_ + sep + m + b"}"

    j("empty", b"")
    j("space", b"   \n")
    j("truncated", good_json[:-1])
    j("trailing-garbage", good_json + b" x")
    j("two-documents", good_json + good_json)
    j("single-quotes", b"{'a': 1}")
    j("trailing-comma", open_ + b",}")
    j("comment", b"/* c */" + good_json)
    j("invalid-utf8", member(b'"x":"\xff\xfe"'))
    j("overlong-utf8", member(b'"x":"\xc0\x80"'))
    j("surrogate-utf8", member(b'"x":"\xed\xa0\x80"'))
    j("cut-utf8", member(b'"x":"\xe2\x82"'))
    j("raw-newline-in-string", member(b'"x":"a\nb"'))
    j("bad-escape", member(b'"x":"\\q"'))
    j("lone-surrogate-escape", member(b'"x":"\\ud800"'), J4 | ANY_SUCCESS)
    j("nul-escape", member(b'"x":"a\\u0000b"'), J4 | ANY_SUCCESS)
    j("nul-raw", member(b'"x":"a\x00b"'))
    j("bom", b"\xef\xbb\xbf" + good_json, J4 | ANY_SUCCESS)
    j("utf16", good_json.decode().encode("utf-16"))
    j("nan", member(b'"x":NaN'), J4 | ANY_SUCCESS, J4)
    j("infinity", member(b'"x":-Infinity'), J4 | ANY_SUCCESS, J4)
    j("leading-zero", member(b'"x":01'))
    j("hex-number", member(b'"x":0x10'))
    j("1e400", member(b'"x":1e400'), J4 | ANY_SUCCESS)
    j("1e-400", member(b'"x":1e-400'), J4 | ANY_SUCCESS)
    j("exp-huge", member(b'"x":1e999999999999'), J4 | ANY_SUCCESS)
    j("int-2e63", member(b'"x":9223372036854775808'), J4 | ANY_SUCCESS)
    j("int-100k-digits", member(b'"x":' + b"9" * 100000), J4 | ANY_SUCCESS)
    j("frac-100k-digits", member(b'"x":0.' + b"1" * 100000), J4 | ANY_SUCCESS)
    j("minus-zero", member(b'"x":-0'), J4 | ANY_SUCCESS)
    j("dup-keys", member(b'"x":1,"x":2'), J4 | ANY_SUCCESS)
    j("dup-keys-20k", member(b",".join([b'"x":1'] * 20000)), J4 | ANY_SUCCESS)
    j("keys-50k", member(b",".join(b'"k%d":1' % i for i in range(50000))), J4 | ANY_SUCCESS)
    j("deep-array-100k", b"[" * 100000)
    j("deep-array-closed-100k", member(b'"x":' + b"[" * 100000 + b"]" * 100000), J4 | ANY_SUCCESS, J4)
    j("deep-object-50k", b'{"a":' * 50000 + b"1" + b"}" * 50000, J4 | ANY_SUCCESS, J4)
    j("deep-500", member(b'"x":' + b"[" * 500 + b"]" * 500), J4 | ANY_SUCCESS)
    j("array-top", b"[]")
    j("string-top", b'"x"')
    j("null-top", b"null")
    j("string-512k", member(b'"x":"' + b"a" * (512 << 10) + b'"'), J4 | ANY_SUCCESS)
    j("escapes-512k", member(b'"x":"' + b"\\u0041" * 87381 + b'"'), J4 | ANY_SUCCESS)
    j("type-text", good_json, J4 | ANY_SUCCESS, {415} | ANY_SUCCESS, ct=b"Content-Type: text/plain\r\n")
    j("type-none", good_json, J4 | ANY_SUCCESS, {415} | ANY_SUCCESS, ct=b"")
    j(
        "type-utf16",
        good_json,
        J4 | ANY_SUCCESS,
        {415} | ANY_SUCCESS,
        ct=b"Content-Type: application/json; charset=utf-16\r\n",
    )
    j("type-malformed", good_json, J4 | ANY_SUCCESS, ct=b'Content-Type: ;;;==="\r\n')
    gz = gzip.compress(good_json, 6, mtime=0)
    j("gzip", gz, J4 | ANY_SUCCESS, {415} | ANY_SUCCESS, extra=b"Content-Encoding: gzip\r\n")
    j("gzip-corrupt", gz[:-6] + b"\0\0\0\0\0\0", J4, extra=b"Content-Encoding: gzip\r\n")
    j("gzip-truncated", gz[:12], J4, extra=b"Content-Encoding: gzip\r\n")
    j(
        "gzip-bomb",
        gzip.compress(open_ + sep + b'"x":"' + b"a" * (64 << 20) + b'"}', 9, mtime=0),
        J4,
        {413, 415},
        extra=b"Content-Encoding: gzip\r\n",
        wait=8,
    )
    j("encoding-unknown", good_json, J4 | ANY_SUCCESS, {415}, extra=b"Content-Encoding: nonsense\r\n")
    j(
        "encoding-stack",
        good_json,
        J4,
        {415, 400},
        extra=b"Content-Encoding: " + b", ".join([b"gzip"] * 100) + CRLF,
    )
