"""Text that is long, and clients who do not wait for what becomes of it."""

import json
import time

from ..wire import request, reset

PIECES = ["a", " ", "the quick brown fox ", "0", "\u00e9", "\U0001f600", "\n", "ab", "<|im_start|>", "'s ", "\u4e2d\u6587", "\u0301"]


def long_text(chance, size):
    """About `size` bytes: one piece again and again, or many at random."""
    if chance.random() < 0.6:
        piece = chance.choice(PIECES)
        return piece * (size // len(piece.encode()))
    words = ["".join(chance.choice("abcdefghij klmnop,.") for _ in range(chance.randrange(1, 12))) for _ in range(500)]
    return " ".join(chance.choice(words) for _ in range(size // 7))


def door(chance, model, text):
    """One of the doors that tokenise, and a body with that text."""
    message = [{"role": chance.choice(["system", "user"]), "content": text}]
    return chance.choice([
        ("/v1/runs", {"prompt": text, "detach": True}),
        ("/v1/runs", {"messages": message}),
        ("/v1/completions", {"prompt": text}),
        ("/v1/chat/completions", {"messages": message, "stream": chance.random() < 0.5}),
        ("/v1/tokenize", {"text": text}),
        ("/v1/apply_template", {"messages": message}),
        ("/v1/analyses", {"analysis": "ablation", "component": "z", "clean": text, "answer": 5, "wrong": 6}),
        ("/v1/completions", {"prompt": "x", "stop": [text[: len(text) // 8], "b"]}),
    ]) + (model,)


def left_prompts(attacker):
    """Four clients send megabytes of text and leave: in the middle of it, at once behind it, or a moment later."""
    bodies = []
    for _ in range(12):
        text = long_text(attacker.random, attacker.random.choice([200_000, 1_000_000, 4_000_000]))
        path, body, model = door(attacker.random, attacker.target.model, text)
        bodies.append((path, json.dumps({**body, "model": model}).encode()))

    def act(client, chance):
        path, body = chance.choice(bodies)
        cut = len(body) if chance.random() < 0.7 else chance.randrange(len(body))
        peer = client.connect()
        peer.sendall(request("POST", path, body[:cut], length=len(body)))
        time.sleep(chance.choice([0, 0, 0.05, 0.5]))
        reset(peer) if chance.random() < 0.5 else peer.close()

    attacker.crowd(4, act)


def long_texts(attacker):
    """Up to 14 MB of text by clients who wait for the answer, which must be a refusal or an answer, never a 500."""
    def act(client, chance):
        text = long_text(chance, chance.choice([500_000, 4_000_000, 14_000_000]))
        path, body, model = door(chance, attacker.target.model, text)
        status, answer = client.ask("POST", path, {**body, "model": model}, timeout=30)
        if status == 500:
            attacker.fault("%s: 500 %r" % (path, answer[:120]))
        if len(answer) > 100_000 and status >= 400:
            attacker.fault("%s: a refusal of %d bytes" % (path, len(answer)))

    attacker.crowd(3, act)
