"""One run and many hands on it, or many hooks in it."""

import json
import threading

# Bytes in which three hooks, and a run that has them, are told.
MOST_TOLD = 16_000
COMPONENTS = ["residual", "attention", "mlp", "layernorm", "query", "key", "value", "attention_pattern"]


def hook(chance, layers, **more):
    return {"layer_name": "transformer.h.%d" % chance.randrange(layers), "component": chance.choice(COMPONENTS[:3]),
            "hook_id": "hook_%06x" % chance.getrandbits(24), **more}


def change(attacker, client, chance, run):
    """Changes a run in one of the ways there are."""
    path = "/v1/runs/" + run
    way = chance.randrange(6)
    point = {"layer_name": "transformer.h.%d" % chance.randrange(attacker.target.layers), "component": "residual"}
    if way < 2:
        client.json("POST", path + "/hooks", {"add": [hook(chance, attacker.target.layers, reduce="norm")]})
    elif way == 2:
        client.json("POST", path + "/hooks", {"activation_hooks": [hook(chance, attacker.target.layers)]})
    elif way == 3:
        client.json("POST", path + "/interventions", {**point, "kind": "scale", "strength": chance.uniform(0.5, 1.5)})
    elif way == 4:
        client.json("DELETE", path + "/interventions")
    else:
        client.json("POST", path + "/step", {"count": chance.randrange(1, 3)})


def concurrent_changes(attacker):
    """Eight clients change hooks and interventions of one paused recorded run, and step it: its recording verifies."""
    chance = attacker.random
    while attacker.goes_on:
        owner = attacker.client()
        order = {"prompt": "Once upon a time", "max_tokens": 24, "ignore_eos": True, "seed": chance.getrandbits(31), "record": True,
                 "detach": True, "start": "paused", "activation_hooks": [hook(chance, attacker.target.layers)]}
        run = attacker.start(owner, order)
        if run is None:
            continue
        seeds = [chance.getrandbits(32) for _ in range(8)]

        def live(number):
            hand = type(chance)(seeds[number])
            for _ in range(4):
                attacker.attempt(lambda: change(attacker, attacker.client(number), hand, run["run_id"]))

        threads = [threading.Thread(target=live, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        owner.json("POST", "/v1/runs/%s/step" % run["run_id"], {"count": 3})
        owner.ask("DELETE", "/v1/runs/" + run["run_id"])
        recording = "/v1/recordings/" + run["recording_id"]
        status, found = owner.json("POST", recording + "/verify")
        if status != 200 or not found["ok"]:
            attacker.fault("a run that many changed does not verify: %r" % found)
        owner.ask("DELETE", recording)


def many_hooks(attacker):
    """Hundreds of hooks on a prompt as long as the model takes, some as histograms, by four clients."""
    layers, context = attacker.target.layers, attacker.target.context

    def act(client, chance):
        hooks = [{"layer_name": "transformer.h.%d" % layer, "component": component, "hook_id": "%s_%d_%d" % (component, layer, copy)}
                 for copy in range(3) for layer in range(layers) for component in COMPONENTS[:7]]
        hooks = hooks[: chance.choice([100, 576])]
        reduce = chance.choice([None, "histogram", "stats", "topk:8"])
        tokens = [chance.randrange(3, attacker.target.vocabulary) for _ in range(min(480, context - 8))]
        order = {"tokens": tokens, "max_tokens": 2, "ignore_eos": True, "detach": True,
                 "activation_hooks": [{**hook, "reduce": reduce} for hook in hooks], "frames": {"codec": chance.choice(["planes", "raw"])}}
        run = attacker.start(client, order)
        if run is None:
            raise ConnectionError
        line = client.line(60)
        try:
            line.request("GET", "/v1/runs/%s/events" % run["run_id"])
            answer = line.getresponse()
            while answer.read(1 << 16):
                if not attacker.goes_on:
                    break
        finally:
            line.close()
            client.ask("DELETE", "/v1/runs/" + run["run_id"])

    attacker.crowd(4, act)


def hook_changes(attacker):
    """Eight hundred changes of one run's hooks: what is told of it must not grow with what was."""
    chance, client = attacker.random, attacker.client()
    while attacker.goes_on:
        run = attacker.start(client, {"prompt": "Once", "max_tokens": 8, "detach": True, "start": "paused"})
        if run is None:
            continue
        path, line = "/v1/runs/" + run["run_id"], client.line()
        try:
            for _ in range(chance.choice([100, 800])):
                hooks = [hook(chance, attacker.target.layers) for _ in range(chance.randrange(1, 4))]
                line.request("POST", path + "/hooks", json.dumps({"activation_hooks": hooks}))
                size = len(line.getresponse().read())
                attacker.acts += 1
                if not attacker.goes_on:
                    break
        finally:
            line.close()
        size = max(size, len(client.ask("GET", path)[1]))
        if size > MOST_TOLD:
            attacker.fault("three hooks are told in %d bytes" % size)
        client.ask("DELETE", path)
