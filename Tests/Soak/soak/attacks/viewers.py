"""Peers who do not read, do not finish, do not stop, or are no clients at all."""

import os
import signal
import socket
import time
import zlib

from ..wire import frame, request, reset


def loud_run(attacker, client, tokens=400, **more):
    """A run that captures every layer, so that each viewer is sent much."""
    hooks = [{"layer_name": "transformer.h.%d" % layer, "component": "residual"} for layer in range(attacker.target.layers)]
    order = {"prompt": "Once", "max_tokens": min(tokens, attacker.target.context - 10), "ignore_eos": True, "detach": True,
             "activation_hooks": hooks, "frames": {"dtype": "f32", "codec": "raw"}, **more}
    return attacker.start(client, order)


def deaf_viewers(attacker):
    """Two hundred viewers of loud runs who take the first bytes and then nothing."""
    chance, client = attacker.random, attacker.client()
    peers = []
    while attacker.goes_on:
        run = loud_run(attacker, client)
        for number in range(50 if run else 0):
            path = "/v1/runs/%s/" % run["run_id"]
            policy = chance.choice(["conflate", "lossless", "disconnect"])
            try:
                if chance.random() < 0.5:
                    peers.append(client.begin("GET", path + "events?policy=" + policy, window=4096))
                else:
                    peers.append(client.upgrade(path + "socket?policy=" + policy, window=4096))
                attacker.acts += 1
            except OSError:
                pass
        while len(peers) > 200:
            reset(peers.pop(chance.randrange(len(peers))))
        time.sleep(0.5)
        if run:
            client.ask("DELETE", "/v1/runs/" + run["run_id"])
    for peer in peers:
        reset(peer)


def deaf_downloads(attacker):
    """Frames, files and exports are asked for, many times on one line, and not read."""
    client = attacker.client()
    run = loud_run(attacker, client, record=True)
    if run is None:
        return
    recording = "/v1/recordings/%s" % run["recording_id"]
    paths = ["/v1/runs/%s/frames" % run["run_id"], recording + "/file", recording + "/export", recording + "/export?format=npz",
             "/v1/openapi.json", "/dashboard/app.js"]
    held = []

    def act(client, chance):
        peer = client.connect(window=4096)
        for _ in range(chance.choice([1, 20])):
            peer.sendall(request("GET", chance.choice(paths)))
        held.append(peer)
        if len(held) > 100:
            reset(held.pop(chance.randrange(len(held))))
        time.sleep(0.05)

    attacker.crowd(4, act)
    for peer in held:
        reset(peer)
    client.ask("DELETE", recording)


def socket_floods(attacker):
    """WebSockets that send thousands of commands, endless fragments, bombs in deflate, and frames that are none."""
    def bomb(chance):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = packer.compress(b'{"a":"' + b"a" * (chance.choice([8, 15, 40]) << 20)) + packer.flush(zlib.Z_SYNC_FLUSH)
        return frame(data[:-4], compressed=True)

    bombs = [bomb(attacker.random) for _ in range(3)]

    def act(client, chance):
        peer = client.upgrade(fields=["Sec-WebSocket-Extensions: permessage-deflate"])
        try:
            way = chance.randrange(5)
            if way == 0:
                for number in range(2000):
                    command = {"id": str(number), "command": chance.choice(["ping", "subscribe", "nothing"]), "run_id": "run_x"}
                    peer.sendall(frame(command))
            elif way == 1:
                peer.sendall(frame(b"x", final=False) + frame(b"y", opcode=0, final=False) * 50_000)
            elif way == 2:
                peer.sendall(chance.choice(bombs))
                peer.recv(100)
            elif way == 3:
                peer.sendall(chance.randbytes(chance.randrange(2, 2000)))
            else:
                order = {"id": "1", "command": "start", "model": attacker.target.model, "prompt": "x", "max_tokens": 100, "ignore_eos": True}
                peer.sendall(frame(order) * chance.randrange(1, 20))
                peer.recv(chance.randrange(1, 5000))
        finally:
            reset(peer)

    attacker.crowd(4, act)


def slow_requests(attacker):
    """Hundreds of requests that come a byte at a time, or never end."""
    peers = []
    while attacker.goes_on:
        while len(peers) < 300:
            try:
                peers.append(attacker.client(len(peers)).connect())
                peers[-1].sendall(request("POST", "/v1/runs", b'{"prompt": "', length=attacker.random.choice([100, 16 << 20])))
            except OSError:
                break
        for peer in list(peers):
            try:
                peer.send(b"x")
                attacker.acts += 1
            except OSError:
                peers.remove(peer)
                peer.close()
        time.sleep(0.2)
    for peer in peers:
        peer.close()


def churn(attacker):
    """Connections that come and go in the middle of everything, thousands of them."""
    def act(client, chance):
        asked = chance.choice([
            request("GET", "/health"), request("GET", "/v1/runs"), request("GET", "/dashboard/app.js") * 5,
            request("POST", "/v1/tokenize", {"text": "some words"}), b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n",
        ])
        peer = client.connect(window=chance.choice([None, 4096]))
        peer.sendall(asked[: chance.randrange(len(asked) + 1)])
        if chance.random() < 0.3:
            peer.shutdown(socket.SHUT_WR)
        if chance.random() < 0.3:
            peer.settimeout(0.05)
            peer.recv(chance.randrange(1, 4096))
        reset(peer) if chance.random() < 0.5 else peer.close()

    attacker.crowd(8, act)


def signals(attacker):
    """Signals that mean nothing to a server."""
    while attacker.goes_on:
        os.kill(attacker.target.pid, attacker.random.choice([signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE]))
        attacker.acts += 1
        time.sleep(attacker.random.uniform(0, 0.1))
