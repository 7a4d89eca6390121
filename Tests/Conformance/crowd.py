#!/usr/bin/env python3
"""One run, twenty viewers: good ones, deaf ones, and one whose line is cut again and again.

    crowd.py 127.0.0.1:8080 --pid 1234                 # the proof, some seconds
    crowd.py 127.0.0.1:8080 --pid 1234 --rounds 5      # and what the crowd costs the run

The proof: a run that captures every layer is watched over event streams and WebSockets.  --deaf viewers take the
response's head and then nothing until the run is over; one viewer is cut at a random byte every --cut seconds and
comes back with its last whole event.  Then, byte for byte: all good viewers have the same complete stream, the cut
one too, every event has reached the deaf ones, and their `gap`s name exactly the frames that they lack.  The server's
memory must not have grown by more than --cap.

The cost: the same run with one viewer and with the whole crowd in turn, --rounds times; the speeds are the server's
own (`decode_tokens_per_second`).  All viewers but the first and the cut one throw away inside the kernel what they get
(MSG_TRUNC), so that what is measured is serving them and the least that receiving can take, not what a viewer does with
its bytes.

Standard library only.  Exit 0 when everything holds (and the run lost less than --most percent).
"""

import argparse
import base64
import http.client
import json
import os
import random
import select
import socket
import statistics
import sys
import time


class Failure(Exception):
    """A promise that was not kept."""


def demand(truth, what):
    if not truth:
        raise Failure(what)


# ---- The server


class Server:
    def __init__(self, address, pid):
        host, _, port = address.rpartition(":")
        self.address, self.pid = (host, int(port)), pid

    def ask(self, method, path, body=None):
        line = http.client.HTTPConnection(*self.address, timeout=600)
        line.request(method, path, None if body is None else json.dumps(body))
        answer = line.getresponse()
        text = answer.read()
        line.close()
        demand(answer.status < 300, "%s %s: %d %r" % (method, path, answer.status, text[:200]))
        return json.loads(text) if text else None

    def memory(self, name):
        """A figure of the process in KiB: VmRSS now, VmHWM at most."""
        with open("/proc/%d/status" % self.pid) as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))

    def processor_seconds(self):
        with open("/proc/%d/stat" % self.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def start(self, options, tokens):
        catalogue = self.ask("GET", "/v1/models")["data"][0]["id"]
        layers = options.layers or self.ask("GET", "/v1/models/%s/hook_points" % catalogue)["num_layers"]
        hooks = [{"layer_name": "transformer.h.%d" % layer, "component": "residual"} for layer in range(layers)]
        order = {"prompt": options.prompt, "max_tokens": tokens, "temperature": 0, "detach": True}
        order.update(start="paused", activation_hooks=hooks, ignore_eos=True)
        return self.ask("POST", "/v1/runs", order)["run_id"]


# ---- Viewers


class Viewer:
    """A connection that watches a run; what it gets is kept in `bytes`, without the response's head."""

    def __init__(self, server, run, door, fields=(), buffer=None, query=""):
        self.door, self.bytes, self.count, self.ended = door, bytearray(), 0, False
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(20)
        self.socket.connect(server.address)
        host = "Host: %s:%d" % server.address
        if door == "socket":
            key = base64.b64encode(os.urandom(16)).decode()
            lines = ["GET /v1/runs/%s/socket%s HTTP/1.1" % (run, query), host, "Upgrade: websocket"]
            lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key]
        else:
            # HTTP/1.0 has no chunks, so that the stream is its bytes.
            lines = ["GET /v1/runs/%s/events%s HTTP/1.0" % (run, query), host, "Accept: text/event-stream"]
        self.socket.sendall(("\r\n".join(lines + list(fields)) + "\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            demand(byte, "%s: closed before the response's head: %r" % (door, head))
            head += byte
        demand(head[9:12] in (b"101", b"200"), "%s: %r" % (door, head[:80]))
        self.socket.setblocking(False)

    def read(self, limit=1 << 18):
        """Takes what is there."""
        try:
            piece = self.socket.recv(limit)
        except BlockingIOError:
            return
        except OSError as error:
            raise Failure("%s: %s" % (self.door, error)) from None
        self.bytes += piece
        self.count += len(piece)
        self.note_end(not piece)

    def note_end(self, closed):
        last = b'"type":"run.finished"'
        if closed:
            demand(self.door == "events", "%s: closed by the server" % self.door)
            self.ended = True
        elif self.door == "socket" and last in self.bytes[-4096:]:
            self.ended = whole(self.bytes)

    def discard(self):
        """Throws away what is there without copying it out of the kernel."""
        try:
            count = self.socket.recv_into(SINK, len(SINK), socket.MSG_TRUNC)
        except BlockingIOError:
            return
        self.count += count
        self.ended = count == 0

    def finish(self, deadline):
        """Reads until the end."""
        while not self.ended:
            demand(time.monotonic() < deadline, "%s: no end after %d bytes" % (self.door, self.count))
            select.select([self.socket], [], [], 1)
            self.read()

    def close(self):
        self.socket.close()


# As much as a viewer may be behind, so that nobody is held up by how often it looks.
SINK = bytearray(1 << 22)


class CutViewer:
    """An event stream that is cut at a random byte every so often and resumed behind its last whole event."""

    def __init__(self, server, run, chance, every):
        self.server, self.run, self.chance, self.every = server, run, chance, every
        self.door, self.bytes, self.cuts = "events", bytearray(), 0
        self.join()
        # Runs may be shorter than the time between two cuts.
        self.until -= chance.uniform(0, every)

    def join(self):
        place = self.bytes.rfind(b"\nid: ")
        fields = []
        if place >= 0:
            fields = ["Last-Event-ID: " + self.bytes[place + 5 : self.bytes.index(b"\n", place + 1)].decode()]
        self.viewer = Viewer(self.server, self.run, "events", fields)
        self.until = time.monotonic() + self.every
        self.budget = None

    @property
    def socket(self):
        return self.viewer.socket

    @property
    def ended(self):
        return self.viewer.ended

    def read(self):
        """Takes what is there; true when the line was cut and is another one now."""
        if self.budget is None and time.monotonic() >= self.until:
            self.budget = self.viewer.count + self.chance.randrange(1, 20_000)
        self.viewer.read(1 << 18 if self.budget is None else max(1, self.budget - self.viewer.count))
        if self.viewer.ended:
            self.keep(len(self.viewer.bytes))
        elif self.budget is not None and self.viewer.count >= self.budget:
            self.cut()
            return True
        return False

    def cut(self):
        self.keep(self.viewer.bytes.rfind(b"\n\n") + 2)
        self.viewer.close()
        self.cuts += 1
        self.join()

    def keep(self, count):
        self.bytes += self.viewer.bytes[: max(count, 0)] if count > 1 else b""

    def close(self):
        self.viewer.close()


class Watch:
    """Viewers that are read as soon as something is there for them, until they have ended."""

    def __init__(self, viewers):
        self.poll, self.by_number = select.epoll(), {}
        for viewer in viewers:
            self.add(viewer)

    def add(self, viewer):
        self.by_number[viewer.socket.fileno()] = viewer
        self.poll.register(viewer.socket.fileno(), select.EPOLLIN)

    def look(self, timeout, read):
        """Calls `read` with each viewer that has something; it says whether the viewer has another line now."""
        for number, _ in self.poll.poll(timeout):
            viewer = self.by_number[number]
            if read(viewer):
                # Its old descriptor closed itself out of the poll.
                del self.by_number[number]
                self.add(viewer)
            elif viewer.ended:
                self.poll.unregister(number)
                del self.by_number[number]


# ---- What a stream says


def messages(data):
    """The messages of a server's WebSocket frames: (opcode, payload)."""
    place = 0
    while len(data) - place >= 2:
        size, start = data[place + 1] & 127, place + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size = int.from_bytes(data[start : start + width], "big")
            start += width
        if len(data) < start + size:
            break
        yield data[place] & 15, bytes(data[start : start + size])
        place = start + size


def whole(data):
    """Whether the last message that has arrived is the run's last event."""
    last = None
    for opcode, payload in messages(data):
        last = payload if opcode == 1 else last
    return last is not None and b'"type":"run.finished"' in last


def events(viewer):
    """The events of a viewer in order, as JSON."""
    if viewer.door == "socket":
        for opcode, payload in messages(viewer.bytes):
            demand(opcode in (1, 2, 9), "unexpected opcode %d" % opcode)
            if opcode == 1:
                yield json.loads(payload)
    else:
        for block in viewer.bytes.split(b"\n\n"):
            for line in block.split(b"\n"):
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])


def without_comments(data):
    """A stream's events; every response opens with a comment, and silence is filled with them."""
    return b"\n\n".join(block for block in bytes(data).split(b"\n\n") if not block.startswith(b":"))


def check_deaf(viewer, catalogue):
    """Every event is there, and the gaps name exactly the frames that are not; how many those are."""
    got, told = set(), {}
    for event in events(viewer):
        if event["type"] == "gap":
            for entry in event["dropped"]:
                inside = [
                    number
                    for number in range(entry["from_seq"], entry["to_seq"] + 1)
                    if catalogue.get(number) == entry["hook_id"] and number not in got
                ]
                demand(
                    len(inside) == entry["count"],
                    "%s: a gap counts %d of %s, the stream %d"
                    % (viewer.door, entry["count"], entry["hook_id"], len(inside)),
                )
                for number in inside:
                    demand(number not in told, "%s: %d is told missing twice" % (viewer.door, number))
                    told[number] = True
        else:
            number = event["seq"]
            demand(number not in got and number not in told, "%s: %d comes again" % (viewer.door, number))
            got.add(number)
    lacking = set(catalogue) - got
    demand(lacking == set(told), "%s: %d lacking, %d told" % (viewer.door, len(lacking), len(told)))
    events_lacking = sum(catalogue[number] is None for number in lacking)
    demand(events_lacking == 0, "%s: %d events lacking" % (viewer.door, events_lacking))
    return len(lacking)


# ---- The proof


def prove(server, options, chance):
    before = server.memory("VmRSS")
    run = server.start(options, options.tokens)
    doors = ["events", "socket"]
    deaf = [Viewer(server, run, doors[i % 2], buffer=4096) for i in range(options.deaf)]
    cut = CutViewer(server, run, chance, options.cut)
    good = [Viewer(server, run, doors[i % 2]) for i in range(options.viewers - options.deaf - 1)]
    watch = Watch(good + [cut])
    began = time.monotonic()
    deadline = began + options.seconds + 60
    paces = options.seconds * 20
    if not paces:
        server.ask("POST", "/v1/runs/%s/resume" % run, {})
    paced = 0
    most = before
    while watch.by_number:
        now = time.monotonic()
        demand(now < deadline, "%d viewers without an end" % len(watch.by_number))
        if paced < paces and now >= began + paced / 20:
            # A small model would be done at once: it is let go step by step.
            count = (paced + 1) * options.tokens // paces - paced * options.tokens // paces
            paced += 1
            if paced == paces:
                server.ask("POST", "/v1/runs/%s/resume" % run, {})
            elif count:
                server.ask("POST", "/v1/runs/%s/step" % run, {"count": count})
        most = max(most, server.memory("VmRSS"))
        watch.look(0.02, lambda viewer: viewer.read())
    took = time.monotonic() - began
    for viewer in deaf:
        viewer.finish(time.monotonic() + 30)
    most = max(most, server.memory("VmRSS"))

    for viewer in good + [cut]:
        if viewer.door == "events":
            viewer.bytes = without_comments(viewer.bytes)
    for door in doors:
        streams = [viewer.bytes for viewer in good if viewer.door == door]
        demand(all(stream == streams[0] for stream in streams), "%s: streams differ" % door)
    stream = next(viewer for viewer in good if viewer.door == "events")
    catalogue = {}
    for event in events(stream):
        demand(event["type"] != "gap", "a good viewer has a gap")
        catalogue[event["seq"]] = event.get("hook_id") if event["type"] == "activation" else None
    demand(sorted(catalogue) == list(range(len(catalogue))), "the numbers have holes")
    numbers = [event["seq"] for event in events(next(viewer for viewer in good if viewer.door == "socket"))]
    demand(numbers == sorted(catalogue), "the socket's numbers differ")
    demand(cut.bytes == stream.bytes, "the cut stream differs: %d and %d bytes" % (len(cut.bytes), len(stream.bytes)))
    demand(cut.cuts >= min(3, took // options.cut), "only %d cuts" % cut.cuts)
    lacking = [check_deaf(viewer, catalogue) for viewer in deaf]
    demand(min(lacking) > 0, "a deaf viewer lacks nothing: too little was sent")
    grown = (most - before) / 1024
    for viewer in good + deaf + [cut]:
        viewer.close()
    server.ask("DELETE", "/v1/runs/" + run)
    print(
        "%d good viewers: %d items, %.1f MB by events, %.1f MB by socket, equal bytes"
        % (len(good), len(catalogue), len(stream.bytes) / 1e6, len(good[1].bytes) / 1e6)
    )
    print("1 viewer cut %d times in %.1f s: equal bytes" % (cut.cuts, took))
    print("%d deaf viewers: every event, and exact gaps for %s frames" % (len(deaf), lacking))
    print("the server's memory grew by %.1f MiB at most (cap %.0f)" % (grown, options.cap))
    demand(grown <= options.cap, "memory grew by %.1f MiB" % grown)


# ---- The cost


def timed(server, options, viewers, deaf, chance):
    """A run with so many viewers: tokens a second, and processor seconds of the server and of us."""
    run = server.start(options, options.figure_tokens)
    doors = ["socket", "events"]
    cut = [CutViewer(server, run, chance, options.cut)] if viewers > 1 else []
    crowd = [Viewer(server, run, doors[i % 2]) for i in range(viewers - deaf - len(cut))]
    silent = [Viewer(server, run, doors[i % 2], buffer=4096) for i in range(deaf)]
    watch, first = Watch(crowd + cut), crowd[0]
    kept = [first] + cut
    used = server.processor_seconds(), time.process_time()
    server.ask("POST", "/v1/runs/%s/resume" % run, {})
    deadline = time.monotonic() + 120
    while not first.ended:
        demand(time.monotonic() < deadline, "the run does not end")
        # Viewers look as often as a screen shows something new.
        time.sleep(1 / 60)
        watch.look(0, lambda viewer: viewer.read() if viewer in kept else viewer.discard())
    used = server.processor_seconds() - used[0], time.process_time() - used[1]
    finished = [event for event in events(first) if event["type"] == "run.finished"][0]
    for viewer in crowd + cut + silent:
        viewer.close()
    server.ask("DELETE", "/v1/runs/" + run)
    return finished["timings"]["decode_tokens_per_second"], used, finished["usage"]["completion_tokens"]


def measure(server, options, chance):
    alone, crowded, ratios = [], [], []
    timed(server, options, options.viewers, options.deaf, chance)
    for number in range(options.rounds):
        pair = {}
        # Who goes first changes, so that a drift of the machine favours neither.
        for viewers in [1, options.viewers] if number % 2 == 0 else [options.viewers, 1]:
            pair[viewers] = timed(server, options, viewers, 0 if viewers == 1 else options.deaf, chance)
        alone.append(pair[1])
        crowded.append(pair[options.viewers])
        ratios.append(crowded[-1][0] / alone[-1][0])
    for name, rounds in (("1 viewer", alone), ("%d viewers" % options.viewers, crowded)):
        speeds = [row[0] for row in rounds]
        print(
            "%s: %.1f tokens/s (%.1f to %.1f); a run of %d tokens took %.2f s of the server's processor time, %.2f s of ours"
            % (
                name,
                statistics.median(speeds),
                min(speeds),
                max(speeds),
                rounds[0][2],
                statistics.median(row[1][0] for row in rounds),
                statistics.median(row[1][1] for row in rounds),
            )
        )
    lost = (1 - statistics.median(ratios)) * 100
    print("the crowd of %d (%d deaf) costs the run %.1f %%" % (options.viewers, options.deaf, lost))
    demand(lost < options.most, "the run lost %.1f %%" % lost)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="host:port")
    parser.add_argument("--pid", type=int, required=True, help="the server's process")
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--deaf", type=int, default=3)
    parser.add_argument("--cut", type=float, default=1, help="seconds between cuts")
    parser.add_argument("--prompt", default="Once upon a time")
    parser.add_argument("--layers", type=int, help="capture only so many layers")
    parser.add_argument("--tokens", type=int, default=440, help="of the proof's run")
    parser.add_argument("--seconds", type=int, default=6, help="to spread the proof's run over; 0 lets it run free")
    parser.add_argument("--cap", type=float, default=96, help="MiB that the server's memory may grow by")
    parser.add_argument("--rounds", type=int, default=0, help="measure the cost so many times")
    parser.add_argument("--figure-tokens", type=int, default=440, help="of each measured run")
    parser.add_argument("--most", type=float, default=100, help="per cent of its speed that the run may lose")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    server = Server(options.address, options.pid)
    try:
        if options.seconds or not options.rounds:
            prove(server, options, random.Random(options.seed))
        if options.rounds:
            measure(server, options, random.Random(options.seed))
    except Failure as failure:
        print("failed: %s" % failure)
        return 1
    print("passed: %d viewers, %d of them deaf, one cut again and again" % (options.viewers, options.deaf))
    return 0


if __name__ == "__main__":
    sys.exit(main())
