#!/usr/bin/env python3
"""Recordings against kill -9, a full disk and a stop signal, with a reader of its own for the file.

    recordings.py BINARY [--kills 50] [--deadline 60] [--seed 1]

Each round starts the real server, records a run and kills the server at a random moment. The next server must list what the
killed one left, as incomplete unless the run had ended by then, and play all of its whole records: counted here from Protocol/recording.md alone, and the
frames compared byte by byte. Ends with one line; a difference is a failure.
"""

import argparse
import atexit
import json
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib

EVENT, FRAME, INDEX = 3, 4, 6
HOOKS = [{"layer_name": f"transformer.h.{layer}", "component": "residual", "hook_id": f"r{layer}"}
         for layer in range(0, 24, 2)]
RUN = {"prompt": "The capital of France", "max_tokens": 400, "ignore_eos": True, "record": True, "detach": True,
       "activation_hooks": HOOKS}


def whole_records(path):
    """The whole records of a file as (type, payload) pairs; nil where not even its header is whole."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 32 or zlib.crc32(data[:28]) != struct.unpack_from("<I", data, 28)[0]:
        return None
    records, start = [], 32
    while start + 24 <= len(data):
        kind, checksum, length = data[start], *struct.unpack_from("<IQ", data, start + 4)
        end = start + 24 + (length + 7 & ~7)
        if end > len(data) or zlib.crc32(data[start:start + 4] + data[start + 8:end]) != checksum:
            break
        records.append((kind, data[start + 24:start + 24 + length]))
        start = end
    return records


class Server:
    def __init__(self, binary, folder, *arguments, prepare=None):
        self.process = subprocess.Popen(
            [binary, "serve", "--port", "0", "--threads", "1", "--recordings-dir", folder, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=prepare)
        atexit.register(self.process.kill)  # where a check fails
        for line in self.process.stdout:
            if "page" in line:
                self.url = line.split()[-1].rstrip("/")
                return
        raise SystemExit("recordings failed: the server did not start")

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, None if body is None else json.dumps(body).encode(), method=method)
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.read()

    def json(self, method, path, body=None):
        return json.loads(self.call(method, path, body))

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(timeout=600)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def check_left(server, folder, name):
    """What a killed server left: listed as it is, and all of its whole records served."""
    records = whole_records(os.path.join(folder, name))
    listed = {entry["recording_id"]: entry for entry in server.json("GET", "/v1/recordings")["recordings"]}
    entry = listed.get(name.removesuffix(".nsrec"))
    if not records:
        check(entry is None, f"{name} has no whole record and is listed")
        return 0
    check(entry is not None, f"{name} with {len(records)} whole records is not listed")
    # A run that ended before the kill has its index and footer.
    with open(os.path.join(folder, name), "rb") as file:
        ended = records[-1][0] == INDEX and file.read()[-24:-16] == b"NSRINDEX"
    check(entry["complete"] is ended, f"{name} is listed as {entry}")
    frames = [payload for kind, payload in records if kind == FRAME]
    events = [json.loads(payload) for kind, payload in records if kind == EVENT]
    check((entry["frames"], entry["events"]) == (len(frames), len(events)), f"{name} is listed as {entry}")
    run = server.json("POST", f"/v1/recordings/{entry['recording_id']}/replay", {"speed": 0})["run_id"]
    text = server.call("GET", f"/v1/runs/{run}/events?tensors=none&policy=lossless").decode()
    played = [line[7:] for line in text.split("\n") if line.startswith("event: ")]
    expected = [event["type"] for event in events]
    if expected[-1:] != ["run.finished"]:
        expected.append("run.finished")
    check([kind for kind in played if kind != "activation"] == expected,
          f"{name} plays {played}, not {expected}")
    check(server.call("GET", f"/v1/runs/{run}/frames") == b"".join(frames), f"{name} plays other frames")
    return len(records)


def kills(binary, count, deadline, chance):
    """Kills servers at random moments; how often, and how many records they left."""
    began = time.monotonic()
    left, rounds, found = None, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        while rounds < count and time.monotonic() - began < deadline or left:
            server = Server(binary, folder)
            if left:
                found += check_left(server, folder, left)
                os.remove(os.path.join(folder, left))
                left = None
            if rounds < count and time.monotonic() - began < deadline:
                asking = threading.Thread(target=ask, args=(server,))
                asking.start()
                time.sleep(chance.uniform(0, 0.25))
                server.end(signal.SIGKILL)
                asking.join()
                rounds += 1
                left = next(iter(os.listdir(folder)), None)
            else:
                server.end(signal.SIGTERM)
    return rounds, found


def ask(server):
    try:
        server.call("POST", "/v1/runs", RUN)
    except (urllib.error.URLError, OSError):
        pass  # It was killed meanwhile.


def finished(server, run):
    while (found := server.json("GET", f"/v1/runs/{run}"))["status"] not in ("finished", "failed", "cancelled"):
        time.sleep(0.02)
    return found


def full_disk(binary):
    """A limit of the file's size stands for a full disk: the run goes on, says so, and the file stays readable."""
    limit = 300_000

    def prepare():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with tempfile.TemporaryDirectory() as folder:
        server = Server(binary, folder, prepare=prepare)
        run = server.json("POST", "/v1/runs", RUN)["run_id"]
        object = finished(server, run)
        check(object["status"] == "finished" and object["completion_tokens"] == 400, f"the run became {object}")
        text = server.call("GET", f"/v1/runs/{run}/events?tensors=none&policy=lossless").decode()
        check(text.count("event: recording.stopped") == 1 and '"code":"disk_full"' in text,
              "nobody was told that the recording stopped")
        name = object["recording_id"] + ".nsrec"
        size = os.path.getsize(os.path.join(folder, name))
        check(0 < limit - size < 100_000, f"the file has {size} bytes")
        check(check_left(server, folder, name) > 50, "the file is almost empty")
        check(server.end(signal.SIGTERM) == 0, "the server did not end well")
    return size


def stopped(binary):
    """A server that is told to stop ends the recordings of the runs it ends."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(binary, folder)
        server.json("POST", "/v1/runs", RUN)
        server.json("POST", "/v1/runs", {**RUN, "start": "paused"})
        check(server.end(signal.SIGTERM) == 0, "the server did not end well")
        after = Server(binary, folder)
        listed = after.json("GET", "/v1/recordings")["recordings"]
        check([entry["complete"] for entry in listed] == [True, True], f"a stop left {listed}")
        after.end(signal.SIGTERM)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--deadline", type=float, default=60, help="seconds after which no further server is killed")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        stopped(options.binary)
        size = full_disk(options.binary)
        rounds, records = kills(options.binary, options.kills, options.deadline, random.Random(options.seed))
    except AssertionError as error:
        print(f"recordings failed: {error}")
        sys.exit(1)
    print(f"recordings passed: {rounds} kills left {records} whole records, all played; "
          f"a full disk at {size} bytes; a stop left whole files")


if __name__ == "__main__":
    main()
