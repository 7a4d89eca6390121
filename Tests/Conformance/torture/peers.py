"""Peers that leave or stop reading."""

from .kit import BODY


def cases(kit):
    add, ask, post, health_path = kit.add, kit.ask, kit.post, kit.health_path
    add("abort-mid-header", "-", [b"GET " + health_path + b" HT", 0.02, "rst"], {"close"})
    add("abort-mid-body", "-", [post(b"Content-Length: 5000\r\n", BODY), 0.02, "rst"], {"close"})
    add("abort-after-request", "-", [ask(), "rst"], {"close"})
    add("early-close-no-bytes", "-", ["half"], {"close", 400, 408}, {"close"})
    add("half-close-mid-header", "9112 8", [b"GET " + health_path + b" HT", "half"], {"close", 400, 408})
    add(
        "pipeline-2000-unread",
        "-",
        [ask() * 2000, 0.3],
        {200},
        n=2000,
        wait=10,
        small_rcv=True,
        check=lambda o: (
            None
            if set(o.statuses) == {200} and (len(o.statuses) == 2000 or o.closed)
            else "got %d of 2000, left open" % len(o.statuses)
        ),
    )
