"""WebSocket handshakes and first frames."""

import re
import struct

from .kit import CRLF, get


def cases(kit):
    path = kit.websocket_path
    add = kit.add
    KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    VERSION = b"Sec-WebSocket-Version: 13\r\n"
    UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"

    def accept(o):
        a = o.responses[0].get("sec-websocket-accept")
        return None if a == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" else "wrong Sec-WebSocket-Accept %r" % a

    REFUSED = {400, 404, 405, 426, 501, "close"}
    add("ws-ok", "6455 4.2", get(path, UPGRADE + KEY + VERSION), {101}, check=accept)
    add(
        "ws-case-and-list",
        "6455 4.2.1",
        get(path, b"upgrade: WebSocket\r\nconnection: keep-alive, UPGRADE\r\n" + KEY + VERSION),
        {101},
        check=accept,
    )
    add("ws-no-key", "6455 4.2.1", get(path, UPGRADE + VERSION), REFUSED, {400})
    add(
        "ws-bad-key",
        "6455 4.2.1",
        get(path, UPGRADE + VERSION + b"Sec-WebSocket-Key: abc\r\n"),
        REFUSED | {101},
        {400},
    )
    add("ws-two-keys", "6455 11.3.1", get(path, UPGRADE + VERSION + KEY + KEY), REFUSED | {101}, {400})
    add(
        "ws-version-12",
        "6455 4.4",
        get(path, UPGRADE + KEY + b"Sec-WebSocket-Version: 12\r\n"),
        REFUSED,
        {400, 426},
        check=lambda o: (
            None
            if o.token == "close" or "13" in ",".join(o.responses[0].all("sec-websocket-version"))
            else "warn:refusal without Sec-WebSocket-Version: 13"
        ),
    )
    add("ws-no-version", "6455 4.2.1", get(path, UPGRADE + KEY), REFUSED, {400, 426})
    add("ws-no-upgrade", "6455 4.2.1", get(path, KEY + VERSION), REFUSED | {200}, {400, 426})
    add(
        "ws-no-connection",
        "6455 4.2.1",
        get(path, b"Upgrade: websocket\r\n" + KEY + VERSION),
        REFUSED | {200},
        {400, 426},
    )
    add("ws-post", "6455 4.1", get(path, UPGRADE + KEY + VERSION, method=b"POST"), REFUSED, {400, 405})
    add(
        "ws-http10",
        "6455 4.2.1",
        get(path, UPGRADE + KEY + VERSION, version=b"HTTP/1.0"),
        REFUSED | {505, 200},
        {400, 426, 505},
    )
    add("ws-no-host", "9112 3.2", get(path, UPGRADE + KEY + VERSION, host=b""), {400})
    add(
        "ws-unoffered-protocol",
        "6455 4.2.2",
        get(path, UPGRADE + KEY + VERSION + b"Sec-WebSocket-Protocol: nonsense.v9\r\n"),
        REFUSED | {101},
        check=lambda o: (
            "selected a subprotocol it cannot know"
            if o.token == 101 and o.responses[0].get("sec-websocket-protocol") == "nonsense.v9"
            else None
        ),
    )
    add(
        "ws-bad-extension",
        "7692 7",
        get(
            path,
            UPGRADE
            + KEY
            + VERSION
            + b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n",
        ),
        REFUSED | {101},
        check=lambda o: (
            "accepted a bad parameter"
            if o.token == 101 and o.responses[0].get("sec-websocket-extensions")
            else None
        ),
    )
    add(
        "ws-extension-flood",
        "7692",
        get(
            path,
            UPGRADE
            + KEY
            + VERSION
            + b"Sec-WebSocket-Extensions: "
            + b", ".join([b"permessage-deflate"] * 300)
            + CRLF,
        ),
        REFUSED | {101, 431},
    )
    maskless = b"\x81\x05hello"

    def closed_with(code):
        def check(o):
            if not o.closed:
                return "connection left open"
            m = re.search(rb"\x88.(..)", o.rest, re.S)
            if not m:
                return "warn:no close frame before the close"
            return (
                None
                if struct.unpack(">H", m[1])[0] == code
                else "warn:close code %d, expected %d" % (struct.unpack(">H", m[1])[0], code)
            )

        return check

    add(
        "ws-unmasked-frame",
        "6455 5.1",
        [get(path, UPGRADE + KEY + VERSION), 0.15, maskless, 0.5, "half", 1.0],
        {101},
        wait=1,
        check=closed_with(1002),
        methods=["ANY"],
    )
    add(
        "ws-length-2e63",
        "6455 5.2",
        [
            get(path, UPGRADE + KEY + VERSION),
            0.15,
            b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0abc",
            0.5,
            "half",
            1.0,
        ],
        {101},
        wait=1,
        check=lambda o: None if o.closed else "connection left open",
        methods=["ANY"],
    )
    add(
        "ws-length-8e-huge",
        "6455 5.2",
        [
            get(path, UPGRADE + KEY + VERSION),
            0.15,
            b"\x82\xff\x00\x00\x00\x7f\xff\xff\xff\xff\0\0\0\0abc",
            1.0,
            "half",
            1.0,
        ],
        {101},
        wait=1,
        check=closed_with(1009),
        methods=["ANY"],
    )
    add(
        "ws-frame-with-handshake",
        "6455 4.1",
        [get(path, UPGRADE + KEY + VERSION) + b"\x81\x85\0\0\0\0hello", 0.5],
        {101},
        wait=1,
        methods=["ANY"],
        check=lambda o: (
            None if b"\x81" in o.rest else "warn:a frame in the handshake's segment was not answered"
        ),
    )
