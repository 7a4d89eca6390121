#!/usr/bin/env python3
"""kill -9 at random moments under load: what was promised is on the disk, and every store is whole.

    kills.py BINARY                         a few dozen moments, as in CI
    kills.py BINARY --kills 1000            by hand, some twenty minutes
    kills.py BINARY --seed 7                other moments, another load

Each round starts the real server on the folders that the rounds before left, lets several clients record runs, change,
fork, step, rewind, replay, verify and delete them, load models and register hooks, and kills it: now and then while it still
starts. The next server must then open every recording that anybody was told of, list it as what it is, and play all of its
whole records (counted here from Protocol/recording.md alone); hold every event that any viewer had seen; and compute the
digests of models that it finds on the disk to be what the files are. Standard library only. Exit 0 when all holds.
"""

import argparse
import hashlib
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from recordings import EVENT, FRAME, INDEX, check, whole_records


class Server:
    """A server that may be killed before it says where it is."""

    def __init__(self, binary, home):
        self.recordings = os.path.join(home, "recordings")
        self.process = subprocess.Popen(
            [binary, "serve", "--port", "0", "--threads", "1", "--recordings-dir", self.recordings],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "XDG_CACHE_HOME": os.path.join(home, "cache")})
        self.address = None

    def wait(self):
        for line in self.process.stdout:
            if found := re.search(r"page\s+http://(127\.0\.0\.1):(\d+)", line):
                self.address = (found[1], int(found[2]))
                return self
        raise AssertionError("a server did not start on what a killed one left")

    def line(self):
        return http.client.HTTPConnection(*self.address, timeout=600)

    def call(self, method, path, body=None):
        line = self.line()
        try:
            line.request(method, path, None if body is None else json.dumps(body))
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def json(self, method, path, body=None):
        status, text = self.call(method, path, body)
        check(status < 300, f"{method} {path}: {status} {text[:200]}")
        return json.loads(text)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Load:
    """Clients who do all that writes, and remember what they were told."""

    def __init__(self, server, model, path, seed):
        self.server, self.model, self.path = server, model, path
        self.told, self.deleted, self.over = {}, set(), False
        self.threads = [threading.Thread(target=self.live, args=(random.Random(seed * 100 + number),)) for number in range(5)]
        for thread in self.threads:
            thread.start()

    def live(self, chance):
        ways = [self.record] * 4 + [self.delete, self.list, self.replay, self.load_model, self.register]
        while not self.over:
            try:
                chance.choice(ways)(chance)
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.005)  # It was killed meanwhile, or is busy.

    def hooks(self, chance):
        return [{"layer_name": f"transformer.h.{layer}", "component": "residual", "hook_id": f"r{layer}"}
                for layer in chance.sample(range(24), chance.randrange(1, 12))]

    def record(self, chance):
        order = {"model": self.model, "prompt": "The capital of France", "max_tokens": chance.choice([3, 40, 400]), "ignore_eos": True,
                 "record": True, "detach": True, "activation_hooks": self.hooks(chance)}
        if chance.random() < 0.3:
            order["start"] = "paused"
        status, text = self.server.call("POST", "/v1/runs", order)
        if status != 201:
            return
        run = json.loads(text)
        self.told.setdefault(run["recording_id"], -1)
        path = "/v1/runs/" + run["run_id"]
        if chance.random() < 0.5:
            self.change(chance, path)
        if order.get("start"):
            self.server.call("POST", path + "/resume", {})
        self.view(path, run["recording_id"])

    def change(self, chance, path):
        for _ in range(chance.randrange(4)):
            where = {"layer_name": "transformer.h.3", "component": "residual"}
            method, end, body = chance.choice([
                ("POST", "/hooks", {"activation_hooks": self.hooks(chance)}),
                ("POST", "/interventions", {**where, "kind": "scale", "strength": 0.5}), ("DELETE", "/interventions", None),
                ("POST", "/step", {}), ("POST", "/pause", {}), ("POST", "/rewind", {"to_step": 0}), ("POST", "/fork", {}),
            ])
            status, text = self.server.call(method, path + end, body)
            if end == "/fork" and status == 201:
                self.told.setdefault(json.loads(text)["recording_id"], -1)
            if end in ("/pause", "/rewind"):
                self.server.call("POST", path + "/resume", {})

    def view(self, path, recording):
        """Notes the number of the last event that came: what was seen is recorded."""
        line = self.server.line()
        try:
            line.request("GET", path + "/events?tensors=none")
            for text in line.getresponse():
                if text.startswith(b"data: ") and (event := json.loads(text[6:]))["type"] not in ("gap", "activation"):
                    self.told[recording] = max(self.told[recording], event["seq"])
                if self.over:
                    break
        finally:
            line.close()

    def delete(self, chance):
        if chance.random() < 0.3 and self.told:
            recording = chance.choice(list(self.told))
            self.deleted.add(recording)
            self.server.call("DELETE", "/v1/recordings/" + recording)

    def list(self, chance):
        self.server.call("GET", "/v1/recordings")

    def replay(self, chance):
        if self.told:
            recording = chance.choice(list(self.told))
            self.server.call("POST", f"/v1/recordings/{recording}/" + chance.choice(["replay", "verify"]), {})

    def load_model(self, chance):
        if chance.random() < 0.3:
            self.server.call("POST", "/v1/models/load", {"model_path": self.path, "model_id": f"again-{chance.randrange(2)}"})

    def register(self, chance):
        self.server.call("POST", "/v1/activations/hooks", {"model": self.model, "hooks": self.hooks(chance)})

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join(60)


class Rounds:
    """One server after the other on the same folders."""

    def __init__(self, binary, chance, home):
        self.binary, self.chance, self.home = binary, chance, home
        self.told, self.deleted = {}, set()
        self.records = self.recordings = self.digests = self.early = 0

    def round(self, seed):
        server = Server(self.binary, self.home)
        if self.chance.random() < 0.1:
            time.sleep(self.chance.uniform(0, 0.3))
            server.kill()
            self.early += 1
            return
        try:
            self.check(server.wait())
            models = server.json("GET", "/v1/models/available")["models"]
            model = server.json("GET", "/v1/models")["data"][0]["id"]
            path = next((entry["path"] for entry in models if entry["id"] == model), model)
            load = Load(server, model, path, seed)
            time.sleep(self.chance.uniform(0, 0.7))
        finally:
            server.kill()
        load.end()
        self.told, self.deleted = load.told, load.deleted

    def check(self, server):
        """What a killed server left is whole, listed and played; then it is taken away."""
        folder = server.recordings
        files = sorted(name for name in os.listdir(folder) if name.endswith(".nsrec")) if os.path.isdir(folder) else []
        listed = {entry["recording_id"]: entry for entry in server.json("GET", "/v1/recordings")["recordings"]}
        for recording in set(self.told) - self.deleted:
            check(recording in listed, f"{recording}, of which somebody was told, is not there")
        for name in files:
            self.check_file(server, os.path.join(folder, name), listed)
            os.remove(os.path.join(folder, name))
        self.check_digests()
        self.told, self.deleted = {}, set()

    def check_file(self, server, path, listed):
        name = os.path.basename(path).removesuffix(".nsrec")
        records, entry = whole_records(path), listed.get(name)
        if not records:
            check(entry is None, f"{name} has no whole record and is listed")
            check(name not in self.told, f"{name}, of which somebody was told, has no whole record")
            return
        check(entry is not None, f"{name} with {len(records)} whole records is not listed")
        with open(path, "rb") as file:
            ended = records[-1][0] == INDEX and file.read()[-24:-16] == b"NSRINDEX"
        frames = [payload for kind, payload in records if kind == FRAME]
        events = [json.loads(payload) for kind, payload in records if kind == EVENT]
        check((entry["complete"], entry["frames"], entry["events"]) == (ended, len(frames), len(events)), f"{name} is listed as {entry}")
        last = max((event["seq"] for event in events), default=-1)
        check(last >= self.told.get(name, -1), f"{name} ends with event {last}; a viewer saw {self.told.get(name)}")
        run = server.json("POST", f"/v1/recordings/{name}/replay", {"speed": 0})["run_id"]
        status, text = server.call("GET", f"/v1/runs/{run}/events?tensors=none&policy=lossless")
        played = [line[7:] for line in text.decode().split("\n") if line.startswith("event: ")]
        expected = [event["type"] for event in events if event["type"] != "activation"]
        if expected[-1:] not in (["run.finished"], ["error"]):
            expected.append("run.finished")
        check([kind for kind in played if kind != "activation"] == expected, f"{name} plays {played[-5:]}, not {expected[-5:]}")
        check(server.call("GET", f"/v1/runs/{run}/frames")[1] == b"".join(frames), f"{name} plays other frames")
        self.recordings += 1
        self.records += len(records)

    def check_digests(self):
        """Digests of model files are whole, or not there; half of the time the next server begins without."""
        folder = os.path.join(self.home, "cache/neuroscope/digests")
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if re.fullmatch("[0-9a-f]{64}", name):
                with open(path, "rb") as file:
                    digest = file.read()
                check(digest.decode() in known_digests(), f"the digest {name} is {digest!r}")
                self.digests += 1
            if self.chance.random() < 0.5:
                os.remove(path)


_known = None


def known_digests():
    """The SHA-256 of every file of the bundled model."""
    global _known
    if _known is None:
        place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Fixtures/models/circuits-5m")
        _known = set()
        for name in os.listdir(place):
            with open(os.path.join(place, name), "rb") as file:
                _known.add(hashlib.sha256(file.read()).hexdigest())
    return _known


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--deadline", type=float, default=float("inf"), help="seconds after which no further server is killed")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began, done = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as home:
        rounds = Rounds(options.binary, random.Random(options.seed), home)
        try:
            while done < options.kills and time.monotonic() - began < options.deadline:
                rounds.round(options.seed * 10_000 + done)
                done += 1
            server = Server(options.binary, home)
            rounds.check(server.wait())
            server.process.send_signal(signal.SIGTERM)
            check(server.process.wait(600) == 0, "the last server did not end well")
        except AssertionError as error:
            print(f"kills failed in round {done} of seed {options.seed}: {error}")
            return 1
    print(f"kills passed: {done} moments, {rounds.early} of them at a start; {rounds.recordings} recordings with {rounds.records} whole "
          f"records opened and played, {rounds.digests} digests right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
