#!/usr/bin/env python3
"""The package in a Debian that has nothing else: installed by the steps of .ci/Containerfile, tried, removed without a trace.

    container.py FOLDER        a folder with the neuroscope_*.deb of .ci/package; as root, with debootstrap and a network

What an engine would do with the file's last stage is done in a chroot: its RUN lines word for word, its environment, its user and
its entry point. Exit 0 when all holds.
"""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

SECRET = "secret-of-a-test"
WATCHED = ["/usr", "/etc", "/opt", "/var/lib"]


def stage():
    """The instructions of the file's last stage as pairs, lines that go on joined."""
    file = os.path.join(os.path.dirname(__file__), "../../.ci/Containerfile")
    with open(file, encoding="utf-8") as lines:
        text = re.sub(r"\\\n\s*", "", lines.read())
    pairs = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    last = max(place for place, (name, _) in enumerate(pairs) if name == "FROM")
    return pairs[last:]


def of(instructions, name):
    return [value for found, value in instructions if found == name]


class Root:
    """A Debian in a folder."""

    def __init__(self, folder, suite):
        self.folder = folder
        subprocess.run(["debootstrap", "--variant=minbase", suite, folder], check=True, stdout=subprocess.DEVNULL)
        shutil.copy("/etc/resolv.conf", os.path.join(folder, "etc/resolv.conf"))

    def __enter__(self):
        subprocess.run(["mount", "-t", "proc", "proc", os.path.join(self.folder, "proc")], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", os.path.join(self.folder, "proc")], check=True)

    def run(self, command):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(["chroot", self.folder, "sh", "-c", command], env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise SystemExit(f"{command}\n{done.stdout}")

    def files(self):
        """All paths but those where apt and dpkg keep their own books."""
        found = set()
        for top in WATCHED:
            for folder, names, files in os.walk(self.folder + top):
                inside = folder[len(self.folder):]
                if inside.startswith(("/var/lib/dpkg", "/var/lib/apt")):
                    continue
                found |= {f"{inside}/{name}" for name in names + files}
        return found


class Served:
    """The entry point, run as the file says, on a free port."""

    def __init__(self, root, instructions):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NEUROSCOPE_API_KEY": SECRET}
        for line in of(instructions, "ENV"):
            environment |= dict(pair.split("=", 1) for pair in line.split())
        [user] = of(instructions, "USER")
        command = json.loads(of(instructions, "ENTRYPOINT")[0])
        self.process = subprocess.Popen(
            ["chroot", f"--userspec={user}", root.folder, *command, "--port", "0"],
            env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in self.process.stdout:
            if place := re.search(r"http://[^/\s]*:(\d+)", line):
                self.port = int(place[1])
                return
        raise SystemExit(f"the server ended with {self.process.wait()} before it said where it is")

    def answer(self, method, path, body=None, key=SECRET):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        return response.status, response.read()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.read()
        return self.process.wait()


def expect(condition, told):
    if not condition:
        raise SystemExit(f"not so: {told}")
    print(f"ok {told}", flush=True)


def tried(served):
    expect(served.answer("GET", "/v1/models", key=None)[0] == 401, "a stranger is told nothing of the models")
    status, page = served.answer("GET", "/")
    expect(status == 200 and b"<title>" in page, "the page opens")
    hooks = [{"layer_name": "transformer.h.2", "component": "residual", "hook_id": "r"}]
    order = {"prompt": "Once upon a time", "max_tokens": 5, "ignore_eos": True, "activation_hooks": hooks}
    status, body = served.answer("POST", "/v1/runs", order)
    expect(status == 201, "a run starts")
    run = json.loads(body)["run_id"]
    _, stream = served.answer("GET", f"/v1/runs/{run}/events")
    types = re.findall(rb"^event: (\S+)", stream, re.M)
    expect(types.count(b"token") == 5 and types.count(b"activation") == 5 and types[-1] == b"run.finished", "it is watched to its end")
    order["record"] = True
    status, body = served.answer("POST", "/v1/runs", order)
    run = json.loads(body)["run_id"]
    served.answer("GET", f"/v1/runs/{run}/events")
    recordings = json.loads(served.answer("GET", "/v1/recordings")[1])["recordings"]
    expect(len(recordings) == 1 and recordings[0]["complete"], "a recording is kept in the volume")


def main(folder):
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        print("left out: the package in a clean root needs root and debootstrap")
        return
    if "--mounted" not in sys.argv:
        # What is mounted here is gone with this process.
        os.execvp("unshare", ["unshare", "--mount", sys.executable, os.path.abspath(__file__), folder, "--mounted"])
    instructions = stage()
    image, suite = re.fullmatch(r"(\w+):(\w+)-slim", of(instructions, "FROM")[0]).groups()
    expect(image == "debian", f"the container is a Debian, {suite}")
    with tempfile.TemporaryDirectory() as scratch, Root(os.path.join(scratch, "root"), suite) as root:
        before = root.files()
        copied = of(instructions, "COPY")[0].split()[-1]
        shutil.copytree(folder, root.folder + copied)
        for line in of(instructions, "RUN"):
            root.run(line)
        expect(not os.path.exists(root.folder + copied), "the package is installed by the file's own steps")
        served = Served(root, instructions)
        try:
            tried(served)
        finally:
            code = served.end()
        expect(code == 0, "it ends when it is told to")
        root.run("apt-get purge -yq --autoremove neuroscope")
        for volume in of(instructions, "VOLUME"):
            shutil.rmtree(root.folder + volume)
        left = sorted(root.files() ^ before)
        expect(not left, f"the package leaves no trace {' '.join(left[:8])}".strip())


main(sys.argv[1])
