"""Runs and their streams, as tests ask for them."""

import json

import frames


def events(text):
    """The events of a stream as (name, id, data)."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" in lines:
            found.append((lines["event"], lines["id"], json.loads(lines["data"])))
    return found


def unnumbered(data):
    """Frames without their number in the stream, and the checksum over it: two runs' others are equal."""
    found, start = [], 0
    while start < len(data):
        _, length = frames.read(data, start)
        frame = bytearray(data[start:start + length])
        frame[16:24], frame[56:60] = bytes(8), bytes(4)
        found.append(bytes(frame))
        start += length
    return found


class Runs:
    """What a test does with the runs of `self.server`."""

    def start(self, **body):
        return self.server.json("POST", "/v1/runs", {"detach": True, **body})["run_id"]

    def finished(self, **body):
        """A run that is over."""
        run = self.start(**body)
        self.server.wait(run, "finished")
        return run

    def bytes(self, run, query=""):
        return self.server.call("GET", f"/v1/runs/{run}/frames{query}")[2]

    def stream(self, run, query=""):
        return self.server.call("GET", f"/v1/runs/{run}/events{query}")[2].decode()

    def stepped(self, run, count):
        """Goes on for some steps and waits for the last of them."""
        before = self.server.json("GET", f"/v1/runs/{run}")["completion_tokens"]
        self.server.json("POST", f"/v1/runs/{run}/step", {"count": count})
        while self.server.json("GET", f"/v1/runs/{run}")["completion_tokens"] < before + count:
            pass
        self.server.wait(run, "paused", "finished")
