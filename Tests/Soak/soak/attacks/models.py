"""Checkpoints made to hurt: by their templates, their patterns, their numbers, and by what becomes of their files."""

import json
import os
import shutil

from ..server import BUNDLED, copied_model, wait_until

DEEP = ["[x]", "{'a': x}", "(x,)", "[x] + [1]", "dict(a=x)", "[[x]][0]", "[x] | list"]
USES = ["", "{{ x }}", "{{ x == x }}", "{{ x | tojson }}", "{{ x in [x] }}", "{{ [x] | sort }}", "{{ [x] | join }}"]
HEAVY = ["t | length", "'b' in t", "t == t ~ ''", "[t, t] | sort", "t[-1]", "t | upper", "t.replace('a', 'bb')", "t.split('b')",
         "t | tojson", "t.count('ab')", "t * 2", "t[::2]", "l | sort", "-1 in l", "l | join", "t | indent"]


def hostile_template(chance):
    """A template that nests, doubles, searches or loops as far as it is let."""
    kind = chance.randrange(4)
    if kind == 0:
        return ("{%% set ns = namespace(x=1) %%}{%% for a in range(%d) %%}{%% set x = ns.x %%}{%% set ns.x = %s %%}{%% endfor %%}"
                "{%% set x = ns.x %%}%s" % (chance.choice([300, 5000, 100_000]), chance.choice(DEEP), chance.choice(USES)))
    if kind == 1:
        return ("{%% set ns = namespace(x=['a']) %%}{%% for a in range(%d) %%}{%% set ns.x = [ns.x, ns.x] %%}{%% endfor %%}"
                "{%% set x = ns.x %%}%s" % (chance.choice([20, 60]), chance.choice(USES)))
    if kind == 2:
        return ("{%% set t = 'a' * %d %%}{%% set l = range(%d) | list %%}{%% for a in range(100000) %%}{%% set y = %s %%}{%% endfor %%}"
                % (chance.choice([20_000, 10_000_000]), chance.choice([1000, 100_000]), chance.choice(HEAVY)))
    loops = chance.randrange(2, 6)
    return "{% for a in range(100000) %}" * loops + chance.choice(["x", "{{ messages }}", ""]) + "{% endfor %}" * loops


def hostile_templates(attacker):
    """Chat templates of checkpoints that are endless in depth, size or time; then somebody chats."""
    def act(client, chance):
        name = "template-%08x" % chance.getrandbits(32)
        template = hostile_template(chance)
        place = copied_model(attacker.folder, name, {
            "tokenizer_config.json": lambda text: json.dumps({**json.loads(text), "chat_template": template})})
        if attacker.load(client, place, name)[0] == 200:
            for _ in range(3):
                body = {"model": name, "messages": [{"role": "user", "content": "x" * chance.choice([1, 100_000])}], "max_tokens": 2}
                status, answer = client.ask("POST", chance.choice(["/v1/apply_template", "/v1/chat/completions"]), body, timeout=60)
                if status == 500:
                    attacker.fault("%s: 500 %r" % (template[:200], answer[:120]))
            client.ask("POST", "/v1/models/unload", {"model_id": name})
        shutil.rmtree(place, ignore_errors=True)

    attacker.crowd(3, act)


def hostile_patterns(attacker):
    """Tokenizer files whose patterns backtrack and whose normalisers double; then somebody tokenises."""
    patterns = ["(a+)+b", "(a|a)*c", "(?:(?=a*c)a|a)+c", "(?:(?!(?!a*c)a*c)a)+c", "(a*)*(a*)*(a*)*b", "(.*)(.*)(.*)(.*)x",
                "((a{0,50}){0,50}){0,50}b", "(" * 400 + "a" + ")" * 400, "a{1000000}", "[" + "a-z" * 5000 + "]+"]
    double = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}

    def damage(chance):
        def change(text):
            file = json.loads(text)
            pattern = chance.choice(patterns)
            split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
            way = chance.randrange(4)
            if way == 0:
                file["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, file["pre_tokenizer"]]}
            elif way == 1:
                file["normalizer"] = {"type": "Replace", "pattern": {"Regex": pattern}, "content": "b"}
            elif way == 2:
                file["normalizer"] = {"type": "Sequence", "normalizers": [double] * chance.choice([5, 40, 1000])}
            else:
                file["decoder"] = {"type": "Sequence", "decoders": [double] * chance.choice([5, 40]) + [file["decoder"]]}
            return json.dumps(file)
        return change

    def act(client, chance):
        name = "pattern-%08x" % chance.getrandbits(32)
        place = copied_model(attacker.folder, name, {"tokenizer.json": damage(chance)})
        if attacker.load(client, place, name)[0] == 200:
            text = chance.choice(["a", "aab", "a b"]) * chance.choice([30, 5000, 300_000])
            for path, body in (("/v1/tokenize", {"text": text}), ("/v1/completions", {"prompt": text, "max_tokens": 2})):
                status, answer = client.ask("POST", path, {"model": name, **body}, timeout=60)
                if status == 500:
                    attacker.fault("%s: 500 %r" % (path, answer[:120]))
            client.ask("POST", "/v1/models/unload", {"model_id": name})
        shutil.rmtree(place, ignore_errors=True)

    attacker.crowd(3, act)


def cut_models(attacker):
    """Files of loaded models are cut or written over while they run: that model fails by its file's name, alone."""
    def act(client, chance):
        name = "victim-%08x" % chance.getrandbits(32)
        place = copied_model(attacker.folder, name)
        weights = os.path.join(place, "model.safetensors")
        os.remove(weights)
        shutil.copy(os.path.join(BUNDLED, "model.safetensors"), weights)
        if attacker.load(client, place, name)[0] != 200:
            attacker.fault("a good copy is not loaded")
            return
        order = {"model": name, "prompt": "Once", "max_tokens": 400, "ignore_eos": True, "detach": True, "start": "paused"}
        runs = [run for run in (attacker.start(client, order) for _ in range(chance.randrange(1, 4))) if run]
        with open(weights, "r+b") as file:
            if chance.random() < 0.7:
                file.truncate(chance.choice([0, 4096, chance.randrange(9_000_000)]))
            else:
                file.seek(chance.randrange(9_000_000))
                file.write(bytes(4096))
        for run in runs:
            path = "/v1/runs/" + run["run_id"]
            client.ask("POST", path + "/resume", {})
            state = {}

            def over():
                nonlocal state
                state = client.json("GET", path)[1]
                return state.get("status") in ("failed", "finished", "cancelled")

            if not wait_until(over, 30):
                attacker.fault("a run of a cut model neither fails nor ends")
            elif state["status"] != "failed" or weights not in json.dumps(state):
                attacker.fault("a run of a cut model: %r" % str(state)[:200])
        client.ask("POST", "/v1/models/unload", {"model_id": name})
        shutil.rmtree(place, ignore_errors=True)

    attacker.crowd(2, act)


def damaged_models(attacker):
    """Checkpoints with changed bytes, changed numbers and missing files are refused, or run."""
    def scratched(chance):
        def change(text):
            data = bytearray(text.encode())
            for _ in range(chance.randrange(1, 5)):
                place = chance.randrange(len(data))
                data[place : place + chance.randrange(3)] = chance.choice(["0", "-", "9" * 30, "null", '"', "[", "1e308"]).encode()
            return data.decode(errors="replace")
        return change

    def act(client, chance):
        name = "damaged-%08x" % chance.getrandbits(32)
        file = chance.choice(["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"])
        place = copied_model(attacker.folder, name, {file: scratched(chance)})
        weights = os.path.join(place, "model.safetensors")
        if chance.random() < 0.4:
            with open(weights, "rb") as whole:
                data = bytearray(whole.read(200_000))
            os.remove(weights)
            data[chance.randrange(8000)] ^= chance.randrange(1, 256)
            with open(weights, "wb") as broken:
                broken.write(data)
        if chance.random() < 0.2:
            os.remove(os.path.join(place, chance.choice(os.listdir(place))))
        status, answer = attacker.load(client, place, name)
        if status == 200:
            client.ask("POST", "/v1/completions", {"model": name, "prompt": "x", "max_tokens": 3}, timeout=30)
            client.ask("POST", "/v1/models/unload", {"model_id": name})
        elif status == 500:
            attacker.fault("%s: 500 %r" % (file, str(answer)[:200]))
        shutil.rmtree(place, ignore_errors=True)

    attacker.crowd(2, act)


def replaced_models(attacker):
    """One name is loaded again and again while runs of it go on."""
    places = [copied_model(attacker.folder, "copy-%d" % number) for number in range(2)]

    def act(client, chance):
        name = "replaced-%d" % chance.randrange(2)
        if chance.random() < 0.4:
            attacker.load(client, chance.choice(places), name)
        elif chance.random() < 0.1:
            client.ask("POST", "/v1/models/unload", {"model_id": name})
        else:
            status, answer = client.ask("POST", "/v1/completions", {"model": name, "prompt": "Once", "max_tokens": 12})
            if status == 500:
                attacker.fault("500 %r" % answer[:120])

    attacker.crowd(4, act)
