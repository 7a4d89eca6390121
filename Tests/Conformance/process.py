#!/usr/bin/env python3
"""What only a whole process shows: other addresses, a storm of connections, too few descriptors, and the end.

    process.py path/to/neuroscope [SERVE-OPTION...]

Each check starts a server of its own.  Standard library only.  Exit 0 when all hold.
"""

import base64
import json
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time


class Failure(Exception):
    """A promise that was not kept."""


def demand(truth, what):
    if not truth:
        raise Failure(what)


class Process:
    """A server on a free port of 127.0.0.1, or wherever the options say."""

    def __init__(self, command, *options, descriptors=None):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        places = [] if "--listen" in options else ["--port", "0"]
        self.process = subprocess.Popen(
            [*command, *places, *options], stdout=subprocess.PIPE, text=True, preexec_fn=limit
        )
        self.greeting = ""
        for line in self.process.stdout:
            self.greeting += line
            if "page " in line:
                break
        demand("page " in self.greeting, "the server did not start: " + self.greeting)
        found = re.search(r"http://(127\.0\.0\.1):(\d+)", self.greeting)
        self.address = (found[1], int(found[2])) if found else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def connect(self, timeout=20):
        return socket.create_connection(self.address, timeout=timeout)

    def processor_seconds(self):
        with open("/proc/%d/stat" % self.process.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def request(method="GET", path="/health", body="", fields=()):
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost", *fields]
    if body:
        lines += ["Content-Length: %d" % len(body)]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def whole(peer):
    """Everything until the server closes."""
    data = b""
    while piece := peer.recv(65536):
        data += piece
    return data


def ask(peer):
    peer.sendall(request(fields=["Connection: close"]))
    return whole(peer)


# ---- The checks


def other_addresses(command):
    """A Unix socket and IPv6, at once; the socket's file goes with the server."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "server")
        with socket.socket(socket.AF_INET6) as free:
            free.bind(("::1", 0))
            port = free.getsockname()[1]
        with Process(command, "--listen", "unix:" + path, "--listen", "[::1]:%d" % port) as server:
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(path)
                demand(ask(peer).startswith(b"HTTP/1.1 200 "), "no answer on the Unix socket")
            with socket.create_connection(("::1", port)) as peer:
                demand(ask(peer).startswith(b"HTTP/1.1 200 "), "no answer over IPv6")
            server.process.terminate()
            demand(server.process.wait(20) == 0, "status %s" % server.process.returncode)
        demand(not os.path.exists(path), "the socket's file is left behind")


def storm(command, count=800):
    """Connections that come faster than they can be served are all served."""
    with Process(command) as server:
        peers = [socket.socket() for _ in range(count)]
        for peer in peers:
            peer.setblocking(False)
            peer.connect_ex(server.address)
        for peer in peers:
            peer.settimeout(30)
            select.select([], [peer], [], 30)
            peer.sendall(request(fields=["Connection: close"]))
        answers = [whole(peer).startswith(b"HTTP/1.1 200 ") for peer in peers]
        for peer in peers:
            peer.close()
        demand(all(answers), "%d of %d were not answered" % (answers.count(False), count))


def few_descriptors(command, descriptors=64, count=120):
    """Without descriptors the server accepts no more, idles, and goes on when some are free again."""
    with Process(command, descriptors=descriptors) as server:
        peers = [server.connect() for _ in range(count)]
        for peer in peers:
            peer.sendall(request())
        served = [peer for peer in peers if select.select([peer], [], [], 0.05)[0]]
        demand(0 < len(served) < descriptors, "%d peers served with %d descriptors" % (len(served), descriptors))
        before = server.processor_seconds()
        time.sleep(1)
        busy = server.processor_seconds() - before
        demand(busy < 0.3, "%.2f s of processor time in an idle second" % busy)
        # As each leaves, another one is taken in.
        for peer in peers:
            peer.settimeout(30)
            demand(peer.recv(65536).startswith(b"HTTP/1.1 200 "), "a peer that waited was not served")
            peer.close()
        with server.connect() as peer:
            demand(ask(peer).startswith(b"HTTP/1.1 200 "), "no answer afterwards")


def graceful_end(command):
    """Told to end, the server ends its runs, tells every viewer, and exits with 0."""
    with Process(command) as server:
        order = json.dumps({"prompt": "Once", "max_tokens": 8, "detach": True, "start": "paused"})
        with server.connect() as peer:
            peer.sendall(request("POST", "/v1/runs", order, ["Connection: close"]))
            run = re.search(rb'"run_id":"([^"]+)"', whole(peer))[1].decode()
        events, watcher, idle = (server.connect() for _ in range(3))
        events.sendall(request(path="/v1/runs/%s/events" % run))
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key]
        watcher.sendall(request(path="/v1/runs/%s/socket" % run, fields=upgrade))
        idle.sendall(request(path="/v1/socket", fields=upgrade))
        for peer in (events, watcher, idle):
            demand(peer.recv(12).startswith(b"HTTP/1.1 "), "no answer")
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        text = whole(events)
        demand(b"event: run.finished" in text, "the event stream does not say that the run is over")
        demand(text.endswith(b"0\r\n\r\n"), "the event stream is cut, not ended")
        going_away = b"\x88" + bytes([2 + len("server stops")]) + (1001).to_bytes(2, "big") + b"server stops"
        for name, peer in (("watching", watcher), ("idle", idle)):
            text = whole(peer)
            demand(name == "idle" or b'"type":"run.finished"' in text, "the watching socket is not told of the end")
            demand(text.endswith(going_away), "the %s socket is not told that the server goes: %r" % (name, text[-40:]))
        demand(server.process.wait(20) == 0, "status %s" % server.process.returncode)
        took = time.monotonic() - began
        demand(took < 12, "the end took %.1f s" % took)
        try:
            server.connect(1).close()
            raise Failure("somebody still listens")
        except ConnectionRefusedError:
            pass


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    command = [os.path.abspath(sys.argv[1]), "serve", *sys.argv[2:]]
    failed = 0
    checks = [other_addresses, storm, few_descriptors, graceful_end]
    for check in checks:
        began = time.monotonic()
        try:
            check(command)
            print("ok %s (%.1f s): %s" % (check.__name__, time.monotonic() - began, check.__doc__))
        except (Failure, OSError, subprocess.TimeoutExpired) as failure:
            failed += 1
            print("FAIL %s: %s" % (check.__name__, failure))
    print("%d passed, %d failed" % (len(checks) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
