"""What lies in the folder of recordings, and who reads it how."""

import os
import shutil
import time

from ..wire import reset


def record(attacker, client, chance, **more):
    """Makes a recorded run and waits for its end; its recording's path, or None."""
    hooks = [{"layer_name": "transformer.h.%d" % layer, "component": "residual"} for layer in range(attacker.target.layers)]
    order = {"prompt": "Once upon a time", "max_tokens": chance.randrange(4, 60), "ignore_eos": True, "record": True, "detach": True,
             "activation_hooks": hooks, **more}
    run = attacker.start(client, order)
    if run is None:
        return None
    client.ask("GET", "/v1/runs/%s/events?tensors=none" % run["run_id"])
    return "/v1/recordings/" + run["recording_id"]


def odd_files(attacker):
    """Pipes, links, folders, sockets and rubbish named like recordings; every route goes on."""
    folder, chance = attacker.target.recordings, attacker.random
    made = []

    def place():
        made.append(os.path.join(folder, "odd%08x.nsrec" % chance.getrandbits(32)))
        return made[-1]

    def fill(path, data):
        with open(path, "wb") as file:
            file.write(data)

    ways = [
        lambda: os.mkfifo(place()), lambda: os.mkdir(place()), lambda: os.symlink("/dev/zero", place()),
        lambda: os.symlink("/etc/passwd", place()), lambda: os.symlink(folder, place()),
        lambda: fill(place(), b"\x89NSR\r\n\x1a\n" + chance.randbytes(chance.randrange(5000))),
        lambda: fill(place(), chance.randbytes(100_000)), lambda: fill(place(), b""),
        lambda: os.truncate(made[-1], 1 << 40) if made and os.path.isfile(made[-1]) else None,
    ]
    try:
        for _ in range(30):
            chance.choice(ways)()

        def act(client, chance):
            name = os.path.basename(chance.choice(made))[:-6]
            method, path = chance.choice([
                ("GET", "/v1/recordings"), ("GET", "/v1/recordings/" + name), ("GET", "/v1/recordings/%s/file" % name),
                ("GET", "/v1/recordings/%s/export" % name), ("POST", "/v1/recordings/%s/replay" % name),
                ("POST", "/v1/recordings/%s/verify" % name),
            ])
            status, answer = client.ask(method, path, timeout=20)
            if status >= 500 or b"root:" in answer:
                attacker.fault("%s %s: %d %r" % (method, path, status, answer[:120]))

        attacker.crowd(3, act)
    finally:
        for path in made:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.remove(path)


def recorded_runs(attacker):
    """Recorded runs without end, by a client who never takes one away."""
    made = []

    def act(client, chance):
        made.append(record(attacker, client, chance))

    attacker.crowd(4, act)
    for recording in filter(None, made):
        attacker.attempt(lambda: attacker.client().ask("DELETE", recording))


def forks(attacker):
    """A paused recorded run is forked, and its forks are."""
    chance, client = attacker.random, attacker.client()
    made = set()
    while attacker.goes_on:
        order = {"prompt": "Once", "max_tokens": 30, "ignore_eos": True, "record": True, "detach": True, "start": "paused"}
        first = attacker.start(client, order)
        family = [first] if first else []
        for _ in range(40):
            if not attacker.goes_on or not family:
                break
            parent = chance.choice(family)
            body = {"start": chance.choice(["paused", "running"]), "seed": chance.getrandbits(20)}
            status, fork = client.json("POST", "/v1/runs/%s/fork" % parent["run_id"], body)
            if status == 500:
                attacker.fault("a fork: 500 %r" % fork)
            if status == 201:
                attacker.runs.append(fork["run_id"])
                family.append(fork)
            attacker.acts += 1
        for run in family:
            client.ask("DELETE", "/v1/runs/" + run["run_id"])
        made |= {run["recording_id"] for run in family if run["recording_id"]}
        time.sleep(0.01)
    for recording in made:
        client.ask("DELETE", "/v1/recordings/" + recording)


def readers_of_recordings(attacker):
    """A recording is listed, described, exported, downloaded and verified by many at once."""
    client = attacker.client()
    recording = record(attacker, client, attacker.random, max_tokens=min(300, attacker.target.context - 20))
    if recording is None:
        return

    def act(client, chance):
        method, path = chance.choice([
            ("GET", "/v1/recordings"), ("GET", recording), ("GET", recording + "/file"), ("GET", recording + "/export"),
            ("GET", recording + "/export?format=npz"), ("POST", recording + "/verify"),
        ])
        if chance.random() < 0.3:
            peer = client.begin(method, path)
            time.sleep(chance.choice([0, 0.2]))
            reset(peer)
            return
        status, answer = client.ask(method, path, timeout=30)
        if status == 500:
            attacker.fault("%s: 500 %r" % (path, answer[:120]))

    attacker.crowd(6, act)
    client.ask("DELETE", recording)


def replays(attacker):
    """Many replays of one recording, as fast as they go, paused, stepped, and never watched."""
    client = attacker.client()
    recording = record(attacker, client, attacker.random, max_tokens=min(200, attacker.target.context - 20))
    if recording is None:
        return

    def act(client, chance):
        body = {"speed": chance.choice([0, 0, 1000, 1]), "start": chance.choice(["running", "paused"])}
        status, run = client.json("POST", recording + "/replay", body)
        if status == 500:
            attacker.fault("a replay: 500 %r" % run)
        if status == 201:
            attacker.runs.append(run["run_id"])
            path = "/v1/runs/" + run["run_id"]
            client.ask("POST", path + chance.choice(["/step", "/pause", "/resume"]), {})
            if chance.random() < 0.5:
                client.ask("DELETE", path)

    attacker.crowd(4, act)
    client.ask("DELETE", recording)
