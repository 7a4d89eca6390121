#!/usr/bin/env python3
"""What idle WebSocket connections cost a server: resident memory for each, and the time to open them.

    idle_sockets.py 127.0.0.1:8080 /v1/socket --pid 1234

Opens --count connections, lets them be for --seconds, answers pings, and compares the server's resident memory
before and after.  A first, smaller crowd is opened and closed to warm the server's allocator.  Standard library
only.  Exit 0 when every handshake succeeded, none was closed, and each costs less than --limit KiB.
"""

import argparse
import base64
import os
import resource
import select
import socket
import sys
import time


def resident(pid):
    """The resident memory of a process in KiB."""
    with open("/proc/%d/status" % pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def request(host, path):
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ["GET %s HTTP/1.1" % path, "Host: " + host, "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def connect(address, asked):
    peer = socket.create_connection(address, timeout=10)
    peer.sendall(asked)
    head = b""
    while b"\r\n\r\n" not in head:
        piece = peer.recv(4096)
        if not piece:
            raise OSError("closed during the handshake: %r" % head[:60])
        head += piece
    if not head.startswith(b"HTTP/1.1 101 "):
        raise OSError("not a WebSocket: %r" % head[:60])
    peer.setblocking(False)
    return peer


def crowd(address, path, count):
    asked = request("%s:%d" % address, path)
    return [connect(address, asked) for _ in range(count)]


def linger(peers, seconds):
    """Answers pings for a while; how many peers the server closed."""
    closed = 0
    poll = select.epoll()
    by_number = {peer.fileno(): peer for peer in peers}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for number, _ in poll.poll(left):
            try:
                data = by_number[number].recv(4096)
            except OSError:
                data = b""
            if not data:
                poll.unregister(number)
                closed += 1
            elif data[0] == 0x89 and len(data) == 2:
                by_number[number].send(b"\x8a\x80\0\0\0\0")
    return closed


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("address", help="host:port")
    parser.add_argument("path")
    parser.add_argument("--pid", type=int, required=True, help="the server's process")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--limit", type=float, default=32, help="KiB for each connection")
    options = parser.parse_args()
    host, _, port = options.address.rpartition(":")
    address = (host, int(port))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, options.count + 100)), hard))

    for peer in crowd(address, options.path, options.count // 10):
        peer.close()
    time.sleep(1)
    before = resident(options.pid)
    began = time.monotonic()
    try:
        peers = crowd(address, options.path, options.count)
    except OSError as error:
        print("FAIL %s" % error)
        return 1
    opened = time.monotonic() - began
    closed = linger(peers, options.seconds)
    each = (resident(options.pid) - before) / options.count
    for peer in peers:
        peer.close()
    print("%d sockets opened in %.2f s, %d closed by the server" % (len(peers), opened, closed))
    passed = each < options.limit and closed == 0
    verdict = "passed" if passed else "failed"
    print("%s: %.1f KiB for each idle socket (limit %.0f)" % (verdict, each, options.limit))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
