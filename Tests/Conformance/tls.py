#!/usr/bin/env python3
"""TLS of the server's own: what is offered and what is refused, the chain, streams and WebSockets, hundreds of handshakes, files read again.

    tls.py path/to/neuroscope [SERVE-OPTION...]

Starts servers itself, with certificates made on the spot.  Standard library only; curl is asked too where it is installed.  Exit 0 when all
hold.
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings

import certificates

warnings.simplefilter("ignore", DeprecationWarning)
WAIT = 120


def check(truth, what):
    if not truth:
        raise SystemExit(f"failed: {what}")
    print("ok", what, flush=True)


def until(holds, what):
    end = time.monotonic() + WAIT
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"failed: {what}")
        time.sleep(0.1)
    print("ok", what, flush=True)


class Server:
    """A server that speaks TLS on a free port of 127.0.0.1, and plain HTTP on a Unix socket."""

    def __init__(self, command, folder, chain, key):
        self.plain = f"{folder}/socket"
        self.log = open(f"{folder}/log", "w+")
        self.process = subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0", "--listen", f"unix:{self.plain}", "--tls-cert", chain, "--tls-key", key],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.greeting = ""
        for line in self.process.stdout:
            self.greeting += line
            if "page " in line:
                break
        found = re.search(r"https://127\.0\.0\.1:(\d+)/", self.greeting)
        check(found and "http://" not in self.greeting, "the greeting says https")
        self.port = int(found[1])
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def logged(self):
        return pathlib.Path(self.log.name).read_text()

    def connect(self, context, name="localhost", session=None):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)
        try:
            return context.wrap_socket(raw, server_hostname=name, session=session)
        except BaseException:
            raw.close()
            raise

    def ask(self, context, method, path, body=None):
        client = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=WAIT)
        client.sock = self.connect(context)
        client.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        answer = client.getresponse()
        data = answer.read()
        client.close()
        return answer.status, json.loads(data) if data[:1] in b"{[" else data

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) << 10


def trusting(authority=None, least=None, most=None, ciphers=None, protocols=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority:
        context.load_verify_locations(authority)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if ciphers:
        context.set_ciphers(ciphers)
    if least:
        context.minimum_version = least
    if most:
        context.maximum_version = most
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def outcome(server, context):
    """The version and cipher that were agreed on, or why none were."""
    try:
        with server.connect(context) as link:
            return link.version(), link.cipher()[0]
    except (ssl.SSLError, ConnectionError) as error:
        return None, str(error)


def offered(server):
    version = ssl.TLSVersion
    for one, name in ((version.TLSv1_2, "TLSv1.2"), (version.TLSv1_3, "TLSv1.3")):
        agreed, cipher = outcome(server, trusting(least=one, most=one))
        check(agreed == name and ("GCM" in cipher or "CHACHA20" in cipher), f"{name} is spoken, with {cipher}")
    for one, name in ((version.TLSv1, "TLSv1"), (version.TLSv1_1, "TLSv1.1")):
        agreed, reason = outcome(server, trusting(least=one, most=one, ciphers="ALL:@SECLEVEL=0"))
        check(agreed is None and "PROTOCOL_VERSION" in reason.upper().replace(" ", "_"), f"{name} is refused, and told so")
    taken = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    names = [one["name"] for one in context.get_ciphers() if one["protocol"] != "TLSv1.3"]
    for name in names:
        agreed, cipher = outcome(server, trusting(most=version.TLSv1_2, ciphers=name + ":@SECLEVEL=0"))
        if agreed:
            taken.append(cipher)
    check(
        taken and all(re.fullmatch(r"ECDHE-ECDSA-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)", name) for name in taken),
        f"of {len(names)} ciphers of TLS 1.2 only {', '.join(taken)} are taken")
    for protocols, agreed in ((["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), (None, None)):
        with server.connect(trusting(protocols=protocols)) as link:
            check(link.selected_alpn_protocol() == agreed and link.compression() is None, f"of {protocols} the server takes {agreed}")
    agreed, reason = outcome(server, trusting(protocols=["h2"]))
    check(agreed is None and "NO_APPLICATION_PROTOCOL" in reason.upper().replace(" ", "_"), "of h2 alone it takes none")
    for most in (version.TLSv1_2, version.TLSv1_3):
        context = trusting(most=most)
        with server.connect(context) as link:
            link.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            link.recv(65536)
            session = link.session
        with server.connect(context, session=session) as link:
            check(link.session_reused, f"a session of {link.version()} is taken up by its ticket")


def chain(server, root):
    for name in ("localhost", "127.0.0.1"):
        with server.connect(trusting(root), name) as link:
            check(link.getpeercert()["subject"][0][0][1] == "localhost", f"whoever knows the root alone believes the chain, as {name}")
    try:
        server.connect(trusting(root), "other.example")
        check(False, "another name is not believed")
    except ssl.SSLCertVerificationError:
        check(True, "another name is not believed")
    if shutil.which("openssl"):
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-showcerts"], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=WAIT).stdout
        check(shown.count("BEGIN CERTIFICATE") == 2, "the whole chain is sent")
    if shutil.which("curl"):
        said = subprocess.run(
            ["curl", "-sS", "--http2", "--cacert", root, f"https://localhost:{server.port}/health", "--resolve", f"localhost:{server.port}:127.0.0.1"],
            capture_output=True, text=True, timeout=WAIT)
        check(json.loads(said.stdout)["status"] == "healthy", "curl is answered, though it offers HTTP/2 first")


def body_of(link):
    data = b""
    while True:
        try:
            piece = link.recv(65536)
        except ssl.SSLEOFError:
            raise SystemExit("failed: a stream ends with close_notify")
        if not piece:
            return data.partition(b"\r\n\r\n")[2]
        data += piece


def streams(server, trust):
    run = server.ask(trust, "POST", "/v1/runs", {
        "prompt": "Once upon a time", "max_tokens": 24, "detach": True, "ignore_eos": True, "temperature": 0,
        "activation_hooks": [{"layer_name": "transformer.h.3", "component": "residual"}]})[1]["run_id"]
    until(lambda: server.ask(trust, "GET", f"/v1/runs/{run}")[1]["status"] == "finished", "a run is done")
    for query in ("tensors=json", "tensors=base64", "tensors=none"):
        # Without a length and without chunks: what is left is what was made.
        question = f"GET /v1/runs/{run}/events?{query} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
        with server.connect(trust) as link:
            link.sendall(question)
            sealed = body_of(link)
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(WAIT)
            link.connect(server.plain)
            link.sendall(question)
            plain = body_of(link)
        check(sealed == plain and sealed.count(b"event: token") == 24, f"{len(sealed)} bytes of events ({query}) are those of plain text")


def websocket(server, trust):
    with server.connect(trust) as link:
        key = base64.b64encode(os.urandom(16)).decode()
        link.sendall((
            f"GET /v1/socket HTTP/1.1\r\nHost: localhost:{server.port}\r\nOrigin: https://localhost:{server.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: neuroscope.v1\r\n\r\n").encode())
        reader = link.makefile("rb")
        check(b" 101 " in reader.readline(), "wss: a WebSocket opens")
        while reader.readline().strip():
            pass
        for number in range(1, 51):
            text = json.dumps({"id": number, "command": "ping"}).encode()
            link.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
            head = reader.read(2)
            length = head[1] if head[1] < 126 else int.from_bytes(reader.read(2), "big")
            if not json.loads(reader.read(length))["ok"]:
                check(False, "wss: a command is answered")
        check(True, "wss: 50 commands are answered")


def events(reader, count):
    """Reads so many tokens of a stream."""
    found = 0
    while found < count:
        line = reader.readline()
        if not line:
            raise SystemExit("failed: the stream has ended")
        found += line.strip() == b"event: token"


def stepped(server, trust):
    run = server.ask(trust, "POST", "/v1/runs", {
        "prompt": "Once", "max_tokens": 64, "ignore_eos": True, "detach": True, "start": "paused"})[1]["run_id"]
    link = server.connect(trust)
    link.sendall(f"GET /v1/runs/{run}/events?tensors=none HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    return run, link, link.makefile("rb")


def handshakes(server, trust):
    run, link, reader = stepped(server, trust)
    began = time.monotonic()
    refused = []

    def shake():
        for _ in range(50):
            try:
                with server.connect(trusting()) as one:
                    one.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if b" 200 " not in one.recv(4096):
                        refused.append("no answer")
            except OSError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=shake) for _ in range(4)]
    for one in threads:
        one.start()
    for _ in range(20):
        server.ask(trust, "POST", f"/v1/runs/{run}/step", {"count": 1})
        events(reader, 1)
    for one in threads:
        one.join()
    check(not refused, f"200 handshakes beside a stream, {200 / (time.monotonic() - began):.0f} a second, and 20 of its tokens came")
    link.close()


def aborted(server, hello):
    def abort(count):
        for number in range(count):
            with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as link:
                kind = number % 4
                if kind < 3:
                    link.sendall(hello[: (1, len(hello) // 2, len(hello))[kind]])
                else:
                    link.sendall(os.urandom(200))
                if number % 3 == 0:
                    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                elif kind == 2:
                    link.recv(65536)

    before = server.descriptors()
    abort(400)
    until(lambda: server.descriptors() <= before, f"400 aborted handshakes leave no descriptor ({before} before and after)")
    settled = server.resident()
    abort(1200)
    until(lambda: server.descriptors() <= before, "1200 more do not either")
    grown = server.resident() - settled
    check(grown < 4 << 20, f"nor memory: {grown >> 10} KiB more")


def hello_bytes():
    arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting().wrap_bio(arriving, leaving, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return leaving.read()
    raise SystemExit("failed: a client says hello first")


def misled(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while piece := link.recv(65536):
            answer += piece
        check(answer.startswith(b"HTTP/1.1 400 ") and b"tls_required" in answer, "plain HTTP is told to come by https")


def shown(server):
    with server.connect(trusting()) as link:
        return hashlib.sha256(link.getpeercert(binary_form=True)).hexdigest()


def reloading(server, files, authority, trust):
    run, link, reader = stepped(server, trust)
    step = lambda count: server.ask(trusting(), "POST", f"/v1/runs/{run}/step", {"count": count})
    step(1)
    events(reader, 1)
    first = shown(server)

    def renew(name):
        fresh = certificates.Identity(name, authority)
        certificates.write(files[0], fresh.certificate, authority.certificate)
        certificates.write(files[1], fresh.key())

    renew("localhost")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: shown(server) != first, "after SIGHUP newcomers see the new certificate")
    second = shown(server)
    step(2)
    events(reader, 2)
    check(True, "and the stream goes on with the old one")

    certificates.write(files[1], certificates.Identity().key())
    server.process.send_signal(signal.SIGHUP)
    until(
        lambda: f"the key in {files[1]} is not that of the certificate in {files[0]}" in server.logged(),
        "a key that does not match is refused, and the log says why")
    check(shown(server) == second, "and the certificate stays")
    status, answer = server.ask(trusting(), "POST", "/v1/keys/reload")
    check(status == 422 and answer["code"] == "certificate_unusable", "the endpoint says so too")
    renew("localhost")
    status, answer = server.ask(trusting(), "POST", "/v1/keys/reload")
    check(status == 200 and 80000 < answer["certificate"]["expires_in"] < 86500, "and reads good files")
    check(shown(server) != second, "newcomers see those")
    step(3)
    events(reader, 3)
    check(True, "and the stream still goes on")
    link.close()


def refused(command, folder):
    one, other = certificates.Identity(), certificates.Identity()
    good, key = certificates.write(f"{folder}/a.pem", one.certificate), certificates.write(f"{folder}/a.key", one.key())
    stranger = certificates.write(f"{folder}/b.key", other.key())
    sealed = certificates.write(f"{folder}/c.key", one.key(b"abc"))
    junk = certificates.write(f"{folder}/junk", b"junk\n")
    absent = f"{folder}/absent"
    for options, words in (
        (["--tls-cert", absent, "--tls-key", key], [absent]),
        (["--tls-cert", good, "--tls-key", absent], [absent]),
        (["--tls-cert", junk, "--tls-key", key], [junk, "BEGIN CERTIFICATE"]),
        (["--tls-cert", good, "--tls-key", junk], [junk, "BEGIN PRIVATE KEY"]),
        (["--tls-cert", good, "--tls-key", stranger], [stranger, good, "is not that of"]),
        (["--tls-cert", good, "--tls-key", sealed], [sealed, "passphrase"]),
        (["--tls-cert", good], ["--tls-cert", "--tls-key"]),
        (["--tls-key", key], ["--tls-cert", "--tls-key"]),
        (["--tls-cert", good, "--tls-key", key, "--listen", f"unix:{folder}/u"], ["--tls-cert", "Unix"]),
    ):
        done = subprocess.run([*command, "--port", "0", *options], capture_output=True, text=True, timeout=WAIT)
        said = done.stdout + done.stderr
        check(done.returncode != 0 and all(word in said for word in words), f"refused at start: {said.strip().splitlines()[0][:100]}")


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    command = [sys.argv[1], "serve", "--no-recordings", *[one for one in sys.argv[2:] if one != "--"]]
    with tempfile.TemporaryDirectory() as folder:
        refused(command, folder)
        root = certificates.Identity("root.test", is_authority=True)
        middle = certificates.Identity("middle.test", root, is_authority=True)
        leaf = certificates.Identity("localhost", middle)
        files = (
            certificates.write(f"{folder}/chain.pem", leaf.certificate, middle.certificate),
            certificates.write(f"{folder}/key.pem", leaf.key()))
        authority = certificates.write(f"{folder}/root.pem", root.certificate)
        server = Server(command, folder, *files)
        try:
            trust = trusting(authority)
            until(lambda: server.ask(trust, "GET", "/readyz")[0] == 200, "the server is ready")
            offered(server)
            chain(server, authority)
            streams(server, trust)
            websocket(server, trust)
            handshakes(server, trust)
            aborted(server, hello_bytes())
            misled(server)
            reloading(server, files, middle, trust)
            server.process.terminate()
            check(server.process.wait(WAIT) == 0, "the server ends well")
        finally:
            server.process.kill()
            server.process.wait()
    print("tls: all hold")


main()
