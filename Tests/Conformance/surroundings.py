#!/usr/bin/env python3
"""What surrounds a server and fails it: full and read-only disks, other users, few descriptors, small memory, clocks, moved files.

    surroundings.py path/to/neuroscope [SERVE-OPTION...]

Each check starts a server of its own.  Standard library only; Linux.  Full and read-only disks and other users need root, and the
clock a C compiler: what is missing is named at the end.  `NEUROSCOPE_CHECKS` names some checks.  Exit 0 when all that ran hold.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

from process import Failure, Process, demand, request, whole

HOOKS = [{"layer_name": "transformer.h.%d" % layer, "component": "residual"} for layer in range(12)]
LOUD = {"prompt": "Once upon a time", "max_tokens": 300, "ignore_eos": True, "seed": 5, "detach": True,
        "activation_hooks": HOOKS, "frames": {"dtype": "f32", "codec": "raw"}}
BRIEF = {"prompt": "Once", "max_tokens": 4, "ignore_eos": True, "seed": 5, "detach": True}


class Missing(Exception):
    """Something that a check needs and this machine has not."""


def events(server, run, query="?tensors=none&policy=lossless"):
    """The events of a run, read to its end."""
    with server.connect(120) as peer:
        peer.sendall(request("GET", "/v1/runs/%s/events%s" % (run, query), fields=["Connection: close"]))
        text = whole(peer).decode(errors="replace")
    return [json.loads(line) for line in re.findall(r"^data: (\{.*\})\r?$", text, re.M)]


def started(server, order):
    status, run = server.json("POST", "/v1/runs", order)
    demand(status == 201, "a run is refused: %d %r" % (status, run))
    return run


def refused(answer, status, code, word):
    """A refusal with words: never a bare number, never a 500 without a reason."""
    demand(answer[0] == status and answer[1].get("code") == code, "%d %s was expected: %r" % (status, code, answer))
    demand(word in answer[1]["error"], "%r does not say %r" % (answer[1]["error"], word))


@contextlib.contextmanager
def disk(options):
    """A file system of its own in memory."""
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode:
            raise Missing("mounting a file system needs root")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def memory(server):
    with open("/proc/%d/status" % server.process.pid) as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS:"))


def descriptors(server):
    return len(os.listdir("/proc/%d/fd" % server.process.pid))


def until(truth, seconds=30):
    end = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


# ---- Disks


def full_disk(command):
    """On a full disk a run goes on, says why its recording ended before it ends, and the recording is complete."""
    with disk("size=1m") as folder, Process(command, "--recordings-dir", folder) as server:
        for attempt in range(3):
            run = started(server, {**LOUD, "record": True})
            told = events(server, run["run_id"])
            kinds = [event["type"] for event in told]
            demand(kinds[-1] == "run.finished" and kinds.count("token") == 300, "the run ends with %r" % kinds[-1])
            demand(kinds.count("recording.stopped") == 1, "nobody is told that the recording stopped")
            error = next(event["error"] for event in told if event["type"] == "recording.stopped")
            demand(error["code"] == "disk_full", "it stopped for %r" % error)
            status, found = server.json("GET", "/v1/recordings/" + run["recording_id"])
            demand(status == 200 and found["complete"] and found["frames"] > 50, "its recording: %r" % found)
            status, found = server.json("POST", "/v1/recordings/%s/verify" % run["recording_id"])
            demand(status == 200 and found["ok"] and found["complete"], "it does not verify: %r" % found)
            # A disk without any room at all.
            filler = os.open(os.path.join(folder, "filler"), os.O_WRONLY | os.O_CREAT)
            with contextlib.suppress(OSError):
                while os.write(filler, bytes(4096)):
                    pass
            os.close(filler)
            before = sorted(os.listdir(folder))
            refused(server.json("POST", "/v1/runs", {**BRIEF, "record": True}), 507, "disk_full", "no room")
            demand(sorted(os.listdir(folder)) == before, "a refused recording leaves a file behind")
            started(server, BRIEF)
            status, _ = server.json("DELETE", "/v1/recordings/" + run["recording_id"])
            demand(status == 200, "a recording on a full disk can't be deleted")
            os.remove(os.path.join(folder, "filler"))


def read_only_disk(command):
    """On a disk that can't be written everything works but recording, which is refused with words."""
    with disk("size=4m") as folder:
        with Process(command, "--recordings-dir", folder) as server:
            run = started(server, {**BRIEF, "record": True})
            events(server, run["run_id"])
        if subprocess.run(["mount", "-o", "remount,ro", folder], capture_output=True).returncode:
            raise Missing("mounting a file system needs root")
        with Process(command, "--recordings-dir", folder) as server:
            refused(server.json("POST", "/v1/runs", {**BRIEF, "record": True}), 500, "recordings_not_writable", "Read-only")
            recording = "/v1/recordings/" + run["recording_id"]
            demand(server.json("POST", recording + "/verify")[1].get("ok"), "a recording there can't be verified")
            refused(server.json("DELETE", recording), 500, "recordings_not_writable", "Read-only")
            demand(events(server, started(server, BRIEF)["run_id"])[-1]["type"] == "run.finished", "no run without it")
            demand(server.json("GET", "/health")[0] == 200, "no /health")


# ---- Users


def as_nobody(arguments):
    """The same command as a user who owns nothing."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise Missing("to become another user needs root and setpriv")
    program = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    probe = subprocess.run([*program, "test", "-x", arguments[0]], capture_output=True)
    if probe.returncode:
        raise Missing("%s can't be run by others" % arguments[0])
    return [*program, *arguments]


def unprivileged_user(command):
    """A user who owns nothing serves; what may not be read or written is refused by its name."""
    command = as_nobody(command)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        shelf = os.path.join(folder, "shelf")
        os.mkdir(shelf)
        with Process(command, "--recordings-dir", shelf) as server:
            refused(server.json("POST", "/v1/runs", {**BRIEF, "record": True}), 500, "recordings_not_writable", shelf)
            demand(events(server, started(server, BRIEF)["run_id"])[-1]["type"] == "run.finished", "no run")
            hidden = os.path.join(shelf, "hidden.nsrec")
            with open(hidden, "wb") as file:
                file.write(b"secret")
            os.chmod(hidden, 0o600)
            demand(server.json("GET", "/v1/recordings") == (200, {"recordings": []}), "the list names what can't be read")
            refused(server.json("GET", "/v1/recordings/hidden"), 500, "recordings_not_writable", "Permission denied")
            model = os.path.join(folder, "model.gguf")
            shutil.copy(hidden, model)
            os.chmod(model, 0o600)
            status, answer = server.json("POST", "/v1/models/load", {"model_path": model})
            demand(400 <= status < 500 and "model.gguf" in answer["error"], "a model of another: %d %r" % (status, answer))
        own = os.path.join(folder, "own")
        os.mkdir(own)
        os.chown(own, 65534, 65534)
        with Process(command, "--recordings-dir", own) as server:
            run = started(server, {**BRIEF, "record": True})
            events(server, run["run_id"])
            demand(server.json("POST", "/v1/recordings/%s/verify" % run["recording_id"])[1]["ok"], "its own does not verify")


def socket_permissions(command):
    """A socket's file is for whom the umask says, is no stranger's, and goes with the server."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for mask, mode in ((0o077, 0o700), (0o027, 0o750), (0o000, 0o777)):
            path = os.path.join(folder, "%o.sock" % mask)
            before = os.umask(mask)
            try:
                server = Process(command, "--listen", "unix:" + path, "--listen", "127.0.0.1:0")
            finally:
                os.umask(before)
            with server:
                demand(stat.S_IMODE(os.stat(path).st_mode) == mode, "mode %o under umask %o" % (os.stat(path).st_mode, mask))
                with socket.socket(socket.AF_UNIX) as peer:
                    peer.connect(path)
                    peer.sendall(request(fields=["Connection: close"]))
                    demand(whole(peer).startswith(b"HTTP/1.1 200"), "no answer through the socket")
                server.process.terminate()
                demand(server.process.wait(600) == 0, "the server did not end well")
            demand(not os.path.lexists(path), "the socket's file stays behind")
        # What is there and no socket is left alone, and the start says so.
        path = os.path.join(folder, "file")
        with open(path, "w") as file:
            file.write("mine")
        ended = subprocess.run([*command, "--listen", "unix:" + path], capture_output=True, text=True, timeout=600)
        demand(ended.returncode != 0 and path in ended.stderr + ended.stdout, "a file in its place: %r" % ended)
        with open(path) as file:
            demand(file.read() == "mine", "the file in its place is gone")


def other_users_socket(command):
    """A folder where a socket may not be made ends the start with its name."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "s.sock")
        ended = subprocess.run([*as_nobody(command), "--listen", "unix:" + path], capture_output=True, text=True, timeout=600)
        demand(ended.returncode not in (0, -11) and path in ended.stderr + ended.stdout, "it says %r" % (ended.stderr + ended.stdout))


# ---- Descriptors and memory


def few_descriptors_for_recordings(command):
    """With 64 descriptors a hundred recorded runs follow each other; too many at once are refused with words."""
    with tempfile.TemporaryDirectory() as shelf, Process(command, "--recordings-dir", shelf, descriptors=64) as server:
        counts = []
        for _ in range(100):
            run = started(server, {**BRIEF, "record": True})
            events(server, run["run_id"])
            counts.append(descriptors(server))
        demand(max(counts[5:]) <= counts[4] + 4, "descriptors grow: %r" % counts)
        held, answer = [], None
        for _ in range(64):
            answer = server.json("POST", "/v1/runs", {**BRIEF, "record": True, "start": "paused"})
            if answer[0] != 201:
                break
            held.append(answer[1]["run_id"])
        refused(answer, 503, "too_many_files", "ulimit")
        demand(len(held) >= 10, "only %d recorded runs at once" % len(held))
        for run in held:
            server.json("DELETE", "/v1/runs/" + run)
        demand(until(lambda: descriptors(server) <= counts[4] + 4), "%d descriptors stay" % descriptors(server))
        started(server, {**BRIEF, "record": True})


def small_budgets(command):
    """With hardly any memory for what waits, viewers miss frames and are told; no event, run or recording is lost."""
    options = ["--memory-budget", "256K", "--outbox-budget", "64K"]
    with tempfile.TemporaryDirectory() as shelf, Process(command, "--recordings-dir", shelf, *options) as server:
        run = started(server, {**LOUD, "record": True, "max_tokens": 200})
        deaf = []
        for _ in range(20):
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect(server.address)
            peer.sendall(request("GET", "/v1/runs/%s/events" % run["run_id"]))
            deaf.append(peer)
        told = events(server, run["run_id"])
        numbers = [event["seq"] for event in told]
        demand(numbers == list(range(len(numbers))), "a lossless viewer misses something")
        demand(told[-1]["type"] == "run.finished", "its stream ends with %r" % told[-1])
        late = events(server, run["run_id"])
        demand([event["seq"] for event in late] == numbers, "a late viewer gets %d of %d events" % (len(late), len(numbers)))
        demand(server.json("POST", "/v1/recordings/%s/verify" % run["recording_id"])[1]["ok"], "the recording does not verify")
        # Without a recording what the memory has not is told.
        run = started(server, {**LOUD, "max_tokens": 200})
        demand(until(lambda: server.json("GET", "/v1/runs/" + run["run_id"])[1]["status"] == "finished", 60), "the run hangs")
        seen, covered = events(server, run["run_id"], "?tensors=none"), set()
        for event in seen:
            for missed in event.get("dropped", ()):
                covered.update(range(missed["from_seq"], missed["to_seq"] + 1))
            covered.add(event["seq"])
        demand(seen[-1]["type"] == "run.finished", "a late viewer's stream ends with %r" % seen[-1])
        demand(covered >= set(range(seen[-1]["seq"])), "%d of %d are neither sent nor told" % (len(covered), seen[-1]["seq"]))
        for peer in deaf:
            peer.close()


def deaf_clients(command):
    """Who asks for files, exports and analyses and reads nothing costs little, and is cut off."""
    with tempfile.TemporaryDirectory() as shelf, Process(command, "--recordings-dir", shelf) as server:
        # Few tensors, all of them large: what is held of each is what is measured.
        hooks = [{"layer_name": "transformer.h.%d" % layer, "component": component}
                 for layer in range(24) for component in ("residual", "mlp", "attention")]
        run = started(server, {"tokens": list(range(10, 410)), "max_tokens": 4, "ignore_eos": True, "detach": True, "record": True,
                               "activation_hooks": hooks, "frames": {"dtype": "f32", "codec": "raw"}})
        events(server, run["run_id"])
        recording = "/v1/recordings/" + run["recording_id"]
        size = server.json("GET", recording)[1]["bytes"]
        sweep = json.dumps({"analysis": "activation_patching", "component": "resid_post", "clean": "The capital of France is",
                            "corrupted": "The capital of Italy is", "answer": " Paris", "wrong": " Rome", "stream": True})
        before, held = memory(server), descriptors(server)
        peers = []
        for number in range(40):
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect(server.address)
            peer.sendall([request("GET", recording + "/file"), request("GET", recording + "/export"),
                          request("GET", recording + "/export?format=npz"), request("POST", "/v1/analyses", sweep, ["Connection: close"])][number % 4])
            peers.append(peer)
        grown = 0
        end = time.monotonic() + 8
        while time.monotonic() < end:
            grown = max(grown, memory(server) - before)
            demand(server.json("GET", "/health")[0] == 200, "no /health")
            time.sleep(0.1)
        # Twenty whole exports would be twenty times the file.
        demand(size > 12 << 20 and grown < 100, "%.0f MiB more for 40 clients of a file of %d bytes" % (grown, size))
        demand(until(lambda: descriptors(server) <= held + 3, 40), "%d descriptors stay" % (descriptors(server) - held))
        for peer in peers:
            peer.close()
        # Whoever reads gets the whole.
        for path in ("/file", "/export", "/export?format=npz"):
            with server.connect(60) as peer:
                peer.sendall(request("GET", recording + path, fields=["Connection: close"]))
                demand(len(whole(peer)) >= size / 2, path + " is cut")


# ---- Clocks and places

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long offset(void) {
  long seconds = 0;
  FILE *file = fopen(getenv("CLOCK_OFFSET"), "r");
  if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
  return seconds;
}
int clock_gettime(clockid_t clock, struct timespec *out) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, out);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) out->tv_sec += offset();
  return result;
}
int gettimeofday(struct timeval *out, void *zone) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
"""


def clock_steps(command):
    """The machine's date jumps by years, both ways: runs, viewers, recordings and expiries go on as if it had not."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        raise Missing("a C compiler, for a clock that jumps")
    with tempfile.TemporaryDirectory() as folder:
        source, shim, offset = (os.path.join(folder, name) for name in ("shim.c", "shim.so", "offset"))
        with open(source, "w") as file:
            file.write(SHIM)
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], check=True)

        def set_clock(seconds):
            with open(offset + ".new", "w") as file:
                file.write(str(seconds))
            os.rename(offset + ".new", offset)

        set_clock(0)
        program = ["env", "LD_PRELOAD=" + shim, "CLOCK_OFFSET=" + offset, *command]
        with Process(program, "--recordings-dir", os.path.join(folder, "shelf"), "--idle-seconds", "600") as server:
            born = server.json("POST", "/v1/runs", BRIEF)[1]["created"]
            paused = started(server, {**BRIEF, "start": "paused"})
            run = started(server, {**LOUD, "record": True})
            for seconds in (315_000_000, -315_000_000, 1, -86_400, 0):
                set_clock(seconds)
                made = started(server, BRIEF)["created"]
                demand(abs(made - born - seconds) < 60, "the clock is not what the check says: %d" % (made - born))
                left = server.json("GET", "/v1/runs/" + paused["run_id"])[1]["expires_at"] - made
                demand(500 < left <= 602, "a paused run has %d s left after a step of %d" % (left, seconds))
                time.sleep(1.2)
            told = events(server, run["run_id"])
            times = [event["time_ms"] for event in told]
            demand(times == sorted(times) and times[-1] < 120_000, "the times of its events go back, or jump")
            demand(told[-1]["type"] == "run.finished", "the stream ends with %r" % told[-1])
            demand(server.json("GET", "/v1/runs/" + paused["run_id"])[1]["status"] == "paused", "a paused run expired")
            demand(server.json("POST", "/v1/recordings/%s/verify" % run["recording_id"])[1]["ok"], "its recording does not verify")
            with server.connect() as peer:
                peer.sendall(request())
                set_clock(100_000_000)
                demand(peer.recv(100).startswith(b"HTTP/1.1 200"), "no answer")
                time.sleep(1.5)
                peer.sendall(request(fields=["Connection: close"]))
                demand(whole(peer).rfind(b"HTTP/1.1 200") >= 0, "an idle connection was taken for an old one")


def moved_installation(command):
    """An installation that is moved away while it serves goes on with its model, says what is missing, and finds it again."""
    home = os.environ.get("NEUROSCOPE_HOME") or os.path.normpath(os.path.join(os.path.dirname(__file__), "../.."))
    with tempfile.TemporaryDirectory() as folder:
        first, second = os.path.join(folder, "first"), os.path.join(folder, "second")
        os.mkdir(first)
        for name in ("Fixtures/models", "Sources/API/Dashboard", "Protocol"):
            shutil.copytree(os.path.join(home, name), os.path.join(first, name))
        environment = ["env", "NEUROSCOPE_HOME=" + first]
        with Process([*environment, *command], "--recordings-dir", os.path.join(folder, "shelf")) as server:
            alone = events(server, started(server, BRIEF)["run_id"])
            os.rename(first, second)
            again = events(server, started(server, {**BRIEF, "record": True})["run_id"])
            tokens = [[event["token_id"] for event in told if event["type"] == "token"] for told in (alone, again)]
            demand(tokens[0] == tokens[1], "the model answers otherwise")
            demand(server.json("GET", "/health")[0] == 200, "no /health")
            for path in ("/", "/v1/scenarios", "/v1/openapi.json"):
                status, answer = server.json("GET", path)
                demand(status == 200 or isinstance(answer, dict) and re.search("missing|not found", answer["error"]),
                       "%s: %d %.200r" % (path, status, answer))
            os.rename(second, first)
            demand(server.json("GET", "/")[0] == 200, "the page is not found again")


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    command = [os.path.abspath(sys.argv[1]), "serve", *sys.argv[2:]]
    checks = [full_disk, read_only_disk, unprivileged_user, socket_permissions, other_users_socket,
              few_descriptors_for_recordings, small_budgets, deaf_clients, clock_steps, moved_installation]
    wished = os.environ.get("NEUROSCOPE_CHECKS", "").split()
    checks = [check for check in checks if not wished or check.__name__ in wished]
    failed, missing = 0, 0
    for check in checks:
        began = time.monotonic()
        try:
            check(command)
            print("ok %s (%.1f s): %s" % (check.__name__, time.monotonic() - began, check.__doc__), flush=True)
        except Missing as lack:
            missing += 1
            print("skipped %s: %s" % (check.__name__, lack), flush=True)
        except (Failure, OSError, KeyError, ValueError, subprocess.SubprocessError) as failure:
            failed += 1
            print("FAIL %s: %s" % (check.__name__, str(failure) or repr(failure)), flush=True)
    print("%d passed, %d failed, %d skipped" % (len(checks) - failed - missing, failed, missing))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
