"""The server under attack: a process with a folder of its own for recordings, watched from outside."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.normpath(os.path.join(HERE, "../../.."))
BUNDLED = os.path.join(PROJECT, "Fixtures/models/circuits-5m")


class Server:
    """A server on a free port of 127.0.0.1; `folder` is everything it and its attackers write."""

    def __init__(self, binary, options):
        self.folder = tempfile.mkdtemp(prefix="soak-")
        self.recordings = os.path.join(self.folder, "recordings")
        os.mkdir(self.recordings)
        self.log = os.path.join(self.folder, "log")
        command = [binary, "serve", "--port", "0", "--recordings-dir", self.recordings, "--models-dir", "/", *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=open(self.log, "w"), text=True, start_new_session=True
        )
        self.pid = self.process.pid
        greeting = ""
        for line in self.process.stdout:
            greeting += line
            found = re.search(r"page\s+http://(127\.0\.0\.1):(\d+)", line)
            if found:
                self.address = (found[1], int(found[2]))
                return
        raise SystemExit("soak failed: the server did not start: %s%s" % (greeting, self.log_end()))

    @property
    def lives(self):
        return self.process.poll() is None

    def memory(self, name="VmRSS"):
        """A figure of the process in MiB: VmRSS now, VmHWM at most since the last `forget_peak`."""
        try:
            with open("/proc/%d/status" % self.pid) as status:
                return next((int(line.split()[1]) / 1024 for line in status if line.startswith(name + ":")), 0)
        except OSError:
            return 0

    def forget_peak(self):
        try:
            with open("/proc/%d/clear_refs" % self.pid, "w") as file:
                file.write("5")
        except OSError:
            pass

    def descriptors(self):
        try:
            return len(os.listdir("/proc/%d/fd" % self.pid))
        except OSError:
            return 0

    def log_end(self, count=2000):
        with open(self.log, errors="replace") as file:
            return file.read()[-count:]

    def stop(self):
        """Ends it as a service manager does; the exit status, or None where it had to be killed."""
        if self.lives:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def copied_model(folder, name, change=None):
    """The bundled model in a folder of its own, its weights shared; `change` maps file names to functions of their text."""
    place = os.path.join(folder, name)
    os.makedirs(place, exist_ok=True)
    for file in os.listdir(BUNDLED):
        source, target = os.path.join(BUNDLED, file), os.path.join(place, file)
        if os.path.exists(target):
            os.remove(target)
        if change and file in change:
            with open(source) as old, open(target, "w") as new:
                new.write(change[file](old.read()))
        elif file.endswith(".safetensors"):
            os.symlink(source, target)
        else:
            shutil.copy(source, target)
    return place


def wait_until(truth, seconds):
    """Whether something became true in time."""
    end = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
