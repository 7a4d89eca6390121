"""Speaking to the server, from an address of one's own, in order or in none."""

import base64
import http.client
import json
import os
import socket
import struct

# Linux: the port is chosen when the connection is made, so that one address has ports for each server.
IP_BIND_ADDRESS_NO_PORT = 24


class Client:
    """Somebody at an address of this machine; the server takes each address for another client."""

    def __init__(self, address, source="127.0.0.1"):
        self.address, self.source = address, source

    def connect(self, timeout=30, window=None):
        """A connection; a small `window` is the receive buffer of somebody who hardly reads."""
        peer = socket.socket()
        try:
            peer.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            if window:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            peer.settimeout(timeout)
            peer.bind((self.source, 0))
            peer.connect(self.address)
        except OSError:
            peer.close()
            raise
        return peer

    def line(self, timeout=60):
        """A connection of the standard library's, which the caller closes."""
        line = http.client.HTTPConnection(*self.address, timeout=timeout)
        line.sock = self.connect(timeout)
        return line

    def ask(self, method, path, body=None, fields=None, timeout=60):
        """The status and the bytes of an answer; a body that is no bytes goes as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        line = self.line(timeout)
        try:
            line.request(method, path, body, fields or {})
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def json(self, method, path, body=None, timeout=60):
        """The status and what the text means; the text itself where it means nothing."""
        status, text = self.ask(method, path, body, timeout=timeout)
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode(errors="replace")

    def begin(self, method, path, body=b"", fields=(), window=None, timeout=30):
        """A connection on which a request has been sent and nothing been read."""
        peer = self.connect(timeout, window)
        peer.sendall(request(method, path, body, fields))
        return peer

    def upgrade(self, path="/v1/socket", window=None, fields=()):
        """A WebSocket whose handshake is over."""
        key = base64.b64encode(os.urandom(16)).decode()
        fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                  "Sec-WebSocket-Key: " + key, *fields]
        peer = self.begin("GET", path, fields=fields, window=window)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = peer.recv(1)
            if not byte:
                raise ConnectionError("no handshake: %r" % head)
            head += byte
        return peer


def request(method, path, body=b"", fields=(), length=None):
    """The bytes of a request; `length` promises more body than is there."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost", *fields]
    if body or length:
        lines.append("Content-Length: %d" % (len(body) if length is None else length))
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def frame(payload, opcode=1, final=True, compressed=False):
    """A masked WebSocket frame; the mask is of zeros, which is one too."""
    if isinstance(payload, dict):
        payload = json.dumps(payload).encode()
    size = len(payload)
    head = bytes([final << 7 | compressed << 6 | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += b"\xfe" + struct.pack(">H", size)
    else:
        head += b"\xff" + struct.pack(">Q", size)
    return head + b"\0\0\0\0" + payload


def reset(peer):
    """Leaves without a goodbye."""
    try:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    peer.close()
