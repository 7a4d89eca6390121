"""The server under test: started once on a free port with the bundled model, ended with the process."""

import atexit
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


class Address:
    """A server that somebody else has started."""

    def __init__(self, url):
        self.url = url
        self.host = url.removeprefix("http://")

    def call(self, method, path, body=None, headers=None):
        """Status, fields and bytes of an answer."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def json(self, method, path, body=None):
        status, _, data = self.call(method, path, body)
        assert status < 300, (status, data)
        return json.loads(data)

    def wait(self, run, *statuses, seconds=600):
        """The run object once its status is one of these."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.json("GET", f"/v1/runs/{run}")
            if found["status"] in statuses:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{run} is {found['status']}, not {statuses}")


class Server(Address):
    """One running server."""

    def __init__(self, *arguments, **process):
        self.recordings = tempfile.mkdtemp(prefix="neuroscope-")
        command = [os.environ["NEUROSCOPE_BINARY"], "serve", "--port", "0",
                   "--recordings-dir", self.recordings,
                   "--harvests-dir", os.path.join(self.recordings, "harvests"), "--models-dir", self.recordings, *arguments]
        # From another directory: the server has to find its files by itself.
        self.process = subprocess.Popen(
            command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **process)
        atexit.register(self.stop)
        self.greeting = ""
        for line in self.process.stdout:
            self.greeting += line
            found = re.search(r"page\s+(http://[^/]+)", line)
            if found:
                super().__init__(found.group(1))
                break
        else:
            raise RuntimeError(f"the server did not start:\n{self.greeting}")

    def stop(self):
        """Ends the server as a service manager does; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=600)


_shared = None


def shared():
    """The server that all tests use."""
    global _shared
    if _shared is None:
        _shared = Server()
    return _shared


FRANCE = [{"role": "user", "content": "What is the capital of France?"}]


def residuals(layers, **more):
    """Hooks on the residual stream of some layers."""
    return [{"layer_name": f"transformer.h.{n}", "component": "residual", "hook_id": f"layer_{n}", **more}
            for n in layers]
