"""Two hundred malformed requests, drawn with a seed: each gets a 4xx with an error object, and the server goes on."""

import json
import random
import socket
import unittest

from server import FRANCE, shared

HOOK = {"layer_name": "transformer.h.5", "component": "residual"}
# Bodies that are right, and every one of whose members matters.
GOOD = {
    "/v1/chat/completions": {"messages": FRANCE, "max_tokens": 4, "temperature": 0.5, "stop": ["x"], "stream": False},
    "/v1/chat/completions/with_activations": {"messages": FRANCE, "max_tokens": 4, "activation_hooks": [HOOK]},
    "/v1/completions": {"prompt": "Once", "max_tokens": 4, "top_p": 0.5, "n": 1},
    "/v1/runs": {"prompt": "Once", "max_tokens": 4, "activation_hooks": [HOOK], "detach": True},
    "/v1/models/load": {"model_path": "Fixtures/models/circuits-5m", "max_kv_size": 64},
    "/v1/activations/hooks": {"hooks": [HOOK]},
    "/v1/tokenize": {"text": "a"},
    "/v1/detokenize": {"tokens": [1, 2]},
    "/v1/apply_template": {"messages": FRANCE},
}
REQUIRED = {"messages", "prompt", "activation_hooks", "model_path", "hooks", "text", "tokens"}


class Malformed(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.random = random.Random(20)

    def send(self, head, body=b""):
        """Status and body of the answer to raw bytes."""
        host, port = self.server.host.split(":")
        with socket.create_connection((host, int(port)), timeout=600) as peer:
            peer.sendall(head + b"Host: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            data = b""
            while piece := peer.recv(1 << 16):
                data += piece
        answer, _, rest = data.partition(b"\r\n\r\n")
        return int(answer.split()[1]), rest

    def refused(self, what, head, body=b""):
        status, answer = self.send(head, body)
        self.assertIn(status, range(400, 500), (what, head, body[:300], answer[:300]))
        found = json.loads(answer)
        self.assertEqual(set(found), {"error", "code", "details", "request_id"}, (what, found))
        self.assertIsInstance(found["error"], str)

    def draw(self):
        """A malformed request: what is wrong with it, its head and its body."""
        kind = self.random.choice(
            ["cut", "bytes", "type", "missing", "number", "text", "deep", "method", "path", "not an object"])
        path = self.random.choice(list(GOOD))
        good = json.loads(json.dumps(GOOD[path]))
        body = json.dumps(good).encode()
        member = self.random.choice(list(good))
        method = "POST"
        if kind == "cut":
            body = body[:self.random.randrange(1, len(body))]
        elif kind == "bytes":
            body = bytes(self.random.randrange(256) for _ in range(self.random.randrange(1, 80)))
            body = body if body[:1] != b"{" else b"\x00" + body
        elif kind == "type":
            wrong = {str: [7, True, {}], int: ["7", [7], {}], float: ["7", [7]], list: [7, True], bool: ["true", 1]}
            good[member] = self.random.choice(wrong[type(good[member])])
            body = json.dumps(good).encode()
        elif kind == "missing":
            for name in REQUIRED & good.keys() if path != "/v1/runs" else ["prompt"]:
                del good[name]
            body = json.dumps(good).encode()
        elif kind == "number":
            path = self.random.choice(["/v1/chat/completions", "/v1/completions", "/v1/runs"])
            good = {**GOOD[path], self.random.choice(["max_tokens", "temperature", "top_p", "top_k", "seed"]): "@"}
            huge = self.random.choice(["1e999", "-1e308", "9" * 400, "99999999999999999999", "-1.5e20", "NaN", "0x10"])
            body = json.dumps(good).replace('"@"', huge).encode()
        elif kind == "text":
            body = body.replace(b'"', self.random.choice([b'"\xff', b'"\xc3\x28', b'"\xed\xa0\x80', b'"\\ud8zz', b"'"]))
        elif kind == "deep":
            depth = self.random.choice([129, 1000, 100_000])
            body = b'{"messages":' + self.random.choice([b"[", b'{"a":']) * depth
        elif kind == "method":
            method = self.random.choice(["PUT", "PATCH", "DELETE", "TRACE", "BREW", "get", "QUERY"])
            path = "/v1/chat/completions"
        elif kind == "path":
            path = self.random.choice(["/v2", "/v1/chat", "//", "/v1/runs/%00", "/v1/%ff", "/v1/models/" + "a" * 3000,
                                       "/../etc/passwd", "/dashboard/..%2f..%2fPackage.swift", "/v1/runs/x/pause"])
        else:
            body = self.random.choice([b"", b" \n", b"[]", b"7", b'"text"', b"null", b"{}{}", b"\xef\xbb\xbf{}"])
        return kind, f"{method} {path} HTTP/1.1\r\n".encode(), body

    def test_two_hundred(self):
        for _ in range(200):
            self.refused(*self.draw())
        health = self.server.json("GET", "/health")
        self.assertTrue(health["ready"])
        self.server.json("POST", "/v1/chat/completions", {"messages": FRANCE, "max_tokens": 2})


if __name__ == "__main__":
    unittest.main()
