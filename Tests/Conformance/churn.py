#!/usr/bin/env python3
"""Connections that come and go in every way, thousands a minute, from several processes; the server lives and serves.

    churn.py 127.0.0.1:8080 --pid 1234                      # two minutes, as in CI
    churn.py 127.0.0.1:8080 --pid 1234 --minutes 60         # by hand
    churn.py 127.0.0.1:8080 --pid 1234 --seed 7             # another history

Each of --processes clients draws one way after the other to live and to die: an honest question; a question cut at a
random byte; a large answer to a window of 4 KiB, taken whole, or left in the middle; half-closed before, in and after
the question; a WebSocket, an event stream, left in every state; silence. Each ends in an orderly way or with a reset,
early, late, or at a random moment, and several are open at a time, so that descriptors are used again at once.

Then: the server is the same process, every honest answer was whole and right, /health answered all along, and when all
have gone it has as many descriptors as before and not much more memory.

Standard library only.  Exit 0 when everything holds.
"""

import argparse
import base64
import http.client
import json
import multiprocessing
import os
import random
import selectors
import socket
import struct
import sys
import time


class Failure(Exception):
    """A promise that was not kept."""


def demand(truth, what):
    if not truth:
        raise Failure(what)


# ---- One connection


class Churner:
    """Makes one connection after the other, or several at a time, as its seed says."""

    def __init__(self, address, file, run, seed):
        self.address, self.file, self.run = address, file, run
        self.random = random.Random(seed)
        self.counts = {}
        self.held = []

    def connect(self, window=None):
        peer = socket.socket()
        if window:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        peer.settimeout(30)
        peer.connect(self.address)
        return peer

    def request(self, path="/health", method="GET", body=b"", fields=()):
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost", *fields]
        if body:
            lines.append("Content-Length: %d" % len(body))
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def leave(self, peer):
        """Goes: with a reset, with a half-close first, or in order; now, or when some others have come."""
        how = self.random.randrange(4)
        if how == 0:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == 1:
            try:
                peer.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        if self.random.random() < 0.5:
            peer.close()
            return
        self.held.append(peer)
        while len(self.held) > self.random.randrange(1, 24):
            self.held.pop(self.random.randrange(len(self.held))).close()

    def whole(self, peer):
        data = bytearray()
        while piece := peer.recv(65536):
            data += piece
        return bytes(data)

    def upgrade(self, path="/v1/socket"):
        key = base64.b64encode(self.random.randbytes(16)).decode()
        fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key]
        return self.request(path, fields=fields)

    # ---- The ways

    def honest(self):
        peer = self.connect()
        peer.sendall(self.request(fields=["Connection: close"]))
        answer = self.whole(peer)
        demand(answer.startswith(b"HTTP/1.1 200 ") and b'"status"' in answer, "a wrong answer: %r" % answer[:80])
        self.leave(peer)

    def half_closed(self):
        peer = self.connect()
        asked = self.request(fields=["Connection: close"])
        peer.sendall(asked)
        peer.shutdown(socket.SHUT_WR)
        answer = self.whole(peer)
        demand(b"HTTP/1.1 200 " in answer, "a half-closed peer got no answer: %r" % answer[:80])
        self.leave(peer)

    def cut_question(self):
        asked = self.request("/v1/runs", "POST", json.dumps({"prompt": "x" * self.random.randrange(2000)}).encode())
        peer = self.connect()
        peer.sendall(asked[: self.random.randrange(len(asked))])
        self.leave(peer)

    def large(self, last=()):
        """A large answer: many of a file's, one after the other."""
        count = self.random.randrange(4, 40)
        return count, self.request(self.file[0]) * (count - 1) + self.request(self.file[0], fields=last)

    def large_whole(self):
        peer = self.connect(window=4096)
        count, asked = self.large(last=["Connection: close"])
        peer.sendall(asked)
        answer = self.whole(peer)
        demand(answer.count(self.file[1]) == count, "%d whole files of %d" % (answer.count(self.file[1]), count))
        self.leave(peer)

    def large_left(self):
        peer = self.connect(window=4096)
        peer.sendall(self.large()[1])
        if self.random.random() < 0.7:
            peer.recv(self.random.randrange(1, 65536))
        self.leave(peer)

    def pipelined_left(self):
        peer = self.connect()
        asked = self.request() * self.random.randrange(2, 20)
        peer.sendall(asked[: self.random.randrange(1, len(asked))])
        if self.random.random() < 0.5:
            peer.settimeout(0.02)
            try:
                peer.recv(self.random.randrange(1, 4096))
            except OSError:
                pass
        self.leave(peer)

    def web_socket(self):
        peer = self.connect(window=self.random.choice([None, 4096]))
        peer.sendall(self.upgrade(self.random.choice(["/v1/socket", "/v1/runs/%s/socket" % self.run])))
        if self.random.random() < 0.8:
            peer.recv(self.random.randrange(1, 4096))
        if self.random.random() < 0.5:
            frame = b"\x89\x84abcd" + bytes(a ^ b for a, b in zip(b"ping", b"abcd"))
            peer.sendall(frame[: self.random.randrange(1, len(frame) + 1)])
        self.leave(peer)

    def event_stream(self):
        peer = self.connect(window=self.random.choice([None, 4096]))
        peer.sendall(self.request("/v1/runs/%s/events" % self.run))
        if self.random.random() < 0.8:
            peer.recv(self.random.randrange(1, 4096))
        self.leave(peer)

    def silent(self):
        self.leave(self.connect())

    def live(self, seconds):
        ways = [self.honest, self.half_closed, self.cut_question, self.large_whole, self.large_left]
        ways += [self.pipelined_left, self.web_socket, self.event_stream, self.silent]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            way = self.random.choice(ways)
            try:
                way()
            except (ConnectionError, socket.timeout) as error:
                # Others may be cut while they write; these are promised their answer.
                promised = (self.honest, self.half_closed, self.large_whole)
                demand(way not in promised, "%s: %r" % (way.__name__, error))
            self.counts[way.__name__] = self.counts.get(way.__name__, 0) + 1
        for peer in self.held:
            peer.close()
        return self.counts


def churn(address, file, run, seed, seconds, results):
    try:
        results.put((None, Churner(address, file, run, seed).live(seconds)))
    except (Failure, OSError) as failure:
        results.put(("seed %d: %s" % (seed, failure), {}))


# ---- The server


class Server:
    def __init__(self, address, pid):
        self.address, self.pid = address, pid

    def ask(self, method, path, body=None):
        line = http.client.HTTPConnection(*self.address, timeout=60)
        line.request(method, path, None if body is None else json.dumps(body))
        answer = line.getresponse()
        text = answer.read()
        line.close()
        demand(answer.status < 300, "%s %s: %d %r" % (method, path, answer.status, text[:200]))
        return text

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def resident(self):
        with open("/proc/%d/status" % self.pid) as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def settled_descriptors(self, at_most, seconds=20):
        """Closing takes the server a moment: peers that said nothing more are given time to read."""
        end = time.monotonic() + seconds
        while (count := self.descriptors()) > at_most and time.monotonic() < end:
            time.sleep(0.2)
        return count


def hold(options):
    host, _, port = options.address.rpartition(":")
    server = Server((host, int(port)), options.pid)
    order = {"prompt": "Once", "max_tokens": 4, "detach": True, "start": "paused"}
    run = json.loads(server.ask("POST", "/v1/runs", order))["run_id"]
    file = (options.file, server.ask("GET", options.file))
    before = server.settled_descriptors(0, seconds=1)
    seconds = options.minutes * 60
    began = time.monotonic()
    results = multiprocessing.Queue()
    seeds = [options.seed * 1000 + number for number in range(options.processes)]
    workers = [
        multiprocessing.Process(target=churn, args=(server.address, file, run, seed, seconds, results)) for seed in seeds
    ]
    for worker in workers:
        worker.start()
    slowest, warm = 0.0, None
    while time.monotonic() - began < seconds and any(worker.is_alive() for worker in workers):
        asked = time.monotonic()
        server.ask("GET", "/health")
        slowest = max(slowest, time.monotonic() - asked)
        if warm is None and time.monotonic() - began > seconds / 4:
            warm = server.resident()
        time.sleep(0.1)
    outcomes = [results.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(30)
    failures = [failure for failure, _ in outcomes if failure]
    demand(not failures, "; ".join(failures))
    counts = {}
    for _, part in outcomes:
        for way, count in part.items():
            counts[way] = counts.get(way, 0) + count
    total = sum(counts.values())
    for way in sorted(counts):
        print("%-16s %8d" % (way, counts[way]))
    after = server.settled_descriptors(before)
    demand(after <= before, "%d descriptors before, %d after" % (before, after))
    grown = server.resident() - (warm or server.resident())
    demand(grown < options.cap * 1024, "memory grew by %d KiB after the first quarter" % grown)
    server.ask("DELETE", "/v1/runs/%s" % run)
    rate = total / seconds * 60
    demand(rate > options.least, "only %d connections a minute" % rate)
    print(
        "churn passed: %d connections, %d a minute, slowest health %.0f ms, memory %+d KiB"
        % (total, rate, slowest * 1000, grown)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="host:port")
    parser.add_argument("--pid", type=int, required=True, help="the server's process")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", default="/dashboard/app.js", help="the path of a file; many of it are a large answer")
    parser.add_argument("--cap", type=int, default=64, help="MiB that memory may grow by after the first quarter")
    parser.add_argument("--least", type=int, default=1000, help="connections a minute that make it a test")
    options = parser.parse_args()
    try:
        hold(options)
    except (Failure, OSError) as failure:
        print("churn failed: %s" % failure)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
