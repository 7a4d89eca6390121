"""Work of one client that others wait behind, unless turns are fair."""

import time

from ..wire import reset


def paused_runs(attacker):
    """One client fills all places with paused runs, and holds them."""
    client = attacker.client()
    held = []
    while attacker.goes_on:
        order = {"prompt": "Once", "max_tokens": 4, "start": "paused", "detach": attacker.random.random() < 0.7}
        run = attacker.start(client, order)
        attacker.acts += 1
        if run is None:
            time.sleep(0.05)
        elif len(held) < 400:
            held.append(run["run_id"])


def long_prompts(attacker):
    """One client asks for prompts as long as the model takes, sixty at a time, for one token each."""
    def act(client, chance):
        size = chance.randrange(attacker.target.context // 2, attacker.target.context - 4)
        tokens = [chance.randrange(3, attacker.target.vocabulary) for _ in range(size)]
        run = attacker.start(attacker.client(), {"tokens": tokens, "max_tokens": 1, "detach": True}, keep=False)
        if run is None:
            raise ConnectionError
        peer = client.begin("GET", "/v1/runs/%s/events?tensors=none" % run["run_id"])
        while peer.recv(65536):
            pass
        peer.close()

    attacker.crowd(60, act)


def crowded_decoding(attacker):
    """One client decodes sixty long answers at a time, some of them over sockets it does not read."""
    def act(client, chance):
        body = {"model": attacker.target.model, "messages": [{"role": "user", "content": "Tell me."}], "max_tokens": 400,
                "stream": True, "ignore_eos": True}
        peer = attacker.client().begin("POST", "/v1/chat/completions", body)
        if chance.random() < 0.3:
            time.sleep(chance.uniform(0, 1))
        else:
            while peer.recv(65536) and attacker.goes_on:
                pass
        reset(peer)

    attacker.crowd(60, act)


def sweeps(attacker):
    """Analyses of a pass for every place of the model, asked for and left."""
    def act(client, chance):
        words = "When Mary and John went to the store, %s gave a drink to"
        body = {"model": attacker.target.model, "analysis": chance.choice(["activation_patching", "ablation"]),
                "clean": words % "John", "answer": 5, "wrong": 6, "component": chance.choice(["resid_post", "z", "attn_out"]),
                "by": chance.choice(["layer", "position", "head"]), "stream": chance.random() < 0.5}
        if body["analysis"] == "activation_patching":
            body["corrupted"] = words % "Mary"
        if body["component"] == "z":
            body["by"] = "head"
        elif body["by"] == "head":
            body["by"] = "layer"
        peer = client.begin("POST", "/v1/analyses", body)
        peer.settimeout(chance.choice([0.05, 1, 5]))
        peer.recv(65536)
        reset(peer)

    attacker.crowd(4, act)
