"""Somebody with an intent: what an attack is given to work with."""

import http.client
import multiprocessing
import os
import queue
import random
import tempfile
import threading
import time

from .wire import Client


class Target:
    """What attackers know of a server: where it is, its model, and, of the worst kind of them, its folders and process."""

    def __init__(self, server, model, layers, context, vocabulary):
        self.address, self.pid = server.address, server.pid
        self.folder, self.recordings = server.folder, server.recordings
        self.model, self.layers, self.context, self.vocabulary = model, layers, context, vocabulary


class Attacker:
    """One attack for some seconds; an attack reports what it did and what it found broken."""

    def __init__(self, target, seed, seconds):
        self.target, self.random = target, random.Random(seed)
        self.end = time.monotonic() + seconds
        self.acts, self.faults, self.runs, self.models = 0, [], [], []
        self.folder = tempfile.mkdtemp(dir=target.folder)

    @property
    def goes_on(self):
        return time.monotonic() < self.end

    def client(self, number=0):
        """Attackers have addresses of their own, all of one hand where `number` is the same."""
        return Client(self.target.address, "127.0.1.%d" % (1 + number % 250))

    def fault(self, text):
        """Notes a promise that the attack itself saw broken."""
        if len(self.faults) < 20:
            self.faults.append(text)

    def crowd(self, count, act):
        """`count` attackers who do `act(client, random)` again and again until the time is over."""
        seeds = [self.random.getrandbits(32) for _ in range(count)]

        def live(number):
            client, chance = self.client(number), random.Random(seeds[number])
            while self.goes_on:
                self.attempt(lambda: act(client, chance))

        threads = [threading.Thread(target=live, args=(number,), daemon=True) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0, self.end - time.monotonic()) + 60)

    def attempt(self, act):
        """Does something that the server may refuse or cut off; that is its right."""
        try:
            act()
            self.acts += 1
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)

    def start(self, client, body, keep=True):
        """Starts a run as its maker, who will end it; its object, or None where it is refused."""
        status, run = client.json("POST", "/v1/runs", {"model": self.target.model, **body})
        if status == 500:
            self.fault("a run is refused with 500: %r" % run)
        if status != 201:
            return None
        if keep:
            self.runs.append(run["run_id"])
        return run

    def load(self, client, path, name):
        """Loads a model, which is unloaded when the attack is over; the status and the answer."""
        self.models.append(name)
        return client.json("POST", "/v1/models/load", {"model_path": path, "model_id": name})

    def leave(self):
        """Takes away what the next attack must not find."""
        client = self.client()
        for run in self.runs:
            self.attempt(lambda: client.ask("DELETE", "/v1/runs/" + run, timeout=10))
        # An empty name means the path's own, and so the honest clients' model.
        for name in set(self.models) - {self.target.model}:
            self.attempt(lambda: client.ask("POST", "/v1/models/unload", {"model_id": name}, timeout=10))


def perform(attack, target, seed, seconds):
    """An attack in a process of its own; the acts, and the faults it found."""
    results = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(attack, target, seed, seconds, results), daemon=True)
    worker.start()
    try:
        return results.get(timeout=seconds + 150)
    except queue.Empty:
        return 0, ["the attack did not come to its end"]
    finally:
        worker.join(5)
        worker.kill()


def work(attack, target, seed, seconds, results):
    # Attackers stand for other machines: the server's processor is not theirs.
    os.nice(19)
    attacker = Attacker(target, seed, seconds)
    try:
        attack(attacker)
        acts = attacker.acts
    except (OSError, http.client.HTTPException) as error:
        acts = attacker.acts
        attacker.fault("%s: %r" % (attack.__name__, error))
    attacker.leave()
    results.put((acts, attacker.faults))
