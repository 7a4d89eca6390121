"""Bodies that are small to send and large to take in, and names that are none."""

import gzip
import json
import urllib.parse
import zlib

from ..server import BUNDLED

POSTS = ["/v1/runs", "/v1/chat/completions", "/v1/completions", "/v1/tokenize", "/v1/models/load", "/v1/analyses",
         "/v1/activations/hooks", "/v1/detokenize", "/v1/apply_template"]
FIELDS = ["prompt", "messages", "tools", "activation_hooks", "stop", "tokens", "model", "interventions", "frames"]
# What may echo a value says so in a few words of it.
ECHO = 20_000


def refused(attacker, client, path, body, fields=None):
    """Sends what cannot be meant; a 500 or an answer that repeats it is a fault."""
    status, answer = client.ask("POST", path, body, fields, timeout=30)
    if status == 500:
        attacker.fault("%s: 500 %r" % (path, answer[:120]))
    if status >= 400 and len(answer) > ECHO:
        attacker.fault("%s: a refusal of %d bytes: %r" % (path, len(answer), answer[:60]))
    return status


def deep_json(attacker):
    """Values nested up to a million deep, closed or not, alone or in a field that is read."""
    def act(client, chance):
        depth = chance.choice([150, 500, 10_000, 100_000, 1_000_000])
        opening, closing = chance.choice([("[", "]"), ('{"a":', "}"), ('[{"role":', "}]"), ("[[],", "]")])
        inner = "1" if opening[-1] == ":" else ""
        if opening == "[[],":
            inner = "0"
        value = opening * depth + inner + closing * (depth if chance.random() < 0.8 else depth // 2)
        if chance.random() < 0.7:
            value = '{"%s":%s}' % (chance.choice(FIELDS), value)
        refused(attacker, client, chance.choice(POSTS), value.encode())

    attacker.crowd(3, act)


def wide_json(attacker):
    """Millions of numbers, of members, of escapes; numbers of a hundred thousand digits."""
    def value(chance):
        return chance.choice([
            lambda: "[" + ",".join(["1"] * 4_000_000) + "]",
            lambda: "[" + ",".join(["[]"] * 2_000_000) + "]",
            lambda: "{" + ",".join('"k%d":1' % number for number in range(400_000)) + "}",
            lambda: '"' + "\\u00e9" * 1_500_000 + '"',
            lambda: '"' + "\\" * 7_000_000 + '"',
            lambda: "1" * chance.choice([1000, 100_000, 8_000_000]),
            lambda: "1e" + "9" * chance.choice([3, 100_000]),
            lambda: "[" + '{"role":"user","content":"x"},' * 250_000 + '{"role":"user","content":"x"}]',
            lambda: " " * 10_000_000 + "1",
        ])()

    bodies = [('{"%s":%s}' % (attacker.random.choice(FIELDS), value(attacker.random))).encode() for _ in range(8)]
    attacker.crowd(2, lambda client, chance: refused(attacker, client, chance.choice(POSTS), chance.choice(bodies)))


def gzip_bombs(attacker):
    """Six clients send bodies of some 64 KB that unpack to as much as is allowed, and more."""
    def bomb(chance):
        size = chance.choice([30, 60, 63, 64, 80]) << 20
        seed = chance.choice([b" ", b"[", b"0", b'"' + b"a" * 1023, b'{"a":1},'])
        head, tail = chance.choice([(b"", b""), (b'{"prompt":"', b'"}'), (b'{"tokens":[', b"1]}")])
        text = head + (seed * (size // len(seed) + 1))[:size] + tail
        return ("gzip", gzip.compress(text, 9)) if chance.random() < 0.5 else ("deflate", zlib.compress(text, 9))

    bombs = [bomb(attacker.random) for _ in range(6)]

    def act(client, chance):
        coding, body = chance.choice(bombs)
        refused(attacker, client, chance.choice(POSTS), body, {"Content-Encoding": coding})

    attacker.crowd(6, act)


def odd_ids(attacker):
    """Names that leave their folder, hold control characters, are endless or empty, wherever a name is taken."""
    def name(chance):
        return chance.choice([
            "../../x", "..", ".", "/etc/passwd", "a\nb", "a\0b", "x" * 100_000, "\u202e\u0000", "%2e%2e", "a\rSet-Cookie: b", "",
            " ", "\U0001f600" * 5000, "con/../../" * 200, "\x1b[2J", "a" * 7000, "'; drop", "<script>", "\ud800", "-", "rec_\n",
        ])

    def act(client, chance):
        odd = name(chance)
        way = chance.randrange(5)
        if way == 0:
            body = {"model_path": BUNDLED, "model_id": odd}
            status, answer = client.ask("POST", "/v1/models/load", body)
            if status == 200 and (len(odd) > 256 or set(odd) & set("\n\r\0\x1b") or ".." in odd.split("/")):
                attacker.fault("a model is called %r" % odd[:40])
            if status == 200:
                attacker.models.append(json.loads(answer)["model_id"])
        elif way == 1:
            part = chance.choice(["runs", "recordings", "models"])
            path = "/v1/%s/%s" % (part, urllib.parse.quote(odd[:2000], safe="", errors="replace"))
            status, answer = client.ask(chance.choice(["GET", "DELETE"]), path)
        elif way == 2:
            status, answer = client.ask("POST", "/v1/runs", {"model": odd, "prompt": "x"})
        elif way == 3:
            hook = {"layer_name": odd, "component": chance.choice([odd, "mlp"]), "hook_id": odd}
            status, answer = client.ask("POST", "/v1/runs", {"model": attacker.target.model, "prompt": "x", "activation_hooks": [hook]})
        else:
            status, answer = client.ask("POST", "/v1/models/load", {"model_path": odd})
        if status == 500:
            attacker.fault("%r: 500 %r" % (odd[:40], answer[:120]))
        if status >= 400 and len(answer) > ECHO:
            attacker.fault("%r: a refusal of %d bytes" % (odd[:40], len(answer)))

    attacker.crowd(4, act)
