#!/usr/bin/env python3
"""What only a whole process shows: other addresses, storms, too few descriptors, signals, files that change, the end.

    process.py path/to/neuroscope [SERVE-OPTION...]

Each check starts a server of its own.  Standard library only.  Exit 0 when all hold.
"""

import base64
import json
import os
import random
import re
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time


class Failure(Exception):
    """A promise that was not kept."""


def demand(truth, what):
    if not truth:
        raise Failure(what)


class Process:
    """A server on a free port of 127.0.0.1, or wherever the options say."""

    def __init__(self, command, *options, descriptors=None, environment={}):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        places = [] if "--listen" in options else ["--port", "0"]
        # Without backtraces, whose making takes as long as the machine is busy.
        self.process = subprocess.Popen(
            [*command, *places, *options], stdout=subprocess.PIPE, text=True, preexec_fn=limit,
            env={**os.environ, "SWIFT_BACKTRACE": "enable=no", **environment},
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

    def connect(self, timeout=600):
        return socket.create_connection(self.address, timeout=timeout)

    def json(self, method, path, body=None):
        """Asks, and answers the status and what the text means."""
        text = "" if body is None else json.dumps(body)
        with self.connect(60) as peer:
            peer.sendall(request(method, path, text, ["Connection: close"]))
            answer = whole(peer)
        head, _, rest = answer.partition(b"\r\n\r\n")
        if b"chunked" in head:
            rest = b"".join(rest.split(b"\r\n")[1::2])
        try:
            return int(head.split()[1]), json.loads(rest)
        except ValueError:
            return int(head.split()[1]), rest.decode(errors="replace")

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
            demand(server.process.wait(600) == 0, "status %s" % server.process.returncode)
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
        demand(server.process.wait(600) == 0, "status %s" % server.process.returncode)
        took = time.monotonic() - began
        demand(took < 12, "the end took %.1f s" % took)
        try:
            server.connect(1).close()
            raise Failure("somebody still listens")
        except ConnectionRefusedError:
            pass


def indifferent_signals(command):
    """Signals that mean nothing to a server, and a reader of its log that leaves, do not end it."""
    with Process(command) as server:
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            server.process.send_signal(number)
            with server.connect() as peer:
                demand(ask(peer).startswith(b"HTTP/1.1 200 "), "no answer after %s" % number.name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    noisy = [*command, "--log-level", "trace", "--port", str(port)]
    process = subprocess.Popen(noisy, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        # As `2>&1 | head -1` does.
        process.stdout.readline()
        process.stdout.close()
        deadline = time.monotonic() + 60
        answers = 0
        while answers < 5:
            demand(process.poll() is None, "ended with %s when its log's reader left" % process.returncode)
            demand(time.monotonic() < deadline, "no answers")
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=600) as peer:
                    answers += ask(peer).startswith(b"HTTP/1.1 200 ")
            except OSError:
                time.sleep(0.1)
    finally:
        process.kill()
        process.wait()


def second_signal(command):
    """A second signal ends the drain at once; a first one alone lets a slow request take its time."""
    took = []
    for count in (1, 2):
        with Process(command) as server:
            peer = server.connect()
            peer.sendall(b"GET /health HT")
            time.sleep(0.3)
            began = time.monotonic()
            for _ in range(count):
                server.process.send_signal(signal.SIGTERM)
                time.sleep(0.5)
            demand(server.process.wait(600) == 0, "status %s" % server.process.returncode)
            took.append(time.monotonic() - began)
            peer.close()
    demand(took[0] > 2 and took[1] < 2, "one signal took %.1f s, two %.1f s" % tuple(took))


class Manager:
    """What systemd is to a service of Type=notify: a datagram socket that is told how far it is."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.socket.settimeout(600)

    def news(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))

    def until(self, name):
        while name not in (news := self.news()):
            demand(set(news) == {"WATCHDOG"}, "told %s before %s" % (news, name))
        return news


def service_manager(command):
    """A service manager is told when it is ready, alive, reading keys again and stopping; a stuck or strange one hurts nobody."""
    folder = tempfile.mkdtemp()
    keys = os.path.join(folder, "keys.json")
    subprocess.run([command[0], "keys", "add", "one", "--keys", keys], check=True, capture_output=True)
    for name in (os.path.join(folder, "notify"), "@neuroscope-%d" % os.getpid()):
        manager = Manager(name)
        environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000"}
        with Process(command, "--keys", keys, environment=environment) as server:
            ready = manager.until("READY")
            demand("127.0.0.1:%d" % server.address[1] in ready["STATUS"], "status %s" % ready)
            demand([manager.news() for _ in range(3)] == [{"WATCHDOG": "1"}] * 3, "no signs of life")
            server.process.send_signal(signal.SIGHUP)
            demand(int(manager.until("RELOADING")["MONOTONIC_USEC"]) > 0, "no time")
            manager.until("READY")
            server.process.send_signal(signal.SIGTERM)
            manager.until("STOPPING")
            demand(server.process.wait(600) == 0, "status %s" % server.process.returncode)
        manager.socket.close()
    for name in ("", "relative", "/nowhere/" + "x" * 200, "@", folder):
        with Process(command, environment={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "-1"}) as server:
            with server.connect() as peer:
                demand(ask(peer).startswith(b"HTTP/1.1 200 "), "no answer with %r" % name)
    shutil.rmtree(folder)


def cut_model(command):
    """A model's file that is cut or written over fails that model, by name, and nothing else."""
    found = next(
        (folder for folder in above(command[0]) if os.path.isdir(os.path.join(folder, "Fixtures/models/circuits-5m"))), None
    )
    demand(found, "the bundled model is not there")
    bundled = os.path.join(found, "Fixtures/models/circuits-5m")
    with tempfile.TemporaryDirectory() as folder, Process(command, "--models-dir", folder) as server:
        for way in ("cut", "written over"):
            copy = os.path.join(folder, "victim")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(bundled, copy)
            weights = os.path.join(copy, "model.safetensors")
            load = {"model_path": copy, "model_id": "victim"}
            demand(server.json("POST", "/v1/models/load", load)[0] == 200, "the copy is not loaded")
            order = {"model": "victim", "prompt": "Once", "max_tokens": 400, "ignore_eos": True, "detach": True}
            run = server.json("POST", "/v1/runs", {**order, "start": "paused"})[1]["run_id"]
            if way == "cut":
                os.truncate(weights, 4096)
            else:
                with open(weights, "r+b") as file:
                    file.seek(os.path.getsize(weights) // 2)
                    file.write(b"\0" * 4096)
            server.json("POST", "/v1/runs/%s/resume" % run, {})
            deadline = time.monotonic() + 30
            while (state := server.json("GET", "/v1/runs/" + run)[1])["status"] not in ("failed", "finished"):
                demand(time.monotonic() < deadline, "the run neither fails nor ends")
                time.sleep(0.05)
            demand(state["status"] == "failed" and weights in json.dumps(state), "%s: %r" % (way, state))
            status, answer = server.json("POST", "/v1/runs", order)
            demand(status >= 400 and weights in json.dumps(answer), "%s: a new run is not refused: %r" % (way, answer))
            health = server.json("GET", "/health")[0]
            demand(health == 200, "health is %d" % health)
            other = {"model": "circuits-5m", "prompt": "Once", "max_tokens": 4, "temperature": 0}
            status, answer = server.json("POST", "/v1/completions", other)
            demand(status == 200, "the other model is hurt: %r" % answer)
            shutil.copy(os.path.join(bundled, "model.safetensors"), weights + ".new")
            os.rename(weights + ".new", weights)
            demand(server.json("POST", "/v1/models/load", load)[0] == 200, "the mended file is not loaded")
            status, answer = server.json("POST", "/v1/completions", {**other, "model": "victim"})
            demand(status == 200, "the mended model does not run: %r" % answer)
    with Process(command) as server:
        deadline = time.monotonic() + 120
        while server.process.poll() is None:
            demand(time.monotonic() < deadline, "SIGBUS from elsewhere is swallowed")
            server.process.send_signal(signal.SIGBUS)
            time.sleep(0.5)
        demand(server.process.returncode != 0, "SIGBUS ends the server as if all were well")


def above(path):
    """The folders that a file lies in, nearest first; NEUROSCOPE_HOME before them."""
    home = os.environ.get("NEUROSCOPE_HOME")
    if home:
        yield home
    while (path := os.path.dirname(path)) != "/":
        yield path


def replaced_models(command, seconds=15, connections=6):
    """Models loaded, replaced and run from several connections at once: every answer is the one that one alone gets."""
    order = {"prompt": "Once upon a time", "max_tokens": 12, "temperature": 0, "ignore_eos": True}
    with Process(command) as server:
        bundled = server.json("GET", "/v1/models")[1]["data"][0]["id"]
        path = next(folder for folder in above(command[0]) if os.path.isdir(os.path.join(folder, "Fixtures/models")))
        path = os.path.join(path, "Fixtures/models", bundled)
        right = server.json("POST", "/v1/completions", {**order, "model": bundled})[1]["choices"][0]["text"]
        end = time.monotonic() + seconds
        faults, counts = [], [0] * connections

        def work(number):
            chance = random.Random(number)
            while time.monotonic() < end and not faults:
                name = "model-%d" % chance.randrange(3)
                if chance.random() < 0.4:
                    size = chance.choice([32, 100, 512])
                    status, answer = server.json(
                        "POST", "/v1/models/load", {"model_path": path, "model_id": name, "max_kv_size": size}
                    )
                    wanted = status == 200
                else:
                    status, answer = server.json("POST", "/v1/completions", {**order, "model": name})
                    # A model that nobody has loaded yet is not there.
                    wanted = status == 404 or status == 200 and answer["choices"][0]["text"] == right
                counts[number] += 1
                if not wanted:
                    faults.append("%d %r" % (status, answer))

        workers = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        demand(not faults, "; ".join(faults[:3]))
        demand(server.process.poll() is None, "the server died")
        demand(min(counts) > 2, "only %r requests" % counts)


def odd_recordings(command):
    """What has a recording's name but is no regular file is no recording, and holds nobody up."""
    with tempfile.TemporaryDirectory() as folder:
        secret = os.path.join(folder, "secret")
        with open(secret, "w") as file:
            file.write("a secret")
        shelf = os.path.join(folder, "shelf")
        os.mkdir(shelf)
        odd = ["pipe", "folder", "link", "hanging", "socket", "empty", "text"]
        place = {name: os.path.join(shelf, name + ".nsrec") for name in odd}
        os.mkfifo(place["pipe"])
        os.mkdir(place["folder"])
        os.symlink(secret, place["link"])
        os.symlink(os.path.join(folder, "nothing"), place["hanging"])
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(place["socket"])
        open(place["empty"], "w").close()
        shutil.copy(secret, place["text"])
        if os.geteuid() == 0:
            place["device"] = os.path.join(shelf, "device.nsrec")
            try:
                os.mknod(place["device"], 0o600 | stat.S_IFCHR, os.makedev(1, 5))
            except OSError:
                del place["device"]
        with Process(command, "--recordings-dir", shelf) as server:
            for _ in range(4):
                status, answer = server.json("GET", "/v1/recordings")
                demand((status, answer) == (200, {"recordings": []}), "%d %r" % (status, answer))
            for name in place:
                for method, path in (
                    ("GET", ""), ("GET", "/file"), ("GET", "/export"), ("POST", "/replay"), ("POST", "/verify")
                ):
                    status, answer = server.json(method, "/v1/recordings/%s%s" % (name, path))
                    demand(status in (404, 422), "%s %s%s: %d %r" % (method, name, path, status, answer))
                    demand("secret" not in json.dumps(answer), "the link gives away its target")
            for name in set(place) - {"empty", "text"}:
                status, answer = server.json("DELETE", "/v1/recordings/" + name)
                demand(status == 404 and os.path.lexists(place[name]), "%s is deleted: %r" % (name, answer))
            order = {"prompt": "Once", "max_tokens": 4, "record": True, "detach": True}
            status, answer = server.json("POST", "/v1/runs", order)
            demand(status < 300, "no run is recorded beside them: %r" % answer)
        listening.close()


def bare_copy(command):
    """A binary that was copied without its files says at the start what is missing."""
    with tempfile.TemporaryDirectory() as folder:
        alone = os.path.join(folder, "neuroscope")
        shutil.copy(command[0], alone)
        environment = {name: value for name, value in os.environ.items() if name != "NEUROSCOPE_HOME"}
        with open(os.path.join(folder, "log"), "w+") as log:
            process = subprocess.Popen(
                [alone, "serve", "--no-model", "--port", "0"], stdout=log, stderr=log, env=environment, cwd=folder
            )
            try:
                deadline = time.monotonic() + 20
                said = ""
                while "dashboard" not in said and time.monotonic() < deadline and process.poll() is None:
                    time.sleep(0.1)
                    with open(log.name) as reading:
                        said = reading.read()
            finally:
                process.kill()
                process.wait()
        for word in ("dashboard", "NEUROSCOPE_HOME"):
            demand(word in said, "nothing is said of %s: %r" % (word, said))


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    command = [os.path.abspath(sys.argv[1]), "serve", *sys.argv[2:]]
    failed = 0
    checks = [other_addresses, storm, few_descriptors, graceful_end, indifferent_signals, second_signal, service_manager]
    checks += [cut_model, replaced_models, odd_recordings, bare_copy]
    wished = os.environ.get("NEUROSCOPE_CHECKS", "").split()
    checks = [check for check in checks if not wished or check.__name__ in wished]
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
