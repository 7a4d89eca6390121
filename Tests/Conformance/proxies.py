#!/usr/bin/env python3
"""Holds the recipes of .github/proxies to what they promise, with the real nginx and Caddy: a prefix, streams as they come, WebSockets.

    Tests/Conformance/proxies.py path/to/neuroscope

A proxy that this machine has not is left out, and said so. Only Python's own library is used.
"""
import base64
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

RECIPES = pathlib.Path(__file__).resolve().parents[2] / ".github" / "proxies"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(url, process):
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def check(truth, what):
    if not truth:
        raise SystemExit(f"failed: {what}")
    print("ok", what, flush=True)


def call(url, body=None):
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def paused(site):
    body = {"prompt": "x", "max_tokens": 3, "ignore_eos": True, "detach": True, "start": "paused"}
    return call(site + "/v1/runs", body)["run_id"]


def stream(name, site):
    """Each token of a stepped run comes before the next one is asked for: nothing on the way holds it back."""
    run = paused(site)
    with urllib.request.urlopen(f"{site}/v1/runs/{run}/events?tensors=none", timeout=20) as events:
        for count in range(1, 4):
            call(f"{site}/v1/runs/{run}/step", {"count": 1})
            while events.readline().strip() != b"event: token":
                pass
        check(count == 3, f"{name}: events come one by one, as they are made")


def websocket(name, site, port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        key = base64.b64encode(os.urandom(16)).decode()
        link.sendall((
            f"GET /scope/v1/socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: neuroscope.v1\r\n\r\n").encode())
        reader = link.makefile("rb")
        check(b" 101 " in reader.readline(), f"{name}: a WebSocket opens")
        while reader.readline().strip():
            pass
        text = b'{"id":1,"command":"ping"}'
        link.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        head = reader.read(2)
        length = head[1] if head[1] < 126 else int.from_bytes(reader.read(2), "big")
        check(json.loads(reader.read(length))["ok"], f"{name}: a command is answered")


def proxied(name, command, recipe, backend, folder):
    if not shutil.which(name):
        print(f"{name} is left out: it is not installed")
        return
    port = free_port()
    text = (RECIPES / recipe).read_text().replace("127.0.0.1:8088", f"127.0.0.1:{port}").replace("127.0.0.1:8080", f"127.0.0.1:{backend}")
    path = pathlib.Path(folder) / recipe
    path.write_text(text)
    process = subprocess.Popen(command(path), env={**os.environ, "HOME": folder}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        site = f"http://127.0.0.1:{port}/scope"
        page = wait(site + "/", process).decode()
        check("<html" in page, f"{name}: the page below its prefix")
        paths = re.findall(r'(?:src|href)="([^"#:]+\.(?:js|css))"', page)
        check(paths, f"{name}: the page names its files")
        for one in paths:
            with urllib.request.urlopen(urllib.parse.urljoin(site + "/", one), timeout=20) as answer:
                check(answer.status == 200, f"{name}: {one}")
        run = paused(site)
        check(call(f"{site}/v1/runs/{run}")["status"] == "paused", f"{name}: a run is begun and found")
        stream(name, site)
        websocket(name, site, port)
    finally:
        process.terminate()
        process.wait(20)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    backend = free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.argv[1], "serve", "--port", str(backend), "--base-path", "/scope", "--no-recordings"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(f"http://127.0.0.1:{backend}/readyz", server)
            proxied("nginx", lambda path: [
                "nginx", "-c", str(path), "-p", folder, "-e", folder + "/error.log",
                "-g", f"daemon off; pid {folder}/pid;"], "nginx.conf", backend, folder)
            proxied("caddy", lambda path: ["caddy", "run", "--config", str(path), "--adapter", "caddyfile"], "Caddyfile", backend, folder)
        finally:
            server.terminate()
            server.wait(30)


main()
